//! What is shown of a photo: a copy drawn anew from its pixels, in which nothing is left that the camera wrote, the place above all.

use std::io::Cursor;

use floorline_mobile_sync::decode::{ImageRefused, damaged};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GenericImageView as _, ImageFormat, Rgb, RgbImage};
use serde::Deserialize;
use utoipa::ToSchema;

use super::inspect::upright;

/// How large a copy is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Size {
    /// At most 320 pixels a side, for lists.
    Thumb,
    /// At most 1,280 pixels a side, for a screen.
    #[default]
    Screen,
    /// Every pixel of the photo.
    Full,
}

impl Size {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Thumb => "thumb",
            Self::Screen => "screen",
            Self::Full => "full",
        }
    }

    const fn longest_side(self) -> u32 {
        match self {
            Self::Thumb => 320,
            Self::Screen => 1280,
            Self::Full => u32::MAX,
        }
    }

    const fn quality(self) -> u8 {
        match self {
            Self::Thumb => 80,
            Self::Screen => 85,
            Self::Full => 92,
        }
    }
}

/// Draws the copy. It is a JPEG, but for the full size of what was not lossy or can be seen through, which is a PNG.
pub(super) fn draw(bytes: &[u8], size: Size) -> Result<Vec<u8>, ImageRefused> {
    let (format, image) = upright(bytes)?;
    let lossless = matches!(format, ImageFormat::Png | ImageFormat::Tiff) || image.color().has_alpha();
    if size == Size::Full && lossless {
        let mut copy = Cursor::new(Vec::new());
        // Sixteen bits a channel are a measuring camera's; no screen shows them.
        let image = DynamicImage::ImageRgba8(image.into_rgba8());
        image.write_to(&mut copy, ImageFormat::Png).map_err(damaged)?;
        return Ok(copy.into_inner());
    }
    let opaque = on_white(scaled(image, size.longest_side()));
    let mut copy = Vec::new();
    JpegEncoder::new_with_quality(&mut copy, size.quality()).encode_image(&opaque).map_err(damaged)?;
    Ok(copy)
}

/// The media type of a copy, by its first bytes.
pub(super) fn mime(copy: &[u8]) -> &'static str {
    if copy.starts_with(b"\x89PNG") { "image/png" } else { "image/jpeg" }
}

/// Made smaller if it is larger, never the other way round.
fn scaled(image: DynamicImage, longest: u32) -> DynamicImage {
    let (width, height) = image.dimensions();
    if width.max(height) <= longest { image } else { image.thumbnail(longest, longest) }
}

/// As it looks on white paper.
fn on_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let seen = image.into_rgba8();
    RgbImage::from_fn(seen.width(), seen.height(), |x, y| {
        let [red, green, blue, alpha] = seen.get_pixel(x, y).0;
        Rgb([red, green, blue].map(|level| over_white(level, alpha)))
    })
}

fn over_white(level: u8, alpha: u8) -> u8 {
    let (level, alpha) = (u32::from(level), u32::from(alpha));
    u8::try_from((level * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use image::{Rgba, RgbaImage};

    use super::*;

    fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn dimensions(copy: &[u8]) -> (u32, u32) {
        image::load_from_memory(copy).unwrap().dimensions()
    }

    #[test]
    fn copies_have_their_size_and_are_never_larger_than_the_photo() {
        let large = encoded(&DynamicImage::new_rgb8(1600, 800), ImageFormat::Jpeg);
        let sizes = [Size::Thumb, Size::Screen, Size::Full].map(|size| dimensions(&draw(&large, size).unwrap()));
        assert_eq!(sizes, [(320, 160), (1280, 640), (1600, 800)]);
        let small = encoded(&DynamicImage::new_rgb8(10, 20), ImageFormat::Jpeg);
        assert_eq!(dimensions(&draw(&small, Size::Thumb).unwrap()), (10, 20));
    }

    #[test]
    fn what_can_be_seen_through_is_shown_on_white() {
        let glass = DynamicImage::ImageRgba8(RgbaImage::from_pixel(4, 4, Rgba([0, 0, 0, 0])));
        let bytes = encoded(&glass, ImageFormat::Png);
        let thumb = draw(&bytes, Size::Thumb).unwrap();
        assert_eq!(mime(&thumb), "image/jpeg");
        assert!(image::load_from_memory(&thumb).unwrap().into_luma8().pixels().all(|pixel| pixel.0 == [255]));
        assert_eq!(mime(&draw(&bytes, Size::Full).unwrap()), "image/png");
    }
}

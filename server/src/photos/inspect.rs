//! What a photo is, by its bytes: the name and the type it was announced with are hearsay.

use chrono::{DateTime, Utc};
use floorline_mobile_sync::decode::{ImageLimits, ImageRefused, damaged, open_image};
use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView as _, ImageDecoder as _, ImageFormat};
use serde_json::{Map, Value};

use super::metadata;

/// A photo that was read from its first byte to its last.
#[derive(Debug)]
pub(super) struct Inspected {
    pub(super) mime: &'static str,
    /// As it is looked at, turned upright.
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) metadata: Map<String, Value>,
    pub(super) taken_at: Option<DateTime<Utc>>,
}

/// The limits of a photo: bytes were counted while they came.
pub(super) const LIMITS: ImageLimits =
    ImageLimits { max_bytes: usize::MAX, max_pixels: 50_000_000, max_side: u32::MAX };

/// Decodes the whole photo, so that what is kept as evidence can be looked at later.
pub(super) fn inspect(bytes: &[u8]) -> Result<Inspected, ImageRefused> {
    let (format, image) = upright(bytes)?;
    let (width, height) = image.dimensions();
    let read = metadata::read(bytes);
    Ok(Inspected { mime: mime(format), width, height, metadata: read.fields, taken_at: read.taken_at })
}

/// The pixels, turned as the camera was held.
pub(super) fn upright(bytes: &[u8]) -> Result<(ImageFormat, DynamicImage), ImageRefused> {
    let (format, mut decoder) = open_image(bytes, LIMITS)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    image.apply_orientation(orientation);
    Ok((format, image))
}

fn mime(format: ImageFormat) -> &'static str {
    format.to_mime_type()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{ImageFormat, RgbImage};

    use super::*;

    fn picture(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::new(8, 6).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn bytes_decide_the_type() {
        for (format, mime) in [
            (ImageFormat::Jpeg, "image/jpeg"),
            (ImageFormat::Png, "image/png"),
            (ImageFormat::WebP, "image/webp"),
            (ImageFormat::Tiff, "image/tiff"),
        ] {
            let found = inspect(&picture(format)).unwrap();
            assert_eq!((found.mime, found.width, found.height), (mime, 8, 6));
            assert!(found.taken_at.is_none());
        }
    }

    #[test]
    fn a_photo_that_was_cut_short_is_damaged() {
        let whole = picture(ImageFormat::Png);
        let cut = whole.get(..whole.len() / 2).unwrap();
        assert!(matches!(inspect(cut), Err(ImageRefused::Damaged { .. })));
    }
}

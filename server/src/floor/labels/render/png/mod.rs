//! A label as PNG: the code in whole pixels, its letters beneath.

mod letters;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, GrayImage, ImageEncoder, Luma};

use super::{Label, LabelRefused, QUIET_ZONE};

/// Pixels to a module when nothing is asked for.
pub const DEFAULT_MODULE: u8 = 8;

/// Most pixels to a module: a label of about 1,200 pixels.
pub const MAX_MODULE: u8 = 32;

const INK: Luma<u8> = Luma([0]);
const PAPER: Luma<u8> = Luma([255]);

/// The label as a grey PNG with `module` pixels to a module, brought within 1 to [`MAX_MODULE`].
///
/// # Errors
/// [`LabelRefused::Failed`] when encoding fails, which is a fault of this program.
pub fn render(label: &Label, module: u8) -> Result<Vec<u8>, LabelRefused> {
    let picture = drawn(label, module.clamp(1, MAX_MODULE));
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(picture.as_raw(), picture.width(), picture.height(), ExtendedColorType::L8)
        .map_err(|error| LabelRefused::Failed(error.to_string()))?;
    Ok(bytes)
}

fn drawn(label: &Label, module: u8) -> GrayImage {
    let code = label.text.code.as_str();
    let px = u32::from(module);
    let side = u32::from(label.symbol.side_with_quiet_zone()) * px;
    // As large as the code is wide, so that it can be typed from where it can be scanned.
    let dot = (u32::from(label.symbol.side()) * px / letters::width(code)).max(1);
    let height = side + (letters::HEIGHT + 2) * dot;
    let mut picture = GrayImage::from_pixel(side.max(letters::width(code) * dot), height, PAPER);

    for run in label.symbol.runs() {
        let left = u32::from(run.x + QUIET_ZONE) * px;
        let top = u32::from(run.y + QUIET_ZONE) * px;
        fill(&mut picture, left, top, u32::from(run.width) * px, px);
    }
    let indent = (picture.width() - letters::width(code) * dot) / 2;
    for (x, y) in letters::dots(code) {
        fill(&mut picture, indent + x * dot, side + y * dot, dot, dot);
    }
    picture
}

fn fill(picture: &mut GrayImage, left: u32, top: u32, width: u32, height: u32) {
    for y in top..top + height {
        for x in left..left + width {
            if let Some(pixel) = picture.get_pixel_mut_checked(x, y) {
                *pixel = INK;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use floorline_mobile_sync::decode::{ImageLimits, read_image};

    use super::super::sample::{label, read};
    use super::*;

    #[test]
    fn decodes_to_its_payload_at_every_size() {
        for module in [1, 2, 3, DEFAULT_MODULE, MAX_MODULE] {
            let label = label(u64::from(module));
            let picture = read_image(&render(&label, module).unwrap(), ImageLimits::default()).unwrap();
            assert_eq!(read(&picture).as_deref(), Some(label.payload.as_str()), "{module}");
        }
    }

    #[test]
    fn keeps_the_quiet_zone_white_and_the_size_bounded() {
        let picture = drawn(&label(1), 4);
        let frame = u32::from(QUIET_ZONE) * 4;
        assert!((0..picture.width()).all(|x| (0..frame).all(|y| *picture.get_pixel(x, y) == PAPER)));
        assert!((0..picture.height()).all(|y| (0..frame).all(|x| *picture.get_pixel(x, y) == PAPER)));
        assert_eq!(render(&label(1), 255).unwrap(), render(&label(1), MAX_MODULE).unwrap());
        assert_eq!(render(&label(1), 0).unwrap(), render(&label(1), 1).unwrap());
    }

    #[test]
    fn has_ink_where_the_letters_are() {
        let label = label(2);
        let picture = drawn(&label, 8);
        let below = u32::from(label.symbol.side_with_quiet_zone()) * 8;
        let dark = (below..picture.height())
            .flat_map(|y| (0..picture.width()).map(move |x| (x, y)))
            .filter(|&(x, y)| *picture.get_pixel(x, y) == INK)
            .count();
        let dot = 29 * 8 / letters::width(label.text.code.as_str());
        let expected = letters::dots(label.text.code.as_str()).count() * usize::try_from(dot * dot).unwrap();
        assert!(dark == expected || label.symbol.side() != 29, "{dark} {expected}");
        assert!(dark > 0);
    }
}

//! Labels as a floor shows them to a camera: made, then damaged, always in the same way for the same seed.

#![allow(clippy::unwrap_used, clippy::as_conversions, reason = "tests: these are pictures of known size made here")]

use image::imageops::{self, FilterType};
use image::{GrayImage, Luma};
use qrcode::{Color, EcLevel, QrCode, Version};

/// The text on the label with this number.
pub(super) fn text(n: u32) -> String {
    format!("HTTPS://FLOOR.EXAMPLE.COM/Q/M0123456789{:04}", 1000 + n)
}

/// A label with its quiet zone, `module` pixels to a module, in the middle of a grey table of the given size.
pub(super) fn frame(text: &str, module: u32, width: u32, height: u32) -> GrayImage {
    let code = QrCode::with_version(text, Version::Normal(3), EcLevel::M).unwrap();
    let modules = u32::try_from(code.width()).unwrap();
    let side = (modules + 8) * module;
    let mut label = GrayImage::from_pixel(side, side, Luma([245]));
    for (n, color) in (0u32..).zip(code.to_colors()) {
        if color == Color::Dark {
            let (left, top) = ((n % modules + 4) * module, (n / modules + 4) * module);
            for (x, y) in (0..module).flat_map(|x| (0..module).map(move |y| (x, y))) {
                label.put_pixel(left + x, top + y, Luma([15]));
            }
        }
    }
    let mut table = GrayImage::from_pixel(width, height, Luma([150]));
    imageops::overlay(&mut table, &label, i64::from((width - side) / 2), i64::from((height - side) / 2));
    table
}

/// Turned about its middle, corners filled with the table's grey.
pub(super) fn rotated(image: &GrayImage, degrees: f32) -> GrayImage {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (middle_x, middle_y) = (image.width() as f32 / 2.0, image.height() as f32 / 2.0);
    GrayImage::from_fn(image.width(), image.height(), |x, y| {
        let (dx, dy) = (x as f32 - middle_x, y as f32 - middle_y);
        let (from_x, from_y) = (dx * cos + dy * sin + middle_x, dy * cos - dx * sin + middle_y);
        imageops::interpolate_bilinear(image, from_x, from_y).unwrap_or(Luma([150]))
    })
}

/// Each pixel moved by up to `amount` grey levels.
pub(super) fn noisy(image: &GrayImage, amount: i32, seed: u32) -> GrayImage {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    each(image, |level| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        level + (state >> 8) as i32 % (2 * amount + 1) - amount
    })
}

pub(super) fn blurred(image: &GrayImage, sigma: f32) -> GrayImage {
    imageops::blur(image, sigma)
}

/// White modules on black, as engraved into metal.
pub(super) fn inverted(image: &GrayImage) -> GrayImage {
    each(image, |level| 255 - level)
}

/// A dark hall: little light, and the sensor's own grain.
pub(super) fn in_low_light(image: &GrayImage, seed: u32) -> GrayImage {
    noisy(&each(image, |level| level / 8 + 4), 4, seed)
}

/// Seen from `1 / factor` of the distance.
pub(super) fn resized(image: &GrayImage, factor: f32) -> GrayImage {
    let side = |side: u32| (side as f32 * factor) as u32;
    imageops::resize(image, side(image.width()), side(image.height()), FilterType::Triangle)
}

fn each(image: &GrayImage, mut change: impl FnMut(i32) -> i32) -> GrayImage {
    let mut changed = image.clone();
    for pixel in changed.pixels_mut() {
        pixel.0 = pixel.0.map(|level| change(i32::from(level)).clamp(0, 255) as u8);
    }
    changed
}

/// Nothing but the corner squares of QR codes, which makes decoders try every three of them.
pub(super) fn corner_wallpaper(module: u32, side: u32) -> GrayImage {
    GrayImage::from_fn(side, side, |x, y| {
        let (column, row) = (x / module % 9, y / module % 9);
        let ring = column.abs_diff(3).max(row.abs_diff(3));
        Luma([if ring == 3 || ring <= 1 { 10 } else { 240 }])
    })
}

//! A phone's camera, made up: the printed label in a frame that is turned, dim and grainy, and the real decoder behind it.

use std::time::Duration;

use floorline_mobile_sync::decode::{Budget, decode};
use image::imageops::FilterType;
use image::{GrayImage, Luma};
use rand::RngExt as _;

/// The frame of a cheap phone's preview.
const FRAME: (u32, u32) = (960, 720);

/// Photographs a printed label until its code can be read; `None` when a few tries were not enough.
pub(super) fn photograph(label: &[u8]) -> Option<String> {
    let printed = image::load_from_memory(label).ok()?.into_luma8();
    (0..4).find_map(|shake| {
        let frame = frame(&printed, shake);
        decode(&frame, Budget::lasting(Duration::from_millis(400))).map(|decoded| decoded.text)
    })
}

/// One frame; the more often it was tried, the steadier the hand.
fn frame(printed: &GrayImage, shake: u32) -> GrayImage {
    let mut rng = rand::rng();
    let steadiness = 1.0 / f64::from(shake + 1);
    let angle = rng.random_range(-0.5..0.5) * steadiness;
    let (dim, grain) = (rng.random_range(0.55..1.0), rng.random_range(0.0..30.0) * steadiness);
    let size = rng.random_range(260..420);
    let small =
        image::imageops::resize(printed, size, size * printed.height() / printed.width().max(1), FilterType::Triangle);
    let (sin, cos) = angle.sin_cos();
    let middle = (f64::from(FRAME.0) / 2.0, f64::from(FRAME.1) / 2.0);
    let own_middle = (f64::from(small.width()) / 2.0, f64::from(small.height()) / 2.0);
    GrayImage::from_fn(FRAME.0, FRAME.1, |x, y| {
        let (dx, dy) = (f64::from(x) - middle.0, f64::from(y) - middle.1);
        let (u, v) = (dx * cos + dy * sin + own_middle.0, dy * cos - dx * sin + own_middle.1);
        let paper = pixel(&small, u, v).unwrap_or(190.0);
        Luma([shade(paper * dim + rng.random_range(-1.0..1.0) * grain)])
    })
}

#[expect(clippy::as_conversions, reason = "a coordinate inside the picture, rounded to its pixel")]
fn pixel(picture: &GrayImage, u: f64, v: f64) -> Option<f64> {
    let inside = u >= 0.0 && v >= 0.0 && u < f64::from(picture.width()) && v < f64::from(picture.height());
    inside.then(|| picture.get_pixel_checked(u as u32, v as u32)).flatten().map(|Luma([value])| f64::from(*value))
}

#[expect(clippy::as_conversions, reason = "clamped to a byte")]
fn shade(value: f64) -> u8 {
    value.clamp(0.0, 255.0) as u8
}

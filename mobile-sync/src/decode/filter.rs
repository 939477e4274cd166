//! The pictures the ladder tries beside the one it was given.

use image::GrayImage;
use image::imageops::{self, FilterType};

/// Below this many pixels a side, half a picture has no label left in it.
const SMALLEST_SIDE: u32 = 32;

/// A picture of at most this many pixels a side needs no smaller one beside it.
const LARGEST_LAST_LAYER: u32 = 500;

/// Above this many pixels, twice the size costs more time than any frame is worth.
const LARGEST_TO_DOUBLE: u64 = 2_000_000;

/// Half the width and height, each pixel the mean of four. It averages noise away and quarters the work.
pub(super) fn halved(luma: &GrayImage) -> Option<GrayImage> {
    let (width, height) = (luma.width() / 2, luma.height() / 2);
    (width >= SMALLEST_SIDE && height >= SMALLEST_SIDE).then(|| imageops::thumbnail(luma, width, height))
}

/// The next smaller picture of the thorough search, a third of this one: `None` once it is small enough to have been searched whole.
pub(super) fn next_layer(luma: &GrayImage) -> Option<GrayImage> {
    let (width, height) = luma.dimensions();
    let third = || imageops::thumbnail(luma, width / 3, height / 3);
    (width.max(height) > LARGEST_LAST_LAYER && width.min(height) >= 3 * SMALLEST_SIDE).then(third)
}

/// Edges made steeper, for frames slightly out of focus.
pub(super) fn sharpened(luma: &GrayImage) -> GrayImage {
    imageops::unsharpen(luma, 2.5, 0)
}

/// Grain smoothed, for noise and for print whose dots have gaps.
pub(super) fn blurred(luma: &GrayImage) -> GrayImage {
    imageops::fast_blur(luma, 1.5)
}

/// Twice the width and height, interpolated, for modules of one or two pixels.
pub(super) fn doubled(luma: &GrayImage) -> Option<GrayImage> {
    let pixels = u64::from(luma.width()) * u64::from(luma.height());
    (pixels <= LARGEST_TO_DOUBLE)
        .then(|| imageops::resize(luma, luma.width() * 2, luma.height() * 2, FilterType::CatmullRom))
}

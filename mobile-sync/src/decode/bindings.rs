//! The decoder as JavaScript calls it: a camera frame's pixels in, the text out.

#![expect(unreachable_pub, reason = "JavaScript reaches it")]

use image::GrayImage;
use wasm_bindgen::prelude::wasm_bindgen;

/// Grey pixels from those of a frame, of which each has red, green, blue and opacity, or blue before red: both weigh the same.
fn luma(pixels: &[u8], width: u32, height: u32) -> Option<GrayImage> {
    let grey = |[one, green, other, _]: &[u8; 4]| {
        let sum = u16::from(*one) + 2 * u16::from(*green) + u16::from(*other);
        u8::try_from(sum / 4).unwrap_or(u8::MAX)
    };
    GrayImage::from_raw(width, height, pixels.as_chunks::<4>().0.iter().map(grey).collect())
}

/// The cheap pass, for every frame.
#[cfg(feature = "web-quick")]
#[wasm_bindgen]
pub fn quick(pixels: &[u8], width: u32, height: u32) -> Option<String> {
    super::glance::glance(luma(pixels, width, height)?)
}

#[cfg(feature = "web-harder")]
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;
}

/// The whole ladder, for a frame that the cheap pass could not read; it ends after so many milliseconds and the pass then under way.
#[cfg(feature = "web-harder")]
#[wasm_bindgen]
pub fn harder(pixels: &[u8], width: u32, height: u32, within_ms: f64) -> Option<String> {
    use std::time::Duration;
    let began = now();
    let elapsed = move || Duration::from_secs_f64((now() - began).max(0.0) / 1_000.0);
    let within = Duration::try_from_secs_f64(within_ms / 1_000.0).unwrap_or_default();
    super::decode(&luma(pixels, width, height)?, super::Budget::by_clock(within, elapsed)).map(|decoded| decoded.text)
}

//! The decoder as JavaScript calls it: a camera frame's pixels in, the text out.

#![expect(unreachable_pub, reason = "JavaScript reaches it")]

use image::GrayImage;
use wasm_bindgen::prelude::wasm_bindgen;

/// Grey pixels from the red, green, blue and opacity of a canvas.
fn luma(rgba: &[u8], width: u32, height: u32) -> Option<GrayImage> {
    let grey = |pixel: &[u8]| match pixel {
        [red, green, blue, _] => {
            let sum = u32::from(*red) * 77 + u32::from(*green) * 150 + u32::from(*blue) * 29;
            u8::try_from(sum >> 8).unwrap_or(u8::MAX)
        }
        _ => u8::MAX,
    };
    GrayImage::from_raw(width, height, rgba.chunks_exact(4).map(grey).collect())
}

/// The cheap pass, for every frame: half the size reads more than the whole, in half the time.
#[cfg(feature = "web-quick")]
#[wasm_bindgen]
pub fn quick(rgba: &[u8], width: u32, height: u32) -> Option<String> {
    super::ladder::at_half(&luma(rgba, width, height)?)
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
pub fn harder(rgba: &[u8], width: u32, height: u32, within_ms: f64) -> Option<String> {
    use std::time::Duration;
    let began = now();
    let elapsed = move || Duration::from_secs_f64((now() - began).max(0.0) / 1_000.0);
    let within = Duration::try_from_secs_f64(within_ms / 1_000.0).unwrap_or_default();
    super::decode(&luma(rgba, width, height)?, super::Budget::by_clock(within, elapsed)).map(|decoded| decoded.text)
}

//! Pictures from anywhere, through the door the scan route uses: what breaks a limit is refused before it costs anything, and nothing that is read
//! makes a decoder run on without end or fall over.
#![no_main]

use std::time::Duration;

use floorline_mobile_sync::decode::{Budget, ImageLimits, ImageRefused, decode, open_image, read_image};
use libfuzzer_sys::fuzz_target;

/// Smaller than the server's, so that an input is tried in milliseconds.
const LIMITS: ImageLimits = ImageLimits { max_bytes: 64 * 1024, max_pixels: 1 << 20, max_side: 256 };

fuzz_target!(init: { std::panic::set_hook(Box::new(|_| {})); }, |bytes: &[u8]| {
    let opened = open_image(bytes, LIMITS).map(|_| ());
    let luma = match read_image(bytes, LIMITS) {
        Ok(luma) => luma,
        Err(refused) => {
            assert!(!refused.code().is_empty());
            assert!(opened.is_err() || matches!(refused, ImageRefused::Damaged { .. }), "{refused:?} after it was opened");
            return;
        }
    };
    assert!(opened.is_ok() && bytes.len() <= LIMITS.max_bytes);
    let (width, height) = luma.dimensions();
    assert!((1..=LIMITS.max_side).contains(&width) && (1..=LIMITS.max_side).contains(&height), "{width} x {height}");
    // A spent budget leaves the first pass, which is always made.
    if let Some(found) = decode(&luma, Budget::lasting(Duration::ZERO)) {
        assert!(!found.text.is_empty());
    }
});

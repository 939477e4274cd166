//! What a picture may be before it is decoded.

/// Limits of [`read_image`](super::read_image). All of them are checked before the pixels are allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageLimits {
    /// Bytes of the encoded picture.
    pub max_bytes: usize,
    /// Width times height as the picture's header states them. A decoded picture takes up to 4 bytes a pixel, or 8 with 16-bit
    /// channels, so this is the bound on memory.
    pub max_pixels: u64,
    /// The longer side of what is handed on, in pixels. A larger picture is scaled down: beyond this, more pixels cost time and
    /// hardly ever make a label readable that was not.
    pub max_side: u32,
}

impl Default for ImageLimits {
    /// 10 MiB, 50 million pixels (what the cameras of large phones deliver), handed on with at most 2,048 pixels a side.
    fn default() -> Self {
        Self { max_bytes: 10 * 1024 * 1024, max_pixels: 50_000_000, max_side: 2048 }
    }
}

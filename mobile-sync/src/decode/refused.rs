//! Why bytes were not accepted as a picture.

use thiserror::Error;

/// The reason [`read_image`](super::read_image) has no pixels to give. None of them is a fault of this program, so each has a text
/// that can be shown to whoever sent the bytes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ImageRefused {
    /// No bytes at all.
    #[error("the picture is empty")]
    Empty,
    /// More bytes than allowed; none of them was looked at.
    #[error("the picture has {bytes} bytes, at most {limit} are accepted")]
    TooManyBytes {
        /// Bytes received.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// The bytes begin like something else. `looks_like` names it where it is known.
    #[error("this is {looks_like}, not a picture: send JPEG, PNG, WebP or TIFF")]
    NotAPicture {
        /// What the first bytes look like, with an article.
        looks_like: &'static str,
    },
    /// A picture, of a kind that is not decoded here.
    #[error("{kind} pictures cannot be read here: send JPEG, PNG, WebP or TIFF")]
    UnsupportedKind {
        /// The name of the format.
        kind: &'static str,
    },
    /// The header states a width or height of zero.
    #[error("the picture is {width} × {height} pixels: there is nothing in it")]
    NoPixels {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// More pixels than allowed, as a decompression bomb has; nothing was decoded.
    #[error("the picture is {width} × {height} pixels, at most {limit} pixels are accepted")]
    TooManyPixels {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Pixels allowed.
        limit: u64,
    },
    /// It begins like a picture and does not go on like one: cut short, corrupt, or something else behind a false header.
    #[error("the picture is damaged: {message}")]
    Damaged {
        /// What the decoder met.
        message: String,
    },
}

impl ImageRefused {
    /// A stable name for API clients.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "IMAGE_EMPTY",
            Self::TooManyBytes { .. } => "IMAGE_TOO_LARGE",
            Self::NotAPicture { .. } => "IMAGE_NOT_A_PICTURE",
            Self::UnsupportedKind { .. } => "IMAGE_KIND_UNSUPPORTED",
            Self::NoPixels { .. } => "IMAGE_NO_PIXELS",
            Self::TooManyPixels { .. } => "IMAGE_TOO_MANY_PIXELS",
            Self::Damaged { .. } => "IMAGE_DAMAGED",
        }
    }
}

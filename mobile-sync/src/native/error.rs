//! What can go wrong between a device and its server.

use crate::outbox::Refused;
use crate::store::StoreError;

/// A failure of the native driver.
#[derive(Debug, thiserror::Error)]
pub enum NativeError {
    /// The server answered with a problem.
    #[error("{status} {code}: {detail}")]
    Problem {
        /// The HTTP status.
        status: u16,
        /// The problem's stable code; empty when the answer was no problem document.
        code: String,
        /// For people.
        detail: String,
        /// Milliseconds from `Retry-After`.
        retry_after_ms: Option<u64>,
    },
    /// No answer, or not one of this protocol.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// Local storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The act was not saved.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// The device's key is unusable.
    #[error("device key: {0}")]
    Key(String),
    /// Nobody has signed in on this device.
    #[error("nobody is signed in")]
    SignedOut,
    /// The device is shutting down.
    #[error("the device is closed")]
    Closed,
}

impl NativeError {
    /// The HTTP status, if the server answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Problem { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The problem's code, if the server answered with one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Problem { code, .. } => Some(code),
            _ => None,
        }
    }
}

impl From<reqwest::Error> for NativeError {
    fn from(error: reqwest::Error) -> Self {
        Self::Unreachable(error.to_string())
    }
}

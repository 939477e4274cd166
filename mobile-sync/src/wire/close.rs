//! The codes a socket is closed with.

/// Why a socket was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Close {
    /// 4400: a frame of unknown shape; nothing stored.
    BadFrame,
    /// 4401: not signed in.
    SignedOut,
    /// 4403: the device is revoked.
    Revoked,
    /// 4406: no protocol in common.
    Version,
    /// 4408: the hello came too late.
    HelloLate,
    /// 4409: a newer session of the stream.
    Replaced,
    /// 4412: the stream is sealed.
    Sealed,
    /// 4413: the reader was too slow.
    Slow,
    /// 4429: too many connections or frames.
    TooMany,
    /// 4503: the server is draining.
    Draining,
    /// Any other code, and a drop without one (1006).
    Other(u16),
}

impl Close {
    /// The code on the wire.
    pub fn code(self) -> u16 {
        match self {
            Self::BadFrame => 4400,
            Self::SignedOut => 4401,
            Self::Revoked => 4403,
            Self::Version => 4406,
            Self::HelloLate => 4408,
            Self::Replaced => 4409,
            Self::Sealed => 4412,
            Self::Slow => 4413,
            Self::TooMany => 4429,
            Self::Draining => 4503,
            Self::Other(code) => code,
        }
    }
}

impl From<u16> for Close {
    fn from(code: u16) -> Self {
        match code {
            4400 => Self::BadFrame,
            4401 => Self::SignedOut,
            4403 => Self::Revoked,
            4406 => Self::Version,
            4408 => Self::HelloLate,
            4409 => Self::Replaced,
            4412 => Self::Sealed,
            4413 => Self::Slow,
            4429 => Self::TooMany,
            4503 => Self::Draining,
            code => Self::Other(code),
        }
    }
}

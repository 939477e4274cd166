//! Scans over HTTP: a text, or a picture that a code is read from, goes through the one door and is answered with what it means.
//!
//! A scan is kept whatever it turns out to be; a code that is not known is explained, not refused. The look-up is the engine's, so that a
//! phone and a browser are told the same.

mod pace;
mod read_body;
mod read_picture;
mod record_scan;
mod routes;
mod store;
mod views;

pub use self::pace::ScanPace;
pub use self::routes::routes;

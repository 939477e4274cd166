//! The handheld on tokio with SQLite.
//!
//! One thread a device owns the core and its two files ([`SqliteStore`]); one task does what the core wants done on the
//! network; one uploads photos. Simulated workers, the tests and the bench all hold a [`Phone`]: there is no second client.
//!
//! A device is enrolled once: [`Api::claim`], an administrator compares the digits, [`Api::wait_until_approved`]. Then
//! [`Phone::open`], [`Phone::sign_in`], [`Phone::go_online`].

mod api;
mod error;
mod fallback;
mod key;
mod network;
mod phone;
mod photos;
mod sqlite;
mod worker;

use std::time::{SystemTime, UNIX_EPOCH};

pub use api::{Api, DeviceStatus, Enrolled, Server, User};
pub use error::NativeError;
pub use key::{DeviceKey, Request};
pub use phone::{FloorView, Phone, PhoneConfig, Standing, Transport};
pub use reqwest::Method;
pub use sqlite::{SqliteStore, WaitingPhoto};

/// Bytes from the operating system's generator.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes);
    bytes
}

/// A new trace: what the server does for this request goes on in it. By chance alone, so that nobody is known by it.
fn traceparent() -> String {
    let [trace, span] = [u128::from_be_bytes(random()), u128::from(u64::from_be_bytes(random()))];
    // All zeros would be none.
    format!("00-{:032x}-{:016x}-01", trace | 1, span | 1)
}

/// Milliseconds since 1970, by this machine's clock.
fn wall_clock_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

//! Organisations and their partnerships, people and what they may do, the phones they carry, and the record of who changed what.

mod passwords;

use crate::platform::config;

pub use self::passwords::{PasswordError, Passwords};

/// What signing in needs between requests.
pub struct SignIn {
    /// Hashes and checks passwords.
    pub passwords: Passwords,
}

impl SignIn {
    /// As configured.
    ///
    /// # Errors
    /// [`PasswordError`] for costs Argon2 does not know.
    pub fn new(config: &config::SignIn) -> Result<Self, PasswordError> {
        Ok(Self { passwords: Passwords::new(config)? })
    }
}

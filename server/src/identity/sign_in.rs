//! What signing in needs between requests.

use super::passwords::{PasswordError, Passwords};
use super::throttle::Throttle;
use crate::platform::config;

/// Passwords, failures counted, and whose address is believed. One a server.
pub struct SignIn {
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    pub(super) throttle: Throttle,
    pub(super) behind_proxy: bool,
}

impl SignIn {
    /// As configured.
    ///
    /// # Errors
    /// [`PasswordError`] for costs Argon2 does not know.
    pub fn new(config: &config::SignIn) -> Result<Self, PasswordError> {
        Ok(Self {
            passwords: Passwords::new(config)?,
            throttle: Throttle::default(),
            behind_proxy: config.behind_proxy,
        })
    }
}

//! What signing in needs between requests.

use super::devices::ProofMemory;
use super::passwords::{PasswordError, Passwords};
use super::throttle::Throttle;
use crate::platform::config;

/// Passwords, failures counted, proofs seen, and whose address is believed. One a server.
pub struct SignIn {
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    pub(super) throttle: Throttle,
    pub(super) proofs: ProofMemory,
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
            proofs: ProofMemory::default(),
            behind_proxy: config.behind_proxy,
        })
    }
}

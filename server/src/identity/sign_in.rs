//! What signing in needs between requests.

use floorline_domain::DeviceId;
use tokio::sync::broadcast;

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
    revoked: broadcast::Sender<DeviceId>,
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
            revoked: broadcast::channel(64).0,
        })
    }

    /// Devices as they are revoked on this server, after the commit: their sockets close at once. Sockets on other servers, and whoever lagged,
    /// find out when they look again.
    pub fn revocations(&self) -> broadcast::Receiver<DeviceId> {
        self.revoked.subscribe()
    }

    pub(super) fn announce_revoked(&self, device: DeviceId) {
        // Nobody listens when no socket is open.
        let _ = self.revoked.send(device);
    }
}

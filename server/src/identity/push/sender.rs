//! The ways there are on this server.

use std::sync::Arc;

use anyhow::Context as _;
use chrono::TimeDelta;

use super::fcm::Fcm;
use super::notice::Notice;
use super::outcome::Outcome;
use super::subscription::Address;
use super::vapid::VapidKey;
use super::views::PushKey;
use super::web::Web;
use crate::platform::config;
use crate::platform::outgoing::Reach;

/// Sends notices. Cheap to clone.
#[derive(Clone)]
pub struct Push(Arc<Inner>);

struct Inner {
    fcm: Option<Fcm>,
    web: Option<Web>,
    reach: Reach,
}

impl Push {
    /// The ways that are configured.
    ///
    /// # Errors
    /// A file that is named cannot be used, or TLS cannot be set up.
    pub fn new(config: &config::Push) -> anyhow::Result<Self> {
        let reach = if config.loopback { Reach::PublicAndLoopback } else { Reach::Public };
        let fcm = config.fcm_account.as_deref().map(|file| {
            Fcm::new(file, &config.fcm_url).with_context(|| format!("FLOORLINE_FCM_ACCOUNT: {}", file.display()))
        });
        let web = config.vapid.as_ref().map(|vapid| {
            let key = if vapid.made { VapidKey::read_or_make(&vapid.file) } else { VapidKey::read(&vapid.file) };
            let key = key.with_context(|| format!("FLOORLINE_VAPID_KEY: {}", vapid.file.display()))?;
            Web::new(key, config.vapid_contact.clone(), reach)
        });
        Ok(Self(Arc::new(Inner { fcm: fcm.transpose()?, web: web.transpose()?, reach })))
    }

    /// Where browsers' push services may stand.
    pub(super) fn reach(&self) -> Reach {
        self.0.reach
    }

    /// What a phone has to know to be reached.
    pub(super) fn key(&self) -> PushKey {
        PushKey {
            vapid_public_key: self.0.web.as_ref().map(|web| web.public_key().to_owned()),
            fcm: self.0.fcm.is_some(),
        }
    }

    /// Sends one notice, which is worth telling for `left`.
    pub(super) async fn send(&self, address: &Address, notice: &Notice, left: TimeDelta) -> Outcome {
        match (address, &self.0.fcm, &self.0.web) {
            (Address::Fcm(token), Some(fcm), _) => fcm.send(token, notice, left).await,
            (Address::Web(address), _, Some(web)) => web.send(address, notice, left).await,
            _ => Outcome::Off,
        }
    }
}

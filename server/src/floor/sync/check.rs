//! A socket that stays open for hours looks again, each minute, at what let it in.

use std::collections::BTreeSet;

use chrono::Utc;
use floorline_mobile_sync::wire::{Close, Mode, Subscription, Topic};

use super::hello::{self, Phone};
use super::scope::{self, Scoped};
use super::store;
use crate::app::App;
use crate::identity::Session;
use crate::platform::http::ApiError;
use crate::platform::realtime::Follower;
use crate::platform::tenancy::TenantTx;

/// What a socket asks about itself.
pub(super) struct Asked {
    /// The phone and its session.
    pub(super) phone: Option<(Phone, i64)>,
    /// The server's epoch at the welcome.
    pub(super) server_epoch: String,
    /// The feeds of its hello.
    pub(super) feeds: Vec<Subscription>,
    /// Those that it was denied.
    pub(super) denied: BTreeSet<Topic>,
    /// What the device acknowledged since the last look.
    pub(super) acked: Option<i64>,
}

/// What the look found.
pub(super) enum Checked {
    /// The person and the phone may stay, and what was acknowledged is stored.
    Still {
        /// These feeds are not theirs any more.
        lost: Vec<Topic>,
        /// These are theirs now.
        gained: Vec<(Scoped, Follower)>,
    },
    /// The connection ends.
    Over(Close),
    /// The database is away; the next look decides.
    Unknown,
}

/// Looks at login, permissions, device, session and feeds, and stores `acked` on the way.
pub(super) async fn look(app: App, asker: Session, asked: Asked) -> Checked {
    match try_look(&app, asker, &asked).await {
        Ok(checked) => checked,
        Err(error) => {
            tracing::debug!(error = %error, "socket not checked");
            Checked::Unknown
        }
    }
}

async fn try_look(app: &App, asker: Session, asked: &Asked) -> Result<Checked, ApiError> {
    let mut tx = TenantTx::open(&app.db, asker.org).await?;
    if let Some((phone, number)) = asked.phone {
        if let Some(close) = over(&mut tx, phone, number, &asked.server_epoch).await? {
            return Ok(Checked::Over(close));
        }
        if let Some(acked) = asked.acked {
            store::set_acked(&mut tx, phone.stream, acked).await?;
        }
        if phone.quarantined {
            tx.commit().await?;
            return Ok(Checked::Still { lost: Vec::new(), gained: Vec::new() });
        }
    }
    let identity = match hello::identify(&mut tx, asker).await {
        Ok(identity) => identity,
        Err(turned) if matches!(turned.close, Close::SignedOut | Close::Revoked) => {
            return Ok(Checked::Over(turned.close));
        }
        Err(turned) => return Err(turned.error),
    };
    let scoped = scope::judge(&app.db, &mut tx, Some(&identity), &asked.feeds).await?;
    tx.commit().await?;
    let (denied, allowed): (Vec<_>, Vec<_>) = scoped.into_iter().partition(|topic| topic.state.mode == Mode::Denied);
    let mut gained = Vec::new();
    for topic in allowed.into_iter().filter(|topic| asked.denied.contains(&topic.state.topic)) {
        let Some(key) = topic.key else { continue };
        gained.extend(app.hub.follow(key).await?.map(|follower| (topic, follower)));
    }
    Ok(Checked::Still { lost: denied.into_iter().map(|topic| topic.state.topic).collect(), gained })
}

/// Why the phone's connection ends, if it does.
async fn over(tx: &mut TenantTx, phone: Phone, number: i64, server_epoch: &str) -> Result<Option<Close>, ApiError> {
    let (device, quarantined) = match hello::let_in(store::find_device(tx, phone.device).await?, Utc::now()) {
        Ok(found) => found,
        Err(turned) => return Ok(Some(turned.close)),
    };
    if quarantined && !phone.quarantined {
        return Ok(Some(Close::Revoked));
    }
    // What a hello read of the device is not true any more: another one reads it anew, and entries go to the new site's writer.
    if quarantined != phone.quarantined || device.site() != phone.site {
        return Ok(Some(Close::Draining));
    }
    // History may have been rewound: the next hello finds out what is missing.
    if store::server_epoch(tx).await? != server_epoch {
        return Ok(Some(Close::Draining));
    }
    Ok(match store::find_stream(tx, phone.stream).await? {
        Some(stream) if stream.sealed => Some(Close::Sealed),
        Some(stream) if stream.session != number => Some(Close::Replaced),
        Some(_) => None,
        None => Some(Close::Draining),
    })
}

//! A socket that stays open for hours looks again, each minute, at what let it in.

use floorline_mobile_sync::wire::{Close, Mode, Subscription, Topic};

use super::hello::{self, Phone};
use super::{scope, store};
use crate::app::App;
use crate::identity::Session;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// What the look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// The person and the phone may stay; these feeds are not theirs any more.
    Still { denied: Vec<Topic> },
    /// The connection ends.
    Over(Close),
    /// The database is away; the next look decides.
    Unknown,
}

/// Looks at login, permissions, device, session and feeds, and stores `acked` on the way.
pub(super) async fn look(
    app: App,
    asker: Session,
    phone: Option<(Phone, i64)>,
    asked: Vec<Subscription>,
    acked: Option<i64>,
) -> Checked {
    match try_look(&app, asker, phone, &asked, acked).await {
        Ok(checked) => checked,
        Err(error) => {
            tracing::debug!(error = %error, "socket not checked");
            Checked::Unknown
        }
    }
}

async fn try_look(
    app: &App,
    asker: Session,
    phone: Option<(Phone, i64)>,
    asked: &[Subscription],
    acked: Option<i64>,
) -> Result<Checked, ApiError> {
    let mut tx = TenantTx::open(&app.db, asker.org).await?;
    if let Some((phone, number)) = phone {
        let Some(device) = store::find_device(&mut tx, phone.device).await? else {
            return Ok(Checked::Over(Close::SignedOut));
        };
        // In quarantine it stays as it was; a new hello asks how long that may last.
        if device.state != "active" && !phone.quarantined {
            return Ok(Checked::Over(Close::Revoked));
        }
        match store::find_stream(&mut tx, phone.stream).await? {
            Some(stream) if stream.sealed => return Ok(Checked::Over(Close::Sealed)),
            Some(stream) if stream.session != number => return Ok(Checked::Over(Close::Replaced)),
            Some(_) => {}
            None => return Ok(Checked::Over(Close::Draining)),
        }
        if let Some(acked) = acked {
            store::set_acked(&mut tx, phone.stream, acked).await?;
        }
        if phone.quarantined {
            tx.commit().await?;
            return Ok(Checked::Still { denied: Vec::new() });
        }
    }
    let identity = match hello::identify(&mut tx, asker).await {
        Ok(identity) => identity,
        Err(turned) if matches!(turned.close, Close::SignedOut | Close::Revoked) => {
            return Ok(Checked::Over(turned.close));
        }
        Err(turned) => return Err(turned.error),
    };
    let scoped = scope::judge(&app.db, &mut tx, Some(&identity), asked).await?;
    tx.commit().await?;
    let denied =
        scoped.iter().filter(|topic| topic.state.mode == Mode::Denied).map(|topic| topic.state.topic).collect();
    Ok(Checked::Still { denied })
}

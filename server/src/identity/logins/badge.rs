//! Signing in by badge and PIN, on a device that proved itself. A badge hangs around a neck where anybody can take its picture: it is no more than a
//! name, the PIN is short, and what makes up for that is the device, without which nothing can be tried.

use chrono::{DateTime, Utc};
use floorline_domain::OrgId;
use floorline_domain::label::Code;
use serde_json::json;
use uuid::Uuid;

use super::start::{self, Beginning, Caller, Way};
use super::views::SignedIn;
use crate::app::App;
use crate::floor::labels;
use crate::identity::devices::{Device, DeviceProof};
use crate::identity::users;
use crate::platform::http::{ApiError, Code as Problem};
use crate::platform::tenancy::TenantTx;

/// What was held before the camera.
pub(super) enum Shown {
    Badge(Code),
    /// It tells nothing about anybody, and is tried all the same.
    Else,
}

impl Shown {
    pub(super) fn read(scanned: &str) -> Self {
        labels::badge_code(scanned).map_or(Self::Else, Self::Badge)
    }

    /// What failures are counted by.
    pub(super) fn account(&self, device: &Device) -> String {
        match self {
            Self::Badge(code) => format!("badge {}", code.as_str()),
            Self::Else => format!("no badge on {}", device.id),
        }
    }
}

/// The device that asks, if it may work. Where its key was let in by several organisations it is the badge's.
pub(super) async fn device(app: &App, proof: &DeviceProof, shown: &Shown) -> Result<Device, ApiError> {
    let org = match shown {
        Shown::Badge(code) => labels::factory_of(&app.db, code).await?,
        Shown::Else => None,
    };
    proof.enrolled(app, org.unwrap_or(OrgId(Uuid::nil()))).await?.at_work()
}

/// Checks the PIN and begins a login that is bound to the device. A badge that is nobody's, another organisation's or out of use, and a worker without
/// a PIN, are answered as a wrong PIN is, after the same work.
pub(super) async fn sign_in(
    app: &App,
    device: &Device,
    (shown, pin): (&Shown, &str),
    caller: &Caller,
    now: DateTime<Utc>,
) -> Result<SignedIn, ApiError> {
    let mut tx = TenantTx::open(&app.db, device.org).await?;
    let worker = match shown {
        Shown::Badge(code) => labels::worker_of_badge(&mut tx, code).await?,
        Shown::Else => None,
    };
    let user = worker.map_or(Uuid::nil(), |worker| worker.0);
    let hash = users::pin_hash(&mut tx, user).await?;
    tx.commit().await?;
    if !app.sign_in.passwords.matches(pin, hash.as_deref()).await? {
        let who = json!({ "user_id": worker, "device_id": device.id, "by": Way::Badge.as_str() });
        start::tell_failure(app, device.org, who, caller, now).await;
        return Err(ApiError::new(Problem::WrongCredentials, "Badge or PIN is wrong."));
    }
    let outdated = hash.as_deref().filter(|hash| app.sign_in.passwords.is_outdated(hash));
    if let Some(old) = outdated {
        renew(app, device.org, user, (old, pin)).await?;
    }
    let beginning = Beginning { org: device.org, user, way: Way::Badge, device: Some(device.id) };
    start::begin(app, beginning, caller, now).await
}

/// The same PIN at today's cost. One that could not be chosen today keeps its hash.
async fn renew(app: &App, org: OrgId, user: Uuid, (old, pin): (&str, &str)) -> Result<(), ApiError> {
    let Ok(new) = app.sign_in.passwords.hash_pin(pin).await else { return Ok(()) };
    let mut tx = TenantTx::open(&app.db, org).await?;
    users::renew_pin_hash(&mut tx, user, old, &new).await?;
    tx.commit().await
}

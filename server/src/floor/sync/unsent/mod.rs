//! Takes in what was taken off a phone that cannot hand it in itself: a dead radio, a broken screen, a battery that will not last.
//!
//! The body is the phone's own export, line by line: a head, the leases its entries name, the entries as they would be sent, photos. Entries
//! go to the engine under the stream and `seq` they have, so what the phone, or another copy of the export, hands in as well counts once.
//! Nobody proves here to be the phone: who hands it in vouches for it and stands in the audit chain, and an entry counts as its worker's
//! only by the lease it names.

mod batch;
mod handing_in;
mod lines;

use actix_web::post;
use actix_web::web::{Data, Json, Path, Payload};
use chrono::Utc;
use floorline_domain::DeviceId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use self::handing_in::HandingIn;
use crate::app::App;
use crate::platform::http::{ApiError, Problem};
use crate::platform::tenancy::{Allowed, may};

/// What an export brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct HandedIn {
    /// Entries in it, decided now or before.
    entries: i64,
    /// Those of them that had been decided before.
    known: i64,
    /// Entries that were applied.
    applied: i64,
    /// Entries that changed nothing, for it was so already.
    noop: i64,
    /// Entries that the rules refused.
    rejected: i64,
    /// Entries that wait for a decision.
    parked: i64,
    /// Entries whose verdicts are not kept any more.
    pruned: i64,
    /// Photos that were not here.
    photos: i64,
    /// Photos that were here before.
    photos_known: i64,
    /// Photos that are not taken, now or later.
    photos_refused: Vec<RefusedPhoto>,
}

/// A photo that is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
struct RefusedPhoto {
    /// What it hashes to.
    sha256: String,
    /// Why, in plain words.
    detail: String,
}

/// Takes in what was exported from a phone that cannot send it itself. Handing it in twice counts once.
///
/// Lines are taken in their order; what came before a fault stays, and the same body can be sent again.
#[utoipa::path(
    tag = "sync",
    security(("bearer" = [])),
    request_body(content = String, content_type = "application/x-ndjson", description = "The phone's export: `docs/handheld.md`"),
    responses(
        (status = 200, body = HandedIn),
        (status = 400, description = "A line cannot be read, or was damaged on its way", body = Problem),
        (status = 403, description = "The device waits for approval, or the permission device:manage is missing", body = Problem),
        (status = 404, description = "No such device", body = Problem),
        (status = 409, description = "Of another device, sealed, not what the server remembers, or something before it is missing", body = Problem),
        (status = 413, description = "A line is too long", body = Problem),
        (status = 503, description = "Not decided yet; send it again", body = Problem),
    )
)]
#[post("/v1/devices/{id}/unsent")]
pub(super) async fn hand_in_unsent(
    app: Data<App>,
    by: Allowed<may::ManageDevices>,
    id: Path<Uuid>,
    body: Payload,
) -> Result<Json<HandedIn>, ApiError> {
    let mut handing_in = HandingIn::begin(&app, &by, DeviceId(*id), Utc::now()).await?;
    let taken = handing_in.take(body).await;
    handing_in.end().await?;
    taken.map(Json)
}

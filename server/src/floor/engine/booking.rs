//! Books a case: its entries go through the door again, in order, and it is closed, all in one transaction or not at all.

use serde_json::json;
use uuid::Uuid;

use super::batch::Place;
use super::committed::Committed;
use super::core::{Ask, Batch, CaseState, Judged, Offers};
use super::load::{load, lock_streams};
use super::submission::{Answer, Booking};
use super::write;
use crate::platform::http::{ApiError, Claimed, Code};
use crate::platform::tenancy::TenantTx;

/// Books `booking`; what is refused, or found changed, is an error, and then nothing of it happened.
pub(super) async fn run(place: &Place<'_>, mut booking: Booking) -> Result<(Answer, Committed), ApiError> {
    let moment = place.moment(&Uuid::now_v7);
    let lent_by = booking.lent_by;
    let asks: Vec<Ask<'_>> = booking.entries.iter().map(|entry| Ask::Kept { entry, lent_by }).collect();
    let offers = Offers::read(&asks);
    let mut tx = TenantTx::open(place.db, place.org).await?;
    let data = booking.close.data();
    let claim = match booking.key.claim(&mut tx, booking.actor.id.0, &data).await? {
        Claimed::Fresh(claim) => claim,
        Claimed::Replay { status, body } => return Ok((Answer { status, body, replayed: true }, Committed::default())),
    };
    let streams = lock_streams(&mut tx, &moment, &offers).await?;
    let answers = asks.iter().map(|_| None).collect();
    let (batch, mut needs) = Batch::place(&moment, offers, streams, answers);
    needs.case(booking.case);
    let loaded = load(&mut tx, place.cache, place.site, needs, place.now).await?;
    if loaded.world.case_states.get(&booking.case) != Some(&CaseState::Open) {
        return Err(ApiError::new(Code::StateConflict, "The case was decided already.").with(json!({ "allowed": [] })));
    }
    let mut judged = Judged::judge(batch, loaded)?;
    if let Some(refusal) = judged.refusal() {
        return Err(refusal);
    }
    let closing = judged.enter(booking.close.name(), data, &booking.actor)?;
    let view = booking.close.apply(&mut tx, &mut judged.ledger).await?;
    judged.leave(closing);

    let settled = write::effects(&mut tx, &mut judged).await?;
    let body = serde_json::to_vec(&view).map_err(ApiError::internal)?;
    let status = booking.close.status();
    claim.store(&mut tx, status, &body).await?;
    let committed = write::end(tx, &judged.ledger, &settled).await?;
    Ok((Answer { status, body, replayed: false }, committed))
}

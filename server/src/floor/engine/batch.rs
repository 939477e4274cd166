//! One batch, one transaction: lock the streams, drop what has a receipt, load and lock the rest, judge in order, write set-based,
//! move the heads, write receipts last, COMMIT. Nobody is answered before COMMIT returned.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use chrono::{DateTime, Utc};
use floorline_domain::{LocationId, OrgId, StreamId};
use uuid::Uuid;

use super::committed::Committed;
use super::core::{Ask, Batch, Judged, Moment, Offers, Reply};
use super::load::{begin_with_streams, load};
use super::submission::Acted;
use super::workflows::WorkflowCache;
use super::write;
use crate::platform::db::Db;
use crate::platform::http::{ApiError, Claim, Claimed, Code};
use crate::platform::tenancy::TenantTx;

/// Where and when a batch happens.
pub(super) struct Place<'a> {
    pub(super) db: &'a Db,
    pub(super) cache: &'a WorkflowCache,
    pub(super) org: OrgId,
    pub(super) site: Option<LocationId>,
    /// The server's own stream of this writer.
    pub(super) server_stream: StreamId,
    pub(super) now: DateTime<Utc>,
    pub(super) poisoned: &'a BTreeSet<(StreamId, i64)>,
}

impl<'a> Place<'a> {
    pub(super) fn moment(&self, new_id: &'a (dyn Fn() -> Uuid + Sync)) -> Moment<'a> {
        Moment {
            org: self.org,
            site: self.site,
            server_stream: self.server_stream,
            now: self.now,
            poisoned: self.poisoned,
            new_id,
        }
    }
}

/// Applies a batch. An error means that nothing of it happened.
pub(super) async fn apply(place: &Place<'_>, asks: &[Ask<'_>]) -> Result<(Vec<Reply>, Committed), ApiError> {
    let moment = place.moment(&Uuid::now_v7);
    let offers = Offers::read(asks);
    let (mut tx, streams) = begin_with_streams(place.db, &moment, &offers).await?;
    let (claims, answers) = claim_keys(&mut tx, asks).await?;
    let (batch, needs) = Batch::place(&moment, offers, streams, answers);
    let loaded = load(&mut tx, place.cache, place.site, needs, place.now).await?;
    let mut judged = Judged::judge(batch, loaded)?;

    let settled = write::effects(&mut tx, &mut judged).await?;
    settle_keys(&mut tx, claims, judged.acts()).await?;
    let committed = write::end(tx, &judged.ledger, &settled).await?;
    Ok((settled.replies, committed))
}

/// Takes the idempotency keys of the acts; those that were answered before keep their answer.
async fn claim_keys(
    tx: &mut TenantTx,
    asks: &[Ask<'_>],
) -> Result<(Vec<Option<Claim>>, Vec<Option<Result<Acted, ApiError>>>), ApiError> {
    let mut taken = Vec::new();
    for ask in asks {
        let Ask::Act { actor, act, .. } = ask else {
            taken.push((None, None));
            continue;
        };
        let named = act.operation.named();
        let body = (act.item_id, named.op, named.action_id, named.data, &act.blobs);
        taken.push(match act.idempotency.clone().claim(tx, actor.id.0, &body).await {
            Ok(Claimed::Fresh(claim)) => (Some(claim), None),
            Ok(Claimed::Replay { body, .. }) => (None, Some(replayed(&body))),
            Err(error) if error.code() == Code::KeyReused => (None, Some(Err(error))),
            // What the database says, a wait for another's key among it, ends the transaction, and so the batch.
            Err(error) => return Err(error),
        });
    }
    Ok(taken.into_iter().unzip())
}

fn replayed(body: &[u8]) -> Result<Acted, ApiError> {
    let acted: Acted = serde_json::from_slice(body).map_err(ApiError::internal)?;
    Ok(Acted { replayed: true, ..acted })
}

/// Stores the answers of acts beside their effects; gives back the keys of those that were refused.
async fn settle_keys(tx: &mut TenantTx, claims: Vec<Option<Claim>>, acts: Vec<Option<Acted>>) -> Result<(), ApiError> {
    for (claim, acted) in claims.into_iter().zip(acts) {
        match (claim, acted) {
            (Some(claim), Some(acted)) => {
                let body = serde_json::to_vec(&acted).map_err(ApiError::internal)?;
                claim.store(tx, StatusCode::OK, &body).await?;
            }
            (Some(claim), None) => claim.release(tx).await?,
            (None, _) => {}
        }
    }
    Ok(())
}

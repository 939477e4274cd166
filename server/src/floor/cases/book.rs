//! Takes a case's entries through the door again, in the order they were done, and closes it: all of it or nothing.
//!
//! Each entry's receipt names where it stood first, so an entry that its phone offered again meanwhile is found and not done twice.

use chrono::{DateTime, Utc};
use floorline_domain::{CaseId, ItemId, LocationId, OrgId, StreamId, UserId};
use floorline_mobile_sync::chain::Hash;
use floorline_mobile_sync::entry::Origin;

use super::close::Close;
use super::store::{self, EntryRow};
use super::views::State;
use crate::app::App;
use crate::floor::engine::{Actor, Answer, Booking, KeptEntry};
use crate::platform::http::{ApiError, Code, IdempotencyKey};
use crate::platform::tenancy::TenantTx;

/// Who books a case, and with what to say.
pub(super) struct Decider {
    /// In whose name.
    pub(super) actor: Actor,
    /// A person decided it, and lends the entries what they may do themselves.
    pub(super) lends: bool,
    /// In words.
    pub(super) note: Option<String>,
}

/// Books an open case.
pub(super) async fn book(
    app: &App,
    org: OrgId,
    case: CaseId,
    by: Decider,
    key: IdempotencyKey,
) -> Result<Answer, ApiError> {
    let mut tx = TenantTx::open(&app.db, org).await?;
    let row = store::find(&mut tx, case).await?;
    let of_item = match row.item_id {
        Some(item) => store::site_of(&mut tx, ItemId(item)).await?,
        None => None,
    };
    let entries = store::entries(&mut tx, case).await?;
    tx.commit().await?;
    let site = of_item.or(row.site_id.map(LocationId)).ok_or_else(|| {
        ApiError::new(
            Code::Invalid,
            "What this case holds cannot be read, so it cannot be booked; discard it or send it back.",
        )
    })?;
    let decided_by: Option<UserId> = by.lends.then_some(by.actor.id);
    let close = Close { case, state: State::Booked, decided_by, note: by.note, entries: Some(entries.len()) };
    let booking = Booking {
        case,
        entries: entries.into_iter().map(kept).collect::<Result<_, _>>()?,
        lent_by: decided_by,
        actor: by.actor,
        close: Box::new(close),
        key,
    };
    app.engine.book(org, site, booking).await
}

fn kept(entry: EntryRow) -> Result<KeptEntry, ApiError> {
    let hash = <[u8; 32]>::try_from(entry.hash.as_slice())
        .map_err(|_| ApiError::internal(anyhow::anyhow!("a stored hash is not 32 bytes")))?;
    let occurred_at: Option<DateTime<Utc>> = entry.occurred_at;
    Ok(KeptEntry {
        origin: Origin { stream_id: StreamId(entry.stream_id), seq: entry.seq, hash: Hash(hash) },
        body: entry.body,
        occurred_at,
        uncertainty_ms: entry.uncertainty_ms,
    })
}

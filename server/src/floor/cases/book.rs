//! Takes a case's entries through the door again, in the order they were done.
//!
//! Each entry's receipt names where it stood first, so an entry that a phone offered again meanwhile, or that an interrupted booking had
//! reached already, is found and not done twice.

use floorline_domain::{CaseId, ItemId, LocationId, OrgId, StreamId};
use floorline_mobile_sync::chain::Hash;
use floorline_mobile_sync::entry::Origin;

use super::store::{self, EntryRow};
use super::views::State;
use crate::app::App;
use crate::floor::engine::Actor;
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::TenantTx;

/// Books what an open case holds; leaves closing it to the caller. A case that is not open is left alone.
pub(super) async fn book_entries(
    app: &App,
    org: OrgId,
    case: CaseId,
    decided_by: &Actor,
    with_override: bool,
) -> Result<(), ApiError> {
    let mut tx = TenantTx::open(&app.db, org).await?;
    let row = store::find(&mut tx, case).await?;
    if row.state != State::Open.as_str() {
        return Ok(());
    }
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
    for entry in entries {
        let origin = origin(&entry)?;
        app.engine.book(decided_by.clone(), org, site, entry.body, origin, with_override).await?;
    }
    Ok(())
}

fn origin(entry: &EntryRow) -> Result<Origin, ApiError> {
    let hash = <[u8; 32]>::try_from(entry.hash.as_slice())
        .map_err(|_| ApiError::internal(anyhow::anyhow!("a stored hash is not 32 bytes")))?;
    Ok(Origin { stream_id: StreamId(entry.stream_id), seq: entry.seq, hash: Hash(hash) })
}

//! Takes a scan through the door and tells what it meant.

use chrono::{TimeDelta, Utc};
use floorline_domain::{ItemId, LocationId};
use floorline_mobile_sync::op::Operation;
use uuid::Uuid;

use super::store::{self, Meaning};
use super::views::Scanned;
use crate::app::App;
use crate::floor::engine::{Act, Acted, Actor};
use crate::platform::http::{ANSWERS_KEPT, ApiError, Code, IdempotencyKey};
use crate::platform::tenancy::{Identity, TenantTx};

/// Bytes of a code. The largest QR code holds less than half.
const RAW_BYTES: usize = 8 * 1024;

/// Keeps the scan; what it meant, and whether an earlier request with the same key did it.
pub(super) async fn record_scan(
    app: &App,
    by: &Identity,
    raw: String,
    item_id: Option<Uuid>,
    key: IdempotencyKey,
) -> Result<(Scanned, bool), ApiError> {
    check(&raw)?;
    let site = site(app, by, item_id).await?;
    let act = Act {
        item_id: item_id.map(ItemId),
        operation: Operation::ScanRecord { raw: raw.clone() },
        blobs: Vec::new(),
        idempotency: key,
    };
    let actor = Actor { id: by.user_id, name: by.name.clone() };
    let Acted { verdict, replayed, .. } = app.engine.act(actor, by.org_id, site, act).await?;
    // A scan that was a repetition kept no row of its own: the earlier one says what it meant.
    let earlier = verdict.detail.as_ref().and_then(|detail| detail.get("seq")?.as_i64());
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    // Just now, or ten seconds ago; an answer that is replayed is as old as its key.
    let since = if replayed { Utc::now() - ANSWERS_KEPT } else { Utc::now() } - TimeDelta::days(1);
    let seq = earlier.unwrap_or(verdict.seq);
    let row = store::find_recorded(&mut tx, by.user_id, &raw, seq, since.date_naive()).await?;
    let row = row.ok_or_else(|| ApiError::internal(anyhow::anyhow!("a scan that was kept is not there")))?;
    let meaning = match row.value.as_deref() {
        Some(value) => store::meaning(&mut tx, &row.kind, value).await?,
        None => Meaning::default(),
    };
    tx.commit().await?;
    Ok((Scanned::recorded(row, meaning, verdict), replayed))
}

fn check(raw: &str) -> Result<(), ApiError> {
    if raw.trim().is_empty() || raw.len() > RAW_BYTES {
        return Err(ApiError::invalid_field("raw", "LENGTH", format!("A code has 1 to {RAW_BYTES} bytes.")));
    }
    if raw.contains('\0') {
        return Err(ApiError::invalid_field("raw", "FORMAT", "A code cannot contain U+0000."));
    }
    Ok(())
}

/// Whose writer takes the scan: the site of the item being worked on, else of the person's shift, else the oldest.
async fn site(app: &App, by: &Identity, item_id: Option<Uuid>) -> Result<LocationId, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let sites = store::sites(&mut tx, by.user_id, item_id).await?;
    tx.commit().await?;
    if item_id.is_some() && sites.of_item.is_none() {
        return Err(ApiError::not_found("item"));
    }
    let site = sites.of_item.or(sites.of_shift).or(sites.oldest);
    site.map(LocationId)
        .ok_or_else(|| ApiError::new(Code::StateConflict, "There is no site to scan at; make one first."))
}

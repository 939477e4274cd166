//! Codes that another maker printed, registered for an item by hand, so that scanning them finds it.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::RunQueryDsl as _;
use floorline_domain::label::{Read, read, registered_as};
use uuid::Uuid;

use super::views::ItemCode;
use crate::platform::db::schema::item_codes::dsl as c;
use crate::platform::db::schema::items::dsl as i;
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::TenantTx;

/// Codes an item may have.
const MAX_CODES: i64 = 20;

/// Registers a code for an item; the same again is what it was.
pub(super) async fn register(
    tx: &mut TenantTx,
    item: Uuid,
    raw: &str,
    by: Uuid,
    now: DateTime<Utc>,
) -> Result<ItemCode, ApiError> {
    let raw = &checked(raw)?;
    let org = tx.org().0;
    if let Some(known) = find(tx, raw).await? {
        return if known.item_id == item { Ok(known) } else { Err(taken()) };
    }
    let own: Option<Uuid> =
        i::items.filter(i::org_id.eq(org)).filter(i::code.eq(raw)).select(i::id).first(tx.conn()).await.optional()?;
    if own.is_some_and(|other| other != item) {
        return Err(taken());
    }
    let count: i64 =
        c::item_codes.filter(c::org_id.eq(org)).filter(c::item_id.eq(item)).count().get_result(tx.conn()).await?;
    if count >= MAX_CODES {
        return Err(ApiError::new(Code::StateConflict, format!("An item has at most {MAX_CODES} codes of others.")));
    }
    Ok(diesel::insert_into(c::item_codes)
        .values((c::org_id.eq(org), c::raw.eq(raw), c::item_id.eq(item), c::created_by.eq(by), c::created_at.eq(now)))
        .returning(ItemCode::as_returning())
        .get_result(tx.conn())
        .await?)
}

/// The codes of an item.
pub(super) async fn of_item(tx: &mut TenantTx, item: Uuid) -> Result<Vec<ItemCode>, ApiError> {
    let org = tx.org().0;
    Ok(c::item_codes
        .filter(c::org_id.eq(org))
        .filter(c::item_id.eq(item))
        .order(c::raw)
        .select(ItemCode::as_select())
        .load(tx.conn())
        .await?)
}

/// Takes a code from an item.
pub(super) async fn remove(tx: &mut TenantTx, item: Uuid, raw: &str) -> Result<(), ApiError> {
    let org = tx.org().0;
    let removed = diesel::delete(c::item_codes.find((org, registered_as(raw))).filter(c::item_id.eq(item)))
        .execute(tx.conn())
        .await?;
    if removed == 0 { Err(ApiError::not_found("code of this item")) } else { Ok(()) }
}

async fn find(tx: &mut TenantTx, raw: &str) -> Result<Option<ItemCode>, ApiError> {
    let org = tx.org().0;
    Ok(c::item_codes.find((org, raw)).select(ItemCode::as_select()).first(tx.conn()).await.optional()?)
}

/// A text that means nothing by itself, as it is registered; anything else would never be looked up here.
fn checked(raw: &str) -> Result<String, ApiError> {
    let refused = |code, message| Err(ApiError::invalid_field("raw", code, message));
    match read(raw) {
        Read::Unsound { .. } => return refused("misread", "Its check digit does not fit: it was misread or mistyped."),
        Read::Text(text) if !text.starts_with("item:") => {}
        _ => return refused("reserved", "This names something here by itself."),
    }
    let text = registered_as(raw);
    if !(1..=500).contains(&text.chars().count()) || text.chars().any(char::is_control) {
        return refused("length", "A code has 1 to 500 characters, none of them a control character.");
    }
    Ok(text)
}

fn taken() -> ApiError {
    ApiError::new(Code::Duplicate, "This code stands for another item.")
}

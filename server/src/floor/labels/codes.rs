//! Codes that another maker printed, registered for an item by hand, so that scanning them finds it: rows, and what may be one.

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

type Result<T> = std::result::Result<T, ApiError>;

/// Codes an item may have.
const MAX_CODES: i64 = 20;

/// A code that stands for an item, or once did.
pub(super) struct Known {
    pub(super) code: ItemCode,
    pub(super) in_use: bool,
}

/// The codes of an item.
pub(super) async fn of_item(tx: &mut TenantTx, item: Uuid) -> Result<Vec<ItemCode>> {
    let org = tx.org().0;
    Ok(c::item_codes
        .filter(c::org_id.eq(org))
        .filter(c::item_id.eq(item))
        .filter(c::removed_at.is_null())
        .order(c::raw)
        .select(ItemCode::as_select())
        .load(tx.conn())
        .await?)
}

/// The code that says this.
pub(super) async fn find(tx: &mut TenantTx, text: &str) -> Result<Option<Known>> {
    let org = tx.org().0;
    let found: Option<(ItemCode, Option<DateTime<Utc>>)> = c::item_codes
        .find((org, text))
        .select((ItemCode::as_select(), c::removed_at))
        .for_no_key_update()
        .first(tx.conn())
        .await
        .optional()?;
    Ok(found.map(|(code, removed_at)| Known { code, in_use: removed_at.is_none() }))
}

/// Refuses a text that is another item's own number, and an item that has enough codes.
pub(super) async fn require_room(tx: &mut TenantTx, item: Uuid, text: &str) -> Result<()> {
    let org = tx.org().0;
    let own: Option<Uuid> =
        i::items.filter(i::org_id.eq(org)).filter(i::code.eq(text)).select(i::id).first(tx.conn()).await.optional()?;
    if own.is_some_and(|other| other != item) {
        return Err(taken());
    }
    let of_item = c::item_codes.filter(c::org_id.eq(org)).filter(c::item_id.eq(item)).filter(c::removed_at.is_null());
    let count: i64 = of_item.count().get_result(tx.conn()).await?;
    if count >= MAX_CODES {
        return Err(ApiError::new(Code::StateConflict, format!("An item has at most {MAX_CODES} codes of others.")));
    }
    Ok(())
}

/// Writes a code that nobody registered before. False: somebody has just done so.
pub(super) async fn insert(tx: &mut TenantTx, code: &ItemCode) -> Result<bool> {
    let row = (
        c::org_id.eq(tx.org().0),
        c::raw.eq(&code.raw),
        c::item_id.eq(code.item_id),
        c::created_by.eq(code.created_by),
        c::created_at.eq(code.created_at),
        c::id.eq(code.id),
        c::version.eq(code.version),
    );
    let inserted = diesel::insert_into(c::item_codes).values(row).on_conflict_do_nothing().execute(tx.conn()).await?;
    Ok(inserted == 1)
}

/// Writes a code as it is now; with `removed_at` it stands for nothing any more.
pub(super) async fn update(tx: &mut TenantTx, code: &ItemCode, removed_at: Option<DateTime<Utc>>) -> Result<()> {
    diesel::update(c::item_codes.find((tx.org().0, &code.raw)))
        .set((
            c::item_id.eq(code.item_id),
            c::created_by.eq(code.created_by),
            c::created_at.eq(code.created_at),
            c::version.eq(code.version),
            c::removed_at.eq(removed_at),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A text that means nothing by itself, as it is registered; anything else would never be looked up here.
pub(super) fn checked(raw: &str) -> Result<String> {
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

/// What is asked for belongs to another item.
pub(super) fn taken() -> ApiError {
    ApiError::new(Code::Duplicate, "This code stands for another item.")
}

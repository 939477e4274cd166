//! Rows of labels, and what stands on them.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::RunQueryDsl as _;
use floorline_domain::LocationId;
use floorline_domain::label::Code;
use serde_json::Value;
use uuid::Uuid;

use super::routes::LabelFilter;
use super::views::Label;
use crate::platform::db::schema::labels::dsl as l;
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

type Result<T> = std::result::Result<T, ApiError>;

/// The label with this code.
pub(super) async fn find(tx: &mut TenantTx, code: &Code) -> Result<Option<Label>> {
    let org = tx.org().0;
    Ok(l::labels
        .filter(l::org_id.eq(org))
        .filter(l::code.eq(code.as_str()))
        .select(Label::as_select())
        .first(tx.conn())
        .await
        .optional()?)
}

/// The label with this code, locked.
pub(super) async fn lock(tx: &mut TenantTx, code: &Code) -> Result<Label> {
    let org = tx.org().0;
    l::labels
        .filter(l::org_id.eq(org))
        .filter(l::code.eq(code.as_str()))
        .select(Label::as_select())
        .for_no_key_update()
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| ApiError::not_found("label"))
}

/// A page of labels, in the order they were made.
pub(super) async fn list(
    tx: &mut TenantTx,
    filter: &LabelFilter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Label>> {
    let org = tx.org().0;
    let mut query = l::labels.filter(l::org_id.eq(org)).select(Label::as_select()).into_boxed();
    if let Some(order) = filter.order_id {
        query = query.filter(l::order_id.eq(order));
    }
    if let Some(item) = filter.item_id {
        query = query.filter(l::item_id.eq(item));
    }
    if let Some(place) = filter.location_id {
        query = query.filter(l::location_id.eq(place));
    }
    if let Some(worker) = filter.user_id {
        query = query.filter(l::user_id.eq(worker));
    }
    if let Some(status) = &filter.status {
        query = query.filter(l::status.eq(status));
    }
    match filter.printed {
        Some(true) => query = query.filter(l::printed_at.is_not_null()),
        Some(false) => query = query.filter(l::printed_at.is_null()),
        None => {}
    }
    if let Some(after) = after {
        query = query.filter(l::id.gt(after));
    }
    Ok(query.order(l::id).limit(limit + 1).load(tx.conn()).await?)
}

/// Stores blank labels; a code that any factory has already is left out.
pub(super) async fn insert_blanks(tx: &mut TenantTx, drawn: &[(Uuid, Code)], now: DateTime<Utc>) -> Result<Vec<Label>> {
    let org = tx.org().0;
    let rows: Vec<_> = drawn
        .iter()
        .map(|(id, code)| {
            (
                l::org_id.eq(org),
                l::id.eq(*id),
                l::code.eq(code.as_str()),
                l::kind.eq("item"),
                l::status.eq("blank"),
                l::created_at.eq(now),
                l::updated_at.eq(now),
            )
        })
        .collect();
    Ok(diesel::insert_into(l::labels)
        .values(rows)
        .on_conflict(l::code)
        .do_nothing()
        .returning(Label::as_returning())
        .get_results(tx.conn())
        .await?)
}

/// Stores that a label was revoked or replaced.
pub(super) async fn update_status(tx: &mut TenantTx, label: &Label) -> Result<()> {
    let org = tx.org().0;
    diesel::update(l::labels.find((org, label.id)))
        .set((
            l::status.eq(&label.status),
            l::replaced_by.eq(label.replaced_by),
            l::updated_at.eq(label.updated_at),
            l::version.eq(label.version),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Counts one more print of each label that can be printed; gives their codes.
pub(super) async fn count_prints(
    tx: &mut TenantTx,
    codes: Option<&[String]>,
    order: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Vec<String>> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        code: String,
    }
    let org = tx.org().0;
    let rows: Vec<Row> = sql(include_str!("count_prints.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Nullable<Array<Text>>, _>(codes)
        .bind::<Nullable<SqlUuid>, _>(order)
        .bind::<Timestamptz, _>(now)
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| row.code).collect())
}

/// A label with the texts of the thing it is on.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct Printable {
    /// The label's code.
    #[diesel(sql_type = Text)]
    pub(super) code: String,
    /// What the next page comes after: the item, or the label when it is blank.
    #[diesel(sql_type = SqlUuid)]
    pub(super) key: Uuid,
    /// The item's code, or the name of the place or worker.
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) title: Option<String>,
    /// What the item or place is; where the worker works.
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) subtitle: Option<String>,
    /// What distinguishes its line: size, colour.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub(super) attributes: Option<Value>,
    /// Its order's number.
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) po_number: Option<String>,
    /// What it is a part of, or in.
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) within: Option<String>,
}

/// The active label of an item.
pub(super) async fn of_item(tx: &mut TenantTx, item: Uuid) -> Result<Option<Printable>> {
    let org = tx.org().0;
    Ok(sql(include_str!("of_item.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(item)
        .get_result(tx.conn())
        .await
        .optional()?)
}

/// Which labels of many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Only those never printed.
    pub(super) unprinted: bool,
    /// The `key` they come after.
    pub(super) after: Uuid,
    /// How many.
    pub(super) limit: i64,
}

/// Active labels of an order's items, in the order the items were made.
pub(super) async fn of_order(tx: &mut TenantTx, order: Uuid, line: Option<Uuid>, span: Span) -> Result<Vec<Printable>> {
    let org = tx.org().0;
    // Right after an acceptance the planner still believes the tables to be empty, and would walk all labels once an item.
    sql("SET LOCAL enable_nestloop = off").execute(tx.conn()).await?;
    Ok(sql(include_str!("of_order.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(order)
        .bind::<Nullable<SqlUuid>, _>(line)
        .bind::<Bool, _>(span.unprinted)
        .bind::<SqlUuid, _>(span.after)
        .bind::<BigInt, _>(span.limit)
        .load(tx.conn())
        .await?)
}

/// Labels that are on nothing yet.
pub(super) async fn blanks(tx: &mut TenantTx, span: Span) -> Result<Vec<Printable>> {
    let org = tx.org().0;
    Ok(sql(include_str!("blanks.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Bool, _>(span.unprinted)
        .bind::<SqlUuid, _>(span.after)
        .bind::<BigInt, _>(span.limit)
        .load(tx.conn())
        .await?)
}

/// Whether there is such an order here.
pub(super) async fn order_exists(tx: &mut TenantTx, order: Uuid) -> Result<bool> {
    use crate::platform::db::schema::orders::dsl as o;
    let org = tx.org().0;
    let found: Option<Uuid> = o::orders.find((org, order)).select(o::id).first(tx.conn()).await.optional()?;
    Ok(found.is_some())
}

/// The site an item is on, if it is here.
pub(super) async fn site_of_item(tx: &mut TenantTx, item: Uuid) -> Result<Option<LocationId>> {
    use crate::platform::db::schema::items::dsl as i;
    let org = tx.org().0;
    let found: Option<Uuid> = i::items.find((org, item)).select(i::site_id).first(tx.conn()).await.optional()?;
    Ok(found.map(LocationId))
}

/// The site a place is on, if it is here.
pub(super) async fn site_of_place(tx: &mut TenantTx, place: Uuid) -> Result<Option<LocationId>> {
    use crate::platform::db::schema::locations::dsl as p;
    let org = tx.org().0;
    let found: Option<Uuid> = p::locations.find((org, place)).select(p::site_id).first(tx.conn()).await.optional()?;
    Ok(found.map(LocationId))
}

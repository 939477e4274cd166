//! Rows of scans, and what they mean. The engine writes them.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::RunQueryDsl as _;
use floorline_domain::UserId;
use uuid::Uuid;

use super::routes::ScanFilter;
use super::views::{Scan, ScannedAction, ScannedItem, ScannedLocation, ScannedUser};
use crate::platform::db::schema::{items, locations, scans, users};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

type Result<T> = std::result::Result<T, ApiError>;

/// Sites that a scan could belong to.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct Sites {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) of_item: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) of_shift: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub(super) oldest: Option<Uuid>,
}

pub(super) async fn sites(tx: &mut TenantTx, user: UserId, item: Option<Uuid>) -> Result<Sites> {
    let org = tx.org().0;
    Ok(sql(include_str!("sites.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(user.0)
        .bind::<Nullable<SqlUuid>, _>(item)
        .get_result(tx.conn())
        .await?)
}

/// The scan that the user made here with this `seq` of the server's stream, the newest from the day `since` on. Days make partitions: without the
/// bound every one of them is opened.
pub(super) async fn find_recorded(
    tx: &mut TenantTx,
    user: UserId,
    raw: &str,
    seq: i64,
    since: NaiveDate,
) -> Result<Option<Scan>> {
    let org = tx.org().0;
    Ok(scans::table
        .filter(scans::org_id.eq(org))
        .filter(scans::user_id.eq(user.0))
        .filter(scans::day.ge(since))
        .filter(scans::device_id.is_null())
        .filter(scans::seq.eq(seq))
        .filter(scans::raw.eq(raw))
        .order(scans::id.desc())
        .select(Scan::as_select())
        .first(tx.conn())
        .await
        .optional()?)
}

/// The thing a scan names, one of these.
#[derive(Debug, Default)]
pub(super) struct Meaning {
    pub(super) item: Option<ScannedItem>,
    pub(super) location: Option<ScannedLocation>,
    pub(super) user: Option<ScannedUser>,
    pub(super) action: Option<ScannedAction>,
}

pub(super) async fn meaning(tx: &mut TenantTx, kind: &str, value: &str) -> Result<Meaning> {
    let mut meaning = Meaning::default();
    let org = tx.org().0;
    match (kind, value.parse::<Uuid>()) {
        ("item", Ok(id)) => {
            let row = items::table.find((org, id)).select(ScannedItem::as_select());
            meaning.item = row.first(tx.conn()).await.optional()?;
        }
        ("location", Ok(id)) => {
            let row = locations::table.find((org, id)).select(ScannedLocation::as_select());
            meaning.location = row.first(tx.conn()).await.optional()?;
        }
        ("user", Ok(id)) => {
            let row = users::table.find((org, id)).select(ScannedUser::as_select());
            meaning.user = row.first(tx.conn()).await.optional()?;
        }
        ("action", _) => meaning.action = Some(ScannedAction { id: value.to_owned() }),
        _ => {}
    }
    Ok(meaning)
}

/// A page, newest first.
pub(super) async fn list(tx: &mut TenantTx, filter: &ScanFilter, after: Option<Uuid>, limit: i64) -> Result<Vec<Scan>> {
    let org = tx.org().0;
    let mut query = scans::table.filter(scans::org_id.eq(org)).select(Scan::as_select()).into_boxed();
    if let Some(user) = filter.user_id {
        query = query.filter(scans::user_id.eq(user));
    }
    if let Some(item) = filter.item_id {
        query = query.filter(scans::item_id.eq(item));
    }
    if let Some(after) = after {
        query = query.filter(scans::id.lt(after));
    }
    Ok(query.order(scans::id.desc()).limit(limit + 1).load(tx.conn()).await?)
}

/// How many scans of one kind ended in one way.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct Count {
    #[diesel(sql_type = Text)]
    pub(super) kind: String,
    #[diesel(sql_type = Text)]
    pub(super) result: String,
    #[diesel(sql_type = BigInt)]
    pub(super) n: i64,
}

pub(super) async fn count_since(tx: &mut TenantTx, since: DateTime<Utc>, user: Option<Uuid>) -> Result<Vec<Count>> {
    let org = tx.org().0;
    Ok(sql(include_str!("statistics.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Timestamptz, _>(since)
        .bind::<Nullable<SqlUuid>, _>(user)
        .load(tx.conn())
        .await?)
}

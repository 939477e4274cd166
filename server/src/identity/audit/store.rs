//! Reading the chain.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods as _, HasQuery, OptionalExtension as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use uuid::Uuid;

use crate::platform::db::schema::{audit_events, audit_heads};
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// One link.
#[derive(Debug, HasQuery)]
#[diesel(table_name = audit_events)]
pub(super) struct EventRow {
    pub(super) n: i64,
    pub(super) at: DateTime<Utc>,
    pub(super) actor_id: Option<Uuid>,
    pub(super) kind: String,
    pub(super) body: String,
    pub(super) hash: Vec<u8>,
}

/// Which events a list shows.
pub(super) struct Wanted<'a> {
    pub(super) before: Option<i64>,
    pub(super) kind: Option<&'a str>,
    pub(super) actor: Option<Uuid>,
    pub(super) limit: i64,
}

/// Newest first.
pub(super) async fn newest(tx: &mut TenantTx, wanted: &Wanted<'_>) -> Result<Vec<EventRow>, ApiError> {
    let mut query = EventRow::query()
        .filter(audit_events::org_id.eq(tx.org().0))
        .order(audit_events::n.desc())
        .limit(wanted.limit)
        .into_boxed();
    if let Some(n) = wanted.before {
        query = query.filter(audit_events::n.lt(n));
    }
    if let Some(kind) = wanted.kind {
        query = query.filter(audit_events::kind.eq(kind.to_owned()));
    }
    if let Some(actor) = wanted.actor {
        query = query.filter(audit_events::actor_id.eq(actor));
    }
    Ok(query.load(tx.conn()).await?)
}

/// Up to `limit` links after `n`, in order.
pub(super) async fn after(tx: &mut TenantTx, n: i64, limit: i64) -> Result<Vec<EventRow>, ApiError> {
    let query = EventRow::query()
        .filter(audit_events::org_id.eq(tx.org().0))
        .filter(audit_events::n.gt(n))
        .order(audit_events::n)
        .limit(limit);
    Ok(query.load(tx.conn()).await?)
}

/// Number and hash of the last link, as the head says.
pub(super) async fn head(tx: &mut TenantTx) -> Result<Option<(i64, Vec<u8>)>, ApiError> {
    let head = audit_heads::table.find(tx.org().0).select((audit_heads::n, audit_heads::hash));
    Ok(head.first(tx.conn()).await.optional()?)
}

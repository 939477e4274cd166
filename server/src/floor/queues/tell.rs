//! Logs what happened to a queue and tells the site.

use diesel::sql_types::{Jsonb, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::{LocationId, QueueId};
use serde_json::Value;

use super::views::Queue;
use crate::floor::engine::{Ledger, Record, Subject, Topic};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Logs `kind`. The queue's row has its new number of events already.
pub(super) async fn tell(
    tx: &mut TenantTx,
    ledger: &mut Ledger,
    queue: &Queue,
    kind: &'static str,
    data: Value,
) -> Result<(), ApiError> {
    let after = state(tx, queue).await?;
    record(ledger, queue, kind, data, after);
    Ok(())
}

/// Logs `kind` of a queue whose state afterwards is known.
pub(super) fn record(ledger: &mut Ledger, queue: &Queue, kind: &'static str, data: Value, after: Value) {
    ledger.record(Record {
        subject: Subject::queue(QueueId(queue.id)),
        version: queue.events,
        kind,
        data,
        after,
        topics: vec![Topic::Site(LocationId(queue.site_id))],
        brand_after: None,
    });
}

async fn state(tx: &mut TenantTx, queue: &Queue) -> Result<Value, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Jsonb)]
        state: Value,
    }
    let org = tx.org().0;
    let row: Row = sql(include_str!("state.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(queue.id)
        .get_result(tx.conn())
        .await?;
    Ok(row.state)
}

//! Shutting a device out: from the commit on, nothing of it is applied.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::UserId;
use serde_json::json;
use uuid::Uuid;

use super::store::{self, DeviceRow};
use crate::identity::audit;
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Revokes a device, fences its streams and ends the logins bound to its key in one transaction: a batch that holds a stream's lock commits before, every later one sees the
/// fence. Revoking again changes nothing.
pub(super) async fn revoke(
    tx: &mut TenantTx,
    by: UserId,
    id: Uuid,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<DeviceRow, ApiError> {
    // The device first: a hello that opens a stream for it holds this row, so no stream slips in between.
    let mut row = store::find_for_update(tx, id).await?;
    if row.state == "revoked" {
        return Ok(row);
    }
    let fenced = fence(tx, id).await?;
    store::end_logins(tx, id, now).await?;
    row.state = "revoked".into();
    (row.revoked_by, row.revoked_at) = (Some(by.0), Some(now));
    (row.updated_at, row.version) = (now, row.version + 1);
    store::update(tx, &row).await?;
    let streams: Vec<_> =
        fenced.iter().map(|stream| json!({ "stream_id": stream.id, "seq": stream.last_seq })).collect();
    let detail = json!({ "device_id": row.id, "reason": reason, "streams_fenced": fenced.len(), "streams": streams });
    audit::append(tx, Some(by), "device.revoked", detail, now).await?;
    Ok(row)
}

/// Where a stream stood when it was fenced: nothing after that is applied.
#[derive(diesel::QueryableByName)]
struct Fenced {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = BigInt)]
    last_seq: i64,
}

async fn fence(tx: &mut TenantTx, device: Uuid) -> Result<Vec<Fenced>, ApiError> {
    let fenced = sql("WITH asked (org_id, device_id) AS (SELECT $1, $2), \
         held AS (SELECT s.org_id, s.id FROM sync_streams s JOIN asked USING (org_id, device_id) \
                  WHERE s.state = 'open' ORDER BY s.id FOR NO KEY UPDATE OF s) \
         UPDATE sync_streams s SET state = 'fenced' FROM held WHERE s.org_id = held.org_id AND s.id = held.id \
         RETURNING s.id, s.last_seq")
    .bind::<SqlUuid, _>(tx.org().0)
    .bind::<SqlUuid, _>(device)
    .load(tx.conn())
    .await?;
    Ok(fenced)
}

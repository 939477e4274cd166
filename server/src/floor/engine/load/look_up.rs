//! Everything a batch must know and need not lock, in one round trip.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{Array, BigInt, Binary, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::LocationId;
use floorline_mobile_sync::limits::OFFLINE_MAX;

use super::found::Found;
use super::from_json;
use crate::floor::engine::core::Needs;
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Looks it up.
pub(super) async fn look_up(
    tx: &mut TenantTx,
    site: Option<LocationId>,
    needs: &Needs,
    now: DateTime<Utc>,
) -> Result<Found, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        found: String,
    }
    let org = tx.org().0;
    let topic = site.map_or_else(|| format!("org:{org}"), |site| format!("site:{site}"));
    let cutoff = now - TimeDelta::from_std(OFFLINE_MAX).unwrap_or(TimeDelta::days(14));
    let row: Row = sql(include_str!("look_up.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Array<SqlUuid>, _>(needs.receipts.iter().map(|key| key.0.0).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(needs.receipts.iter().map(|key| key.1).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(needs.origins.iter().map(|origin| origin.stream_id.0).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(needs.origins.iter().map(|origin| origin.seq).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(needs.origins.iter().map(|origin| origin.hash.0.to_vec()).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(needs.items.iter().map(|id| id.0).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(needs.codes.iter().collect::<Vec<_>>())
        .bind::<Array<Text>, _>(needs.texts.iter().collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(needs.users.iter().map(|id| id.0).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(needs.leases.iter().map(|id| id.0).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(needs.places.iter().map(|id| id.0).collect::<Vec<_>>())
        .bind::<Text, _>(topic)
        .bind::<Timestamptz, _>(cutoff)
        .get_result(tx.conn())
        .await?;
    from_json(&row.found)
}

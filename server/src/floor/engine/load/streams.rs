//! The streams of a batch, under lock.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::result::QueryResult;
use diesel::sql_types::{Array, BigInt, Binary, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use floorline_domain::{DeviceId, StreamId};
use floorline_mobile_sync::chain::{self, Hash};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::damaged;
use crate::floor::engine::core::{HeldStream, Moment, Offers, StreamState};
use crate::platform::db::{Db, Statement, sql};
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    device_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    session: i64,
    #[diesel(sql_type = Text)]
    server_epoch: String,
    #[diesel(sql_type = BigInt)]
    last_seq: i64,
    #[diesel(sql_type = Binary)]
    last_hash: Vec<u8>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_occurred_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Jsonb)]
    recent_scans: serde_json::Value,
}

/// Begins a batch's transaction and locks its streams, as [`lock_streams`] does, in one round trip.
pub(in crate::floor::engine) async fn begin_with_streams(
    db: &Db,
    moment: &Moment<'_>,
    offers: &Offers<'_>,
) -> Result<(TenantTx, BTreeMap<StreamId, HeldStream>), ApiError> {
    let wanted = Wanted::of(moment, offers);
    let (mut tx, rows) = TenantTx::open_by_keys(db, moment.org, &|conn| lock(conn, moment, &wanted)).await?;
    let streams = with_own(&mut tx, moment, rows).await?;
    Ok((tx, streams))
}

/// Locks the streams of a batch, sorted; the server's own is among them, and made at its first use. What a phone left and nobody here knows is
/// made as well, sealed: a hello of the phone's copy comes before, or after all of this.
pub(in crate::floor::engine) async fn lock_streams(
    tx: &mut TenantTx,
    moment: &Moment<'_>,
    offers: &Offers<'_>,
) -> Result<BTreeMap<StreamId, HeldStream>, ApiError> {
    let rows = lock(tx.pipe(), moment, &Wanted::of(moment, offers)).await?;
    with_own(tx, moment, rows).await
}

/// The streams of a batch.
struct Wanted {
    ids: BTreeSet<StreamId>,
    left: BTreeMap<StreamId, DeviceId>,
}

impl Wanted {
    fn of(moment: &Moment<'_>, offers: &Offers<'_>) -> Self {
        let mut ids = offers.streams();
        ids.insert(moment.server_stream);
        Self { ids, left: offers.left() }
    }
}

fn lock<'c>(
    mut conn: &'c AsyncPgConnection,
    moment: &Moment<'_>,
    wanted: &Wanted,
) -> BoxFuture<'c, QueryResult<Vec<Row>>> {
    let left = leave(moment, &wanted.left);
    let rows = sql(include_str!("lock_streams.sql"))
        .bind::<SqlUuid, _>(moment.org.0)
        .bind::<Array<SqlUuid>, _>(wanted.ids.iter().map(|id| id.0).collect::<Vec<_>>());
    async move {
        if let Some(left) = left {
            left.execute(&mut conn).await?;
        }
        rows.load(&mut conn).await
    }
    .boxed()
}

/// Makes the streams that were left where nobody knows them.
fn leave(moment: &Moment<'_>, left: &BTreeMap<StreamId, DeviceId>) -> Option<Statement<'static>> {
    let statement = || {
        sql(include_str!("leave_streams.sql"))
            .bind::<SqlUuid, _>(moment.org.0)
            .bind::<Nullable<SqlUuid>, _>(moment.site.map(|site| site.0))
            .bind::<Timestamptz, _>(moment.now)
            .bind::<Array<SqlUuid>, _>(left.keys().map(|stream| stream.0).collect::<Vec<_>>())
            .bind::<Array<SqlUuid>, _>(left.values().map(|device| device.0).collect::<Vec<_>>())
            .bind::<Array<Binary>, _>(left.keys().map(|stream| chain::start(*stream).0.to_vec()).collect::<Vec<_>>())
    };
    (!left.is_empty()).then(statement)
}

async fn with_own(
    tx: &mut TenantTx,
    moment: &Moment<'_>,
    mut rows: Vec<Row>,
) -> Result<BTreeMap<StreamId, HeldStream>, ApiError> {
    if !rows.iter().any(|row| row.id == moment.server_stream.0) {
        // Nobody else knows it yet: it is this writer's alone, so its place in the order of locks does not matter.
        let opened: Row = sql(include_str!("open_server_stream.sql"))
            .bind::<SqlUuid, _>(moment.org.0)
            .bind::<SqlUuid, _>(moment.server_stream.0)
            .bind::<Nullable<SqlUuid>, _>(moment.site.map(|site| site.0))
            .bind::<Binary, _>(chain::start(moment.server_stream).0.as_slice())
            .bind::<Timestamptz, _>(moment.now)
            .get_result(tx.conn())
            .await?;
        rows.push(opened);
    }
    rows.into_iter().map(|row| Ok((row.id.into(), held(row)?))).collect()
}

fn held(row: Row) -> Result<HeldStream, ApiError> {
    Ok(HeldStream {
        id: row.id.into(),
        device: row.device_id.map(Into::into),
        state: match row.state.as_str() {
            "open" => StreamState::Open,
            "fenced" => StreamState::Fenced,
            _ => StreamState::Sealed,
        },
        session: row.session,
        server_epoch: row.server_epoch,
        stored_seq: row.last_seq,
        last_seq: row.last_seq,
        last_hash: Hash(row.last_hash.try_into().map_err(|_| damaged("a stored hash is not 32 bytes"))?),
        last_occurred_at: row.last_occurred_at,
        recent_scans: serde_json::from_value(row.recent_scans).map_err(ApiError::internal)?,
        changed: false,
    })
}

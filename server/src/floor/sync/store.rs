//! Streams, receipts and topics, as a session needs them.

use chrono::{DateTime, Utc};
use diesel::OptionalExtension as _;
use diesel::sql_types::{Array, BigInt, Binary, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::{DeviceId, LocationId, OrderId, OrgId, StreamId};
use floorline_mobile_sync::chain::{self, Hash};
use floorline_mobile_sync::limits::DELTA_EVENTS;
use floorline_mobile_sync::wire::Topic;
use uuid::Uuid;

use super::core::{ResultsPage, page};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::{BrandTx, TenantTx};

/// Receipts looked at for one page of results; 32 KiB hold fewer.
const PAGE_ROWS: i64 = 512;

/// A device as a hello needs it.
#[derive(Clone, Debug, diesel::QueryableByName)]
pub(super) struct DeviceRow {
    #[diesel(sql_type = SqlUuid)]
    site_id: Uuid,
    #[diesel(sql_type = Text)]
    pub(super) state: String,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) revoked_at: Option<DateTime<Utc>>,
}

impl DeviceRow {
    pub(super) fn site(&self) -> LocationId {
        LocationId(self.site_id)
    }
}

/// A stream as it stands.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) session: i64,
    pub(super) last_seq: i64,
    pub(super) last_hash: Hash,
    pub(super) sealed: bool,
}

/// A topic that exists, against a reader's cursor.
#[derive(Clone, Debug, diesel::QueryableByName)]
pub(super) struct TopicRow {
    #[diesel(sql_type = Text)]
    pub(super) id: String,
    #[diesel(sql_type = Text)]
    pub(super) epoch: String,
    #[diesel(sql_type = BigInt)]
    pub(super) head: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) floor: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) behind_bytes: i64,
}

#[derive(diesel::QueryableByName)]
struct StreamRow {
    #[diesel(sql_type = BigInt)]
    session: i64,
    #[diesel(sql_type = BigInt)]
    last_seq: i64,
    #[diesel(sql_type = Binary)]
    last_hash: Vec<u8>,
    #[diesel(sql_type = Text)]
    state: String,
}

#[derive(diesel::QueryableByName)]
struct ReceiptRow {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Nullable<Text>)]
    verdict: Option<String>,
}

#[derive(diesel::QueryableByName)]
struct IdRow {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

#[derive(diesel::QueryableByName)]
struct HashRow {
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
}

#[derive(diesel::QueryableByName)]
struct EpochRow {
    #[diesel(sql_type = Text)]
    server_epoch: String,
}

/// The device, held until the transaction ends: a revocation comes before or after, and never between this and a stream it must fence.
pub(super) async fn find_device(tx: &mut TenantTx, device: DeviceId) -> Result<Option<DeviceRow>, ApiError> {
    let org = tx.org().0;
    let row = sql("SELECT site_id, state, revoked_at FROM devices WHERE org_id = $1 AND id = $2 FOR SHARE")
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(device.0)
        .get_result(tx.conn())
        .await
        .optional()?;
    Ok(row)
}

/// A stream as a hello opens it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening {
    pub(super) id: StreamId,
    pub(super) device: DeviceId,
    pub(super) site: LocationId,
    pub(super) schema: i32,
    /// The last verdict that the device says it has.
    pub(super) acked_seq: i64,
    /// The device was revoked: a new stream of it is fenced from its first entry.
    pub(super) quarantined: bool,
}

/// Opens or resumes the stream of a device; `None` when the id belongs to something else.
pub(super) async fn open_stream(
    tx: &mut TenantTx,
    opening: Opening,
    now: DateTime<Utc>,
) -> Result<Option<Stream>, ApiError> {
    let org = tx.org().0;
    let row: Option<StreamRow> = sql(include_str!("open_stream.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(opening.id.0)
        .bind::<SqlUuid, _>(opening.device.0)
        .bind::<SqlUuid, _>(opening.site.0)
        .bind::<Binary, _>(chain::start(opening.id).0.as_slice())
        .bind::<Integer, _>(opening.schema)
        .bind::<Text, _>(if opening.quarantined { "fenced" } else { "open" })
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(opening.acked_seq)
        .get_result(tx.conn())
        .await
        .optional()?;
    row.map(Stream::try_from).transpose()
}

/// Makes the stream of a device if nobody has said hello on it yet; `fenced` for one that was revoked.
pub(super) async fn make_stream(
    tx: &mut TenantTx,
    stream: StreamId,
    (device, site): (DeviceId, LocationId),
    fenced: bool,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let org = tx.org().0;
    sql("INSERT INTO sync_streams (org_id, id, kind, device_id, site_id, last_hash, state, last_at) \
         VALUES ($1, $2, 'device', $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING")
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(stream.0)
    .bind::<SqlUuid, _>(device.0)
    .bind::<SqlUuid, _>(site.0)
    .bind::<Binary, _>(chain::start(stream).0.as_slice())
    .bind::<Text, _>(if fenced { "fenced" } else { "open" })
    .bind::<Timestamptz, _>(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The session that the stream's row names now, and whether the stream is sealed; for the check of a socket that has long been open.
pub(super) async fn find_stream(tx: &mut TenantTx, stream: StreamId) -> Result<Option<Stream>, ApiError> {
    let org = tx.org().0;
    let row: Option<StreamRow> =
        sql("SELECT session, last_seq, last_hash, state FROM sync_streams WHERE org_id = $1 AND id = $2")
            .bind::<SqlUuid, _>(org)
            .bind::<SqlUuid, _>(stream.0)
            .get_result(tx.conn())
            .await
            .optional()?;
    row.map(Stream::try_from).transpose()
}

/// The hash of one entry's receipt; `None` once the receipt is gone.
pub(super) async fn receipt_hash(tx: &mut TenantTx, stream: StreamId, seq: i64) -> Result<Option<Hash>, ApiError> {
    let org = tx.org().0;
    let row: Option<HashRow> = sql("SELECT hash FROM sync_receipts WHERE org_id = $1 AND stream_id = $2 AND seq = $3")
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(stream.0)
        .bind::<BigInt, _>(seq)
        .get_result(tx.conn())
        .await
        .optional()?;
    row.map(|row| hash(row.hash)).transpose()
}

/// One page of stored verdicts after `after`, of a stream whose last is `last_seq`.
pub(super) async fn results_page(
    tx: &mut TenantTx,
    stream: StreamId,
    after: i64,
    last_seq: i64,
) -> Result<ResultsPage, ApiError> {
    if after >= last_seq {
        return Ok(ResultsPage { upto_seq: last_seq, results: Vec::new(), more: false });
    }
    let org = tx.org().0;
    let rows: Vec<ReceiptRow> = sql(
        "SELECT seq, verdict FROM sync_receipts WHERE org_id = $1 AND stream_id = $2 AND seq > $3 ORDER BY seq LIMIT $4",
    )
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(stream.0)
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(PAGE_ROWS)
    .load(tx.conn())
    .await?;
    page(after, last_seq, rows.into_iter().map(|row| (row.seq, row.verdict))).map_err(ApiError::internal)
}

/// Notes how far the device has its verdicts; of those it has from before a rewind nothing is known here.
pub(super) async fn set_acked(tx: &mut TenantTx, stream: StreamId, seq: i64) -> Result<(), ApiError> {
    let org = tx.org().0;
    sql("UPDATE sync_streams SET acked_seq = least(v.seq, last_seq) FROM (SELECT $1::uuid AS org_id, $2::uuid AS id, $3::bigint AS seq) v \
         WHERE sync_streams.org_id = v.org_id AND sync_streams.id = v.id AND sync_streams.acked_seq < least(v.seq, last_seq)")
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(stream.0)
    .bind::<BigInt, _>(seq)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends a stream for good.
pub(super) async fn seal(tx: &mut TenantTx, stream: StreamId) -> Result<(), ApiError> {
    let org = tx.org().0;
    sql("UPDATE sync_streams SET state = 'sealed' WHERE org_id = $1 AND id = $2 AND kind = 'device'")
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(stream.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Which of `sites` are sites of the organisation.
pub(super) async fn known_sites(tx: &mut TenantTx, sites: &[LocationId]) -> Result<Vec<LocationId>, ApiError> {
    if sites.is_empty() {
        return Ok(Vec::new());
    }
    let org = tx.org().0;
    let rows: Vec<IdRow> = sql("SELECT id FROM locations WHERE org_id = $1 AND id = ANY($2) AND kind = 'site'")
        .bind::<SqlUuid, _>(org)
        .bind::<Array<SqlUuid>, _>(sites.iter().map(|site| site.0).collect::<Vec<_>>())
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| LocationId(row.id)).collect())
}

/// Which of `orders` are the factory's.
pub(super) async fn known_orders(tx: &mut TenantTx, orders: &[OrderId]) -> Result<Vec<OrderId>, ApiError> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let org = tx.org().0;
    let rows: Vec<IdRow> = sql("SELECT id FROM orders WHERE org_id = $1 AND id = ANY($2)")
        .bind::<SqlUuid, _>(org)
        .bind::<Array<SqlUuid>, _>(orders.iter().map(|order| order.0).collect::<Vec<_>>())
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| OrderId(row.id)).collect())
}

/// Makes the rows of topics that nothing was told to yet, so that they have an epoch to be followed from.
pub(super) async fn ensure_topics(tx: &mut TenantTx, topics: &[Topic]) -> Result<(), ApiError> {
    let mut names: Vec<String> = topics.iter().map(ToString::to_string).collect();
    names.sort_unstable();
    let org: OrgId = tx.org();
    sql("INSERT INTO sync_topics (org_id, reader_org_id, id, epoch) \
         SELECT o.id, o.id, t.name, t.epoch FROM (SELECT $1::uuid AS id) o, unnest($2::text[], $3::text[]) AS t (name, epoch) \
         WHERE NOT EXISTS (SELECT FROM sync_topics k WHERE k.org_id = o.id AND k.id = t.name) ON CONFLICT DO NOTHING")
    .bind::<SqlUuid, _>(org.0)
    .bind::<Array<Text>, _>(&names)
    .bind::<Array<Text>, _>(names.iter().map(|_| Uuid::new_v4().simple().to_string()).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Where topics of the organisation stand against a reader's cursors.
pub(super) async fn topics(tx: &mut TenantTx, asked: &[(Topic, i64)]) -> Result<Vec<TopicRow>, ApiError> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let org = tx.org().0;
    let rows = sql(include_str!("topics.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<BigInt, _>(DELTA_EVENTS)
        .bind::<Array<Text>, _>(asked.iter().map(|(topic, _)| topic.to_string()).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(asked.iter().map(|(_, cursor)| *cursor).collect::<Vec<_>>())
        .load(tx.conn())
        .await?;
    Ok(rows)
}

/// Where a brand's order topics stand against its cursors; what is not the brand's is absent.
pub(super) async fn brand_topics(tx: &mut BrandTx, asked: &[(Topic, i64)]) -> Result<Vec<TopicRow>, ApiError> {
    let rows = sql(include_str!("brand_topics.sql"))
        .bind::<BigInt, _>(DELTA_EVENTS)
        .bind::<Array<Text>, _>(asked.iter().map(|(topic, _)| topic.to_string()).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(asked.iter().map(|(_, cursor)| *cursor).collect::<Vec<_>>())
        .load(tx.conn())
        .await?;
    Ok(rows)
}

/// The installation's epoch: another one means that the server may have been rewound.
pub(super) async fn server_epoch(tx: &mut TenantTx) -> Result<String, ApiError> {
    let row: EpochRow = sql("SELECT server_epoch FROM installation").get_result(tx.conn()).await?;
    Ok(row.server_epoch)
}

impl TryFrom<StreamRow> for Stream {
    type Error = ApiError;

    fn try_from(row: StreamRow) -> Result<Self, ApiError> {
        let sealed = row.state == "sealed";
        Ok(Self { session: row.session, last_seq: row.last_seq, last_hash: hash(row.last_hash)?, sealed })
    }
}

fn hash(bytes: Vec<u8>) -> Result<Hash, ApiError> {
    bytes.try_into().map(Hash).map_err(|_| ApiError::internal(anyhow::anyhow!("a stored hash is not 32 bytes")))
}

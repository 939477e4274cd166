//! Runs one server operation: its effect, its events, its receipt and its answer in one transaction.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Binary, Jsonb, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::{Outcome, StreamId};
use floorline_mobile_sync::chain;
use serde_json::{Value, json};

use super::committed::Committed;
use super::core::{Actor, Cause, Ledger, Receipt, Watermark, server_entry};
use super::submission::{Answer, ServerOperation};
use super::write;
use crate::platform::db::{Db, sql};
use crate::platform::http::{ApiError, Claimed, IdempotencyKey};
use crate::platform::tenancy::TenantTx;
use floorline_domain::{LocationId, OrgId};

/// A server's own stream, as it stands under lock.
#[derive(Clone, Debug)]
pub(super) struct ServerStream {
    pub(super) id: StreamId,
    pub(super) last_seq: i64,
    pub(super) last_hash: [u8; 32],
    pub(super) last_occurred_at: Option<DateTime<Utc>>,
    pub(super) recent_scans: Value,
}

impl ServerStream {
    /// Locks the stream's row, making it at the first use.
    pub(super) async fn lock(
        tx: &mut TenantTx,
        id: StreamId,
        site: Option<LocationId>,
        now: DateTime<Utc>,
    ) -> Result<Self, ApiError> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            last_seq: i64,
            #[diesel(sql_type = Binary)]
            last_hash: Vec<u8>,
            #[diesel(sql_type = Nullable<Timestamptz>)]
            last_occurred_at: Option<DateTime<Utc>>,
            #[diesel(sql_type = Jsonb)]
            recent_scans: Value,
        }
        let org = tx.org().0;
        // An update of itself locks and reads in one statement, whether the row was there or not.
        let row: Row = sql(
            "INSERT INTO sync_streams (org_id, id, kind, site_id, last_hash, last_at) VALUES ($1, $2, 'server', $3, $4, $5) \
             ON CONFLICT (org_id, id) DO UPDATE SET last_at = excluded.last_at \
             RETURNING last_seq, last_hash, last_occurred_at, recent_scans",
        )
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(id.0)
        .bind::<Nullable<SqlUuid>, _>(site.map(|site| site.0))
        .bind::<Binary, _>(chain::start(id).0.as_slice())
        .bind::<Timestamptz, _>(now)
        .get_result(tx.conn())
        .await?;
        let last_hash = row
            .last_hash
            .try_into()
            .map_err(|_| ApiError::internal(anyhow::anyhow!("a stored hash is not 32 bytes")))?;
        Ok(Self {
            id,
            last_seq: row.last_seq,
            last_hash,
            last_occurred_at: row.last_occurred_at,
            recent_scans: row.recent_scans,
        })
    }
}

/// Runs `operation` for `actor` and answers once it is durable.
pub(super) async fn run(
    db: &Db,
    org: OrgId,
    stream: StreamId,
    actor: Actor,
    operation: &mut dyn ServerOperation,
    key: IdempotencyKey,
    now: DateTime<Utc>,
) -> Result<(Answer, Committed), ApiError> {
    let mut tx = TenantTx::open(db, org).await?;
    let data = operation.data();
    let claim = match key.claim(&mut tx, actor.id.0, &data).await? {
        Claimed::Fresh(claim) => claim,
        Claimed::Replay { status, body } => return Ok((Answer { status, body, replayed: true }, Committed::default())),
    };
    let stream = ServerStream::lock(&mut tx, stream, None, now).await?;
    let seq = stream.last_seq + 1;
    let cause = Cause { stream_id: stream.id, seq, actor: actor.clone(), occurred_at: now, uncertainty_ms: None };
    let mut ledger = Ledger::new(org, now, cause);
    let view = operation.apply(&mut tx, &mut ledger).await?;
    let outcome = if ledger.is_empty() { Outcome::Noop } else { Outcome::Applied };
    let heads = write::events(&mut tx, &ledger).await?;
    ledger.moved(heads);

    let hash = server_entry(seq, operation.name(), data, &actor, &chain::Hash(stream.last_hash))?.hash.0;
    let at = ledger.heads().next().map(|head| json!({ "topic": head.topic, "cursor": head.head }));
    let receipt = Receipt {
        stream_id: stream.id,
        seq,
        hash,
        outcome,
        reason: None,
        verdict: json!({ "seq": seq, "outcome": outcome, "at": at }).to_string(),
        actor_id: Some(actor.id),
        device_time: None,
        occurred_at: now,
        uncertainty_ms: None,
        origin: None,
    };
    let watermark = Watermark {
        stream_id: stream.id,
        last_seq: seq,
        last_hash: hash,
        last_occurred_at: stream.last_occurred_at,
        recent_scans: stream.recent_scans,
    };
    let receipts = [receipt];
    let body = serde_json::to_vec(&view).map_err(ApiError::internal)?;
    claim.store(&mut tx, operation.status(), &body).await?;
    write::finish(tx, &ledger, &receipts, &[watermark]).await?;
    Ok((Answer { status: operation.status(), body, replayed: false }, Committed::of(&ledger, &receipts)))
}

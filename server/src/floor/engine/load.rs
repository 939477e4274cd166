//! Brings everything a batch needs into memory, in the protocol's lock order: streams (before this), orders, items with
//! components, labels, shifts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{Array, BigInt, Binary, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::item::{Command, Item, PhotoSize};
use floorline_domain::label::{Code, Label, Read, read};
use floorline_domain::permission::Permission;
use floorline_domain::shift::Shift;
use floorline_domain::workflow::Workflow;
use floorline_domain::{EntryKey, ItemId, LabelId, LocationId, OrderId, StreamId, UserId, WorkflowVersionId};
use floorline_mobile_sync::chain::Hash;
use floorline_mobile_sync::entry::{Entry, Origin};
use floorline_mobile_sync::limits::OFFLINE_MAX;
use floorline_mobile_sync::op::Operation;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::found::{Found, FoundOrigin, target};
use super::intake::{Arrival, By, HeldStream, StreamState};
use super::workflows::WorkflowCache;
use super::world::{HeldItem, HeldLabel, HeldOrder, HeldShift, Lease, Person, World, text_key};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// What the entries of a batch refer to.
#[derive(Debug, Default)]
pub(super) struct Needs {
    receipts: BTreeSet<(StreamId, i64)>,
    origins: BTreeSet<Origin>,
    items: BTreeSet<ItemId>,
    codes: BTreeSet<String>,
    texts: BTreeSet<String>,
    users: BTreeSet<UserId>,
    leases: BTreeSet<floorline_domain::LeaseId>,
    places: BTreeSet<LocationId>,
    claimed: BTreeSet<String>,
    claiming: BTreeSet<ItemId>,
    shifts: BTreeSet<UserId>,
    files: BTreeSet<String>,
}

impl Needs {
    /// A receipt that a repeated entry is compared with.
    pub(super) fn receipt(&mut self, stream: StreamId, seq: i64) {
        self.receipts.insert((stream, seq));
    }

    /// Everything one arrival refers to.
    pub(super) fn arrival(&mut self, arrival: &Arrival) {
        if let By::Device { user, .. } = arrival.by {
            self.users.insert(user);
        }
        let Ok(entry) = &arrival.read else { return };
        self.users.insert(entry.actor);
        self.leases.extend(entry.lease_id);
        self.items.extend(entry.item_id);
        self.origins.extend(entry.origin);
        self.files.extend(entry.blobs.iter().map(|blob| blob.sha256.to_string()));
        if let Some(predecessor) = entry.base.and_then(|base| base.predecessor) {
            self.receipts.insert((arrival.stream, predecessor));
        }
        self.operation(entry);
    }

    fn operation(&mut self, entry: &Entry) {
        match &entry.op {
            Operation::ScanRecord { raw } => self.text(raw),
            Operation::LabelClaim { code, .. } => {
                self.claimed.insert(code.clone());
                self.claiming.extend(entry.item_id);
                self.text(code);
            }
            Operation::ShiftStart { site_id, location_id, .. } => {
                self.shifts.insert(entry.actor);
                self.places.insert(*site_id);
                self.places.extend(*location_id);
            }
            Operation::ShiftEnd => {
                self.shifts.insert(entry.actor);
            }
            Operation::Item(command) => self.command(command),
        }
    }

    fn command(&mut self, command: &Command) {
        match command {
            Command::CompleteAction { data, .. } => {
                if let Some(raw) = data.get("raw").and_then(|raw| raw.as_str()) {
                    self.text(raw);
                }
            }
            Command::RecordScan { raw } => self.text(raw),
            Command::Move { location_id, .. } => {
                self.places.insert(*location_id);
            }
            Command::Assign { user_id } => {
                self.users.insert(*user_id);
            }
            Command::Undo { of: Some(of) } => {
                self.receipts.insert((of.stream_id, of.seq));
            }
            _ => {}
        }
    }

    fn text(&mut self, raw: &str) {
        match read(raw) {
            Read::Code(code) => {
                self.codes.insert(code.as_str().to_owned());
            }
            Read::Item(id) => {
                self.items.insert(id);
            }
            Read::Location(id) => {
                self.places.insert(id);
            }
            Read::User(id) => {
                self.users.insert(id);
            }
            Read::Text(_) => {
                self.texts.insert(text_key(raw).to_owned());
            }
            Read::Unsound { .. } | Read::Action(_) => {}
        }
    }
}

/// The look-ups' side results that belong to no entry's world.
pub(super) struct Loaded {
    pub(super) world: World,
    pub(super) origins: BTreeMap<Origin, FoundOrigin>,
}

/// Loads and locks what `needs` names.
pub(super) async fn load(
    tx: &mut TenantTx,
    cache: &WorkflowCache,
    site: Option<LocationId>,
    needs: Needs,
    now: DateTime<Utc>,
) -> Result<Loaded, ApiError> {
    let found = look_up(tx, site, &needs, now).await?;
    let orders: BTreeSet<OrderId> = found.items.iter().filter_map(|item| item.order_id).collect();
    let orders = lock_orders(tx, orders).await?;
    let items = lock_items(tx, &needs.items).await?;
    let held_labels = lock_labels(tx, &needs).await?;
    let shifts = lock_shifts(tx, &needs.shifts).await?;
    let workflows = cache.get(tx, items.values().map(|held| held.item.workflow_version_id).collect()).await?;
    let photos = stored_files(tx, needs.files, &items, &workflows).await?;
    let origins = found
        .origins
        .iter()
        .map(|origin| (Origin { stream_id: origin.stream_id, seq: origin.seq, hash: origin.hash }, origin.clone()))
        .collect();
    // A view at the very head is not old, whenever the last event was.
    let too_old = found.too_old.map(|cursor| match found.head {
        Some(head) if cursor >= head => head - 1,
        _ => cursor,
    });
    let world = World {
        site,
        items,
        orders,
        held_labels,
        shifts,
        shift_rows: Vec::new(),
        touched: BTreeSet::new(),
        workflows,
        known_items: found.items.iter().map(|item| item.id).collect(),
        people: found
            .people
            .into_iter()
            .map(|person| {
                let permissions = permissions(&person.permissions);
                (
                    person.id,
                    Person {
                        name: person.name,
                        active: person.active,
                        roles: person.roles,
                        permissions,
                        shift_location: person.shift_location,
                        shift_active_at: person.shift_active_at,
                    },
                )
            })
            .collect(),
        leases: found
            .leases
            .into_iter()
            .map(|lease| {
                let permissions = permissions(&lease.permissions);
                (
                    lease.id,
                    Lease { user_id: lease.user_id, device_id: lease.device_id, roles: lease.roles, permissions },
                )
            })
            .collect(),
        places: found.places.into_iter().filter(|place| place.active).map(|place| (place.id, place.site_id)).collect(),
        labels: found.labels.into_iter().map(|label| (label.code.clone(), label)).collect(),
        texts: found.texts.into_iter().map(|text| (text.raw, text.item_id)).collect(),
        photos,
        aliases: found
            .aliases
            .into_iter()
            .map(|alias| {
                ((alias.origin_stream_id, alias.origin_seq), EntryKey { stream_id: alias.stream_id, seq: alias.seq })
            })
            .collect(),
        receipts: found.receipts.into_iter().map(|receipt| ((receipt.stream_id, receipt.seq), receipt)).collect(),
        strict: found.strict.unwrap_or(false),
        too_old,
        scans: Vec::new(),
        measurements: Vec::new(),
        photo_references: BTreeSet::new(),
        cases: Vec::new(),
    };
    Ok(Loaded { world, origins })
}

/// Permissions that this build knows; a newer server may have granted others.
fn permissions(texts: &[String]) -> floorline_domain::permission::PermissionSet {
    texts.iter().filter_map(|text| text.parse::<Permission>().ok()).collect()
}

/// Locks the streams of a batch, sorted.
pub(super) async fn lock_streams(
    tx: &mut TenantTx,
    ids: &BTreeSet<StreamId>,
) -> Result<BTreeMap<StreamId, HeldStream>, ApiError> {
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
        #[diesel(sql_type = BigInt)]
        last_seq: i64,
        #[diesel(sql_type = Binary)]
        last_hash: Vec<u8>,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        last_occurred_at: Option<DateTime<Utc>>,
        #[diesel(sql_type = Jsonb)]
        recent_scans: serde_json::Value,
    }
    let org = tx.org().0;
    let rows: Vec<Row> = sql(include_str!("lock_streams.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Array<SqlUuid>, _>(ids.iter().map(|id| id.0).collect::<Vec<_>>())
        .load(tx.conn())
        .await?;
    rows.into_iter()
        .map(|row| {
            let stream = HeldStream {
                id: row.id.into(),
                device: row.device_id.map(Into::into),
                state: match row.state.as_str() {
                    "open" => StreamState::Open,
                    "fenced" => StreamState::Fenced,
                    _ => StreamState::Sealed,
                },
                session: row.session,
                stored_seq: row.last_seq,
                last_seq: row.last_seq,
                last_hash: Hash(row.last_hash.try_into().map_err(|_| damaged("a stored hash is not 32 bytes"))?),
                last_occurred_at: row.last_occurred_at,
                recent_scans: serde_json::from_value(row.recent_scans).map_err(ApiError::internal)?,
                changed: false,
            };
            Ok((stream.id, stream))
        })
        .collect()
}

async fn look_up(
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

async fn lock_orders(tx: &mut TenantTx, ids: BTreeSet<OrderId>) -> Result<BTreeMap<OrderId, HeldOrder>, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = SqlUuid)]
        brand_id: Uuid,
        #[diesel(sql_type = Text)]
        status: String,
        #[diesel(sql_type = BigInt)]
        version: i64,
        #[diesel(sql_type = Integer)]
        items_total: i32,
        #[diesel(sql_type = Integer)]
        items_completed: i32,
        #[diesel(sql_type = Integer)]
        items_scrapped: i32,
        #[diesel(sql_type = Integer)]
        items_cancelled: i32,
        #[diesel(sql_type = Integer)]
        items_started: i32,
        #[diesel(sql_type = Integer)]
        reworks: i32,
    }
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let org = tx.org().0;
    let rows: Vec<Row> = sql(include_str!("lock_orders.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Array<SqlUuid>, _>(ids.iter().map(|id| id.0).collect::<Vec<_>>())
        .load(tx.conn())
        .await?;
    rows.into_iter()
        .map(|row| {
            let order = HeldOrder {
                brand: row.brand_id.into(),
                status: row.status.parse().map_err(|_| damaged("an order has an unknown status"))?,
                version: row.version,
                total: row.items_total,
                completed: row.items_completed,
                scrapped: row.items_scrapped,
                cancelled: row.items_cancelled,
                started: row.items_started,
                reworks: row.reworks,
                started_at: None,
                closed_at: None,
                changed: false,
            };
            Ok((row.id.into(), order))
        })
        .collect()
}

async fn lock_items(tx: &mut TenantTx, ids: &BTreeSet<ItemId>) -> Result<BTreeMap<ItemId, HeldItem>, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        brand_id: Option<Uuid>,
        #[diesel(sql_type = Text)]
        state: String,
    }
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let org = tx.org().0;
    let rows: Vec<Row> = sql(include_str!("lock_items.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Array<SqlUuid>, _>(ids.iter().map(|id| id.0).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(ids.iter().map(|id| id.0).collect::<Vec<_>>())
        .load(tx.conn())
        .await?;
    rows.into_iter()
        .map(|row| {
            let item: Item = from_json(&row.state)?;
            Ok((row.id.into(), HeldItem { item, brand: row.brand_id.map(Into::into), changed: false }))
        })
        .collect()
}

async fn lock_labels(tx: &mut TenantTx, needs: &Needs) -> Result<BTreeMap<LabelId, HeldLabel>, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Text)]
        code: String,
        #[diesel(sql_type = Text)]
        status: String,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        item_id: Option<Uuid>,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        location_id: Option<Uuid>,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        user_id: Option<Uuid>,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        replaced_by: Option<Uuid>,
        #[diesel(sql_type = BigInt)]
        version: i64,
    }
    if needs.claimed.is_empty() {
        return Ok(BTreeMap::new());
    }
    let org = tx.org().0;
    let rows: Vec<Row> = sql(include_str!("lock_labels.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Array<Text>, _>(needs.codes.iter().collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(needs.claiming.iter().map(|id| id.0).collect::<Vec<_>>())
        .load(tx.conn())
        .await?;
    rows.into_iter()
        .map(|row| {
            let label = Label {
                id: row.id.into(),
                code: Code::parse(&row.code).map_err(|_| damaged("a label has an unsound code"))?,
                status: row.status.parse().map_err(|_| damaged("a label has an unknown status"))?,
                target: target(
                    row.item_id.map(Into::into),
                    row.location_id.map(Into::into),
                    row.user_id.map(Into::into),
                ),
                replaced_by: row.replaced_by.map(Into::into),
            };
            Ok((label.id, HeldLabel { label, version: row.version, changed: false }))
        })
        .collect()
}

async fn lock_shifts(tx: &mut TenantTx, users: &BTreeSet<UserId>) -> Result<BTreeMap<UserId, HeldShift>, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = SqlUuid)]
        user_id: Uuid,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        device_id: Option<Uuid>,
        #[diesel(sql_type = SqlUuid)]
        site_id: Uuid,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        location_id: Option<Uuid>,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        team_id: Option<Uuid>,
        #[diesel(sql_type = Timestamptz)]
        started_at: DateTime<Utc>,
        #[diesel(sql_type = Timestamptz)]
        last_activity_at: DateTime<Utc>,
        #[diesel(sql_type = BigInt)]
        version: i64,
    }
    if users.is_empty() {
        return Ok(BTreeMap::new());
    }
    let org = tx.org().0;
    let rows: Vec<Row> = sql(include_str!("lock_shifts.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Array<SqlUuid>, _>(users.iter().map(|id| id.0).collect::<Vec<_>>())
        .load(tx.conn())
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let shift = Shift {
                id: row.id.into(),
                user_id: row.user_id.into(),
                site_id: row.site_id.into(),
                location_id: row.location_id.map(Into::into),
                team_id: row.team_id.map(Into::into),
                device_id: row.device_id.map(Into::into),
                started_at: row.started_at,
                last_active_at: row.last_activity_at,
                ended_at: None,
                end_reason: None,
            };
            (shift.user_id, HeldShift { shift, version: row.version })
        })
        .collect())
}

/// Which files that matter to this batch are completely stored: those that come with its entries, and those behind a hard gate.
async fn stored_files(
    tx: &mut TenantTx,
    mut wanted: BTreeSet<String>,
    items: &BTreeMap<ItemId, HeldItem>,
    workflows: &BTreeMap<WorkflowVersionId, Arc<Workflow>>,
) -> Result<BTreeMap<String, PhotoSize>, ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        sha256: String,
        #[diesel(sql_type = Integer)]
        width: i32,
        #[diesel(sql_type = Integer)]
        height: i32,
    }
    for held in items.values() {
        let workflow = workflows.get(&held.item.workflow_version_id);
        let gated = workflow.and_then(|workflow| workflow.stage(&held.item.stage)).is_some_and(|stage| stage.hard_gate);
        if gated {
            wanted.extend(held.item.progress.results.values().flat_map(|record| record.evidence.iter().cloned()));
        }
    }
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let org = tx.org().0;
    let rows: Vec<Row> = sql("SELECT sha256, width, height FROM photos WHERE org_id = $1 AND sha256 = ANY ($2)")
        .bind::<SqlUuid, _>(org)
        .bind::<Array<Text>, _>(wanted.iter().collect::<Vec<_>>())
        .load(tx.conn())
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.sha256, PhotoSize { width: row.width.unsigned_abs(), height: row.height.unsigned_abs() }))
        .collect())
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    serde_json::from_str(text).map_err(ApiError::internal)
}

fn damaged(what: &'static str) -> ApiError {
    ApiError::internal(anyhow::anyhow!(what))
}

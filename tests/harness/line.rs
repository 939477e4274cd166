//! A small production line below HTTP: a published workflow, items on it, and phones that write straight to the engine.
//! For tests of the engine itself; everything else goes through the server's routes and the real client.

use chrono::Utc;
use diesel::sql_types::{BigInt, Binary, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::item::{self, New, Stamp};
use floorline_domain::queue::Priority;
use floorline_domain::{DeviceId, EntryKey, ItemId, LocationId, OrgId, StreamId, UserId, WorkflowVersionId};
use floorline_mobile_sync::chain::{self, Hash};
use floorline_mobile_sync::verdict::Verdict;
use floorline_mobile_sync::wire::Raw;
use floorline_server::floor::engine::{ClockOffset, DeviceSubmit, Submitted};
use floorline_server::platform::db::sql;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{At, Floor};

/// Two stages: cut (scan, and a measured length) and pack (a note).
pub struct Line<'a> {
    pub floor: &'a Floor,
    pub org: OrgId,
    pub site: LocationId,
    pub version: WorkflowVersionId,
}

/// A phone as the engine sees it: a stream with a chain.
pub struct Pen {
    pub org: OrgId,
    pub site: LocationId,
    pub device: DeviceId,
    pub stream: StreamId,
    pub user: UserId,
    pub seq: i64,
    pub hash: Hash,
}

impl<'a> Line<'a> {
    pub async fn new(floor: &'a Floor, at: At<'a>) -> Self {
        let (org, site) = (at.id(), at.site().parse().unwrap());
        let (workflow, version) = (Uuid::now_v7(), WorkflowVersionId(Uuid::now_v7()));
        let body = json!({"name": "Line", "entry": "cut", "stages": [
            {"key": "cut", "name": "Cut", "order": 1, "actions": [
                {"key": "scan", "kind": "scan", "label": "Scan", "required": true, "config": {"expected": "this_item"}},
                {"key": "length", "kind": "measurement", "label": "Length", "required": true,
                 "config": {"readings": [{"name": "length", "unit": "mm", "nominal": 10, "tolerance": 0.5}]}}],
             "next": [{"to": "pack"}], "rework": []},
            {"key": "pack", "name": "Pack", "order": 2, "actions": [
                {"key": "note", "kind": "note", "label": "Note", "required": false, "config": {"max_length": 200}}],
             "next": [], "rework": [{"to": "cut", "max_visits": 2}]}]});
        let by = at.person("admin").id;
        let mut tx = floor.tenant(org).await;
        sql("INSERT INTO workflows (org_id, id, name, created_by, created_at, updated_at) SELECT $1, $2, 'Line', $3, now(), now()")
            .bind::<SqlUuid, _>(org.0)
            .bind::<SqlUuid, _>(workflow)
            .bind::<SqlUuid, _>(by.0)
            .execute(tx.conn())
            .await
            .unwrap();
        sql("INSERT INTO workflow_versions (org_id, id, workflow_id, number, state, body, created_by, created_at, updated_at) \
             SELECT $1, $2, $3, 1, 'published', $4, $5, now(), now()")
        .bind::<SqlUuid, _>(org.0)
        .bind::<SqlUuid, _>(version.0)
        .bind::<SqlUuid, _>(workflow)
        .bind::<Jsonb, _>(body)
        .bind::<SqlUuid, _>(by.0)
        .execute(tx.conn())
        .await
        .unwrap();
        tx.commit().await.unwrap();
        Self { floor, org, site, version }
    }

    /// Puts an item on the line.
    pub async fn item(&self, code: &str) -> ItemId {
        let id = ItemId(Uuid::now_v7());
        let new = New {
            id,
            code: code.into(),
            order_id: None,
            line_id: None,
            parent_id: None,
            workflow_version_id: self.version,
            site_id: self.site,
            location_id: None,
            priority: Priority::Normal,
            stage: "cut".into(),
            attributes: Default::default(),
            components: Default::default(),
        };
        let stamp = Stamp {
            by: UserId(Uuid::nil()),
            at: Utc::now(),
            entry: EntryKey { stream_id: StreamId(Uuid::nil()), seq: 1 },
        };
        let made = item::fold([&item::create(new, stamp)]).unwrap();
        let mut tx = self.floor.tenant(self.org).await;
        sql("INSERT INTO items (org_id, id, code, workflow_version_id, site_id, status, stage, version, stage_entered_at, created_at, updated_at, state) \
             SELECT $1, $2, $3, $4, $5, 'not_started', 'cut', 1, t, t, t, $6 FROM (SELECT $7) AS at (t)")
        .bind::<SqlUuid, _>(self.org.0)
        .bind::<SqlUuid, _>(id.0)
        .bind::<Text, _>(code)
        .bind::<SqlUuid, _>(self.version.0)
        .bind::<SqlUuid, _>(self.site.0)
        .bind::<Jsonb, _>(serde_json::to_value(&made).unwrap())
        .bind::<Timestamptz, _>(made.created_at)
        .execute(tx.conn())
        .await
        .unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// A phone with an open stream, in which `user` is signed in.
    pub async fn phone(&self, user: UserId) -> Pen {
        self.phone_of(DeviceId(Uuid::now_v7()), user).await
    }

    /// Another stream of a phone.
    pub async fn phone_of(&self, device: DeviceId, user: UserId) -> Pen {
        let stream = StreamId(Uuid::new_v4());
        let start = chain::start(stream);
        let mut tx = self.floor.tenant(self.org).await;
        sql("INSERT INTO sync_streams (org_id, id, kind, device_id, site_id, last_seq, last_hash, session, last_at) \
             SELECT $1, $2, 'device', $3, $4, $5, $6, 1, now()")
        .bind::<SqlUuid, _>(self.org.0)
        .bind::<SqlUuid, _>(stream.0)
        .bind::<SqlUuid, _>(device.0)
        .bind::<Nullable<SqlUuid>, _>(Some(self.site.0))
        .bind::<BigInt, _>(0)
        .bind::<Binary, _>(start.0.to_vec())
        .execute(tx.conn())
        .await
        .unwrap();
        tx.commit().await.unwrap();
        Pen { org: self.org, site: self.site, device, stream, user, seq: 0, hash: start }
    }
}

impl Pen {
    /// Writes entries after what was written last; `{"op": …, "item_id": …}` and so on, the rest is filled in.
    pub fn write(&mut self, entries: impl IntoIterator<Item = Value>) -> DeviceSubmit {
        let first_seq = self.seq + 1;
        let (mut bodies, mut hashes) = (Vec::new(), Vec::new());
        for mut entry in entries {
            self.seq += 1;
            let fields = entry.as_object_mut().unwrap();
            let monotonic = fields.remove("monotonic").unwrap_or_else(|| json!(self.seq * 20_000));
            fields.insert("seq".into(), json!(self.seq));
            fields.insert("schema".into(), json!(floorline_mobile_sync::limits::SCHEMA));
            fields.entry("actor").or_insert_with(|| json!(self.user));
            fields.insert("device_time".into(), json!(Utc::now().timestamp_millis()));
            fields.insert("monotonic".into(), monotonic);
            fields.insert("boot_id".into(), json!("b1"));
            fields.entry("data").or_insert_with(|| json!({}));
            let body = Raw::of(&entry).unwrap();
            self.hash = chain::next(&self.hash, body.bytes());
            bodies.push(body);
            hashes.push(self.hash);
        }
        self.submit(first_seq, bodies, hashes)
    }

    /// A submit of given bytes.
    pub fn submit(&self, first_seq: i64, entries: Vec<Raw>, hashes: Vec<Hash>) -> DeviceSubmit {
        DeviceSubmit {
            org: self.org,
            site: self.site,
            stream_id: self.stream,
            device_id: self.device,
            session: None,
            user: self.user,
            clock: ClockOffset::default(),
            first_seq,
            entries,
            hashes,
        }
    }
}

/// The verdicts of a result; anything else fails the test.
pub fn verdicts(submitted: &Submitted) -> Vec<Verdict> {
    let Submitted::Result { results, .. } = submitted else { panic!("{submitted:?}") };
    results.iter().map(|raw| raw.read().unwrap()).collect()
}

/// Outcome and reason of each verdict, as one word each.
pub fn ends(submitted: &Submitted) -> Vec<String> {
    verdicts(submitted)
        .iter()
        .map(|verdict| {
            verdict.reason.map_or_else(|| verdict.outcome.to_string(), |reason| format!("{}:{reason}", verdict.outcome))
        })
        .collect()
}

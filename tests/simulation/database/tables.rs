//! The tables that the engine and a session read and write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use floorline_domain::item::{Item, PhotoSize};
use floorline_domain::workflow::Workflow;
use floorline_domain::{
    CaseId, DeviceId, ItemId, LabelId, LeaseId, LocationId, OrderId, OrgId, StreamId, UserId, WorkflowVersionId,
};
use floorline_mobile_sync::chain::Hash;
use floorline_mobile_sync::entry::Origin;
use floorline_server::checker;
use floorline_server::floor::engine::core::{
    CaseState, HeldItem, HeldLabel, HeldOrder, HeldShift, HeldStream, Lease, NewCase, Person, Receipt,
};

/// A stream, and where it stood when its device was revoked.
#[derive(Clone)]
pub(crate) struct StreamRow {
    pub(crate) held: HeldStream,
    pub(crate) acked_seq: i64,
    pub(crate) fence: Option<i64>,
}

/// A receipt, and the case that keeps its entry.
#[derive(Clone)]
pub(crate) struct ReceiptRow {
    pub(crate) receipt: Receipt,
    pub(crate) case: Option<CaseId>,
    /// The verdict's bytes are still kept.
    pub(crate) kept: bool,
}

/// A case and its entries, in the order they were done.
#[derive(Clone)]
pub(crate) struct CaseRow {
    pub(crate) state: CaseState,
    pub(crate) opened_at: DateTime<Utc>,
    pub(crate) entries: Vec<NewCase>,
}

/// A topic.
#[derive(Clone)]
pub(crate) struct TopicRow {
    pub(crate) epoch: String,
    pub(crate) reader: OrgId,
    pub(crate) head: i64,
    pub(crate) floor: i64,
    /// The lines that are kept, from `floor + 1` on, in the order they were written: cursor and body.
    pub(crate) feed: Vec<(i64, Arc<str>)>,
    /// The first commit of each hour, and the cursor it came to.
    pub(crate) marks: BTreeMap<i64, (DateTime<Utc>, i64)>,
}

/// Everything that is durable.
#[derive(Clone)]
pub(crate) struct Tables {
    pub(crate) org: OrgId,
    pub(crate) site: LocationId,
    pub(crate) server_epoch: String,
    pub(crate) streams: BTreeMap<StreamId, StreamRow>,
    pub(crate) receipts: BTreeMap<(StreamId, i64), Arc<ReceiptRow>>,
    /// Receipts of entries that were offered again or booked from a case, by where these stood first.
    pub(crate) origins: BTreeMap<(StreamId, i64, Hash), (StreamId, i64)>,
    pub(crate) cases: BTreeMap<CaseId, Arc<CaseRow>>,
    pub(crate) items: BTreeMap<ItemId, Arc<HeldItem>>,
    pub(crate) orders: BTreeMap<OrderId, HeldOrder>,
    pub(crate) labels: BTreeMap<LabelId, HeldLabel>,
    pub(crate) shifts: BTreeMap<UserId, HeldShift>,
    pub(crate) people: BTreeMap<UserId, Person>,
    pub(crate) leases: BTreeMap<LeaseId, Lease>,
    pub(crate) places: BTreeMap<LocationId, LocationId>,
    pub(crate) workflows: BTreeMap<WorkflowVersionId, Arc<Workflow>>,
    /// Devices, and when they were revoked.
    pub(crate) devices: BTreeMap<DeviceId, Option<DateTime<Utc>>>,
    pub(crate) photos: BTreeMap<String, PhotoSize>,
    pub(crate) events: Vec<Arc<checker::Event>>,
    pub(crate) topics: BTreeMap<String, TopicRow>,
    pub(crate) attempts: BTreeMap<(StreamId, i64), (u32, DateTime<Utc>)>,
    /// Items whose rows this build cannot read.
    pub(crate) unreadable: BTreeSet<ItemId>,
    /// What the server has logged of one thing: the versions that are taken.
    pub(crate) versions: BTreeSet<(String, uuid::Uuid, i64)>,
}

impl Tables {
    /// An empty installation of one factory with one site.
    pub(crate) fn new(org: OrgId, site: LocationId, epoch: String) -> Self {
        Self {
            org,
            site,
            server_epoch: epoch,
            streams: BTreeMap::new(),
            receipts: BTreeMap::new(),
            origins: BTreeMap::new(),
            cases: BTreeMap::new(),
            items: BTreeMap::new(),
            orders: BTreeMap::new(),
            labels: BTreeMap::new(),
            shifts: BTreeMap::new(),
            people: BTreeMap::new(),
            leases: BTreeMap::new(),
            places: BTreeMap::from([(site, site)]),
            workflows: BTreeMap::new(),
            devices: BTreeMap::new(),
            photos: BTreeMap::new(),
            events: Vec::new(),
            topics: BTreeMap::new(),
            attempts: BTreeMap::new(),
            unreadable: BTreeSet::new(),
            versions: BTreeSet::new(),
        }
    }

    pub(crate) fn item(&self, id: ItemId) -> Option<&Item> {
        self.items.get(&id).map(|held| &held.item)
    }

    /// The receipt of an entry, where it stood or where it was decided.
    pub(crate) fn decided(&self, origin: &Origin) -> Option<&ReceiptRow> {
        let own = self.receipts.get(&(origin.stream_id, origin.seq));
        let own = own.filter(|row| row.receipt.hash == origin.hash.0);
        let elsewhere = || self.receipts.get(self.origins.get(&(origin.stream_id, origin.seq, origin.hash))?);
        own.or_else(elsewhere).map(|row| &**row)
    }

    /// Seals a stream for good.
    pub(crate) fn seal(&mut self, stream: StreamId) {
        if let Some(row) = self.streams.get_mut(&stream) {
            row.held.state = floorline_server::floor::engine::core::StreamState::Sealed;
        }
    }

    /// Topics that somebody may follow have a row from their first follower on.
    pub(crate) fn topic_mut(&mut self, name: &str, reader: OrgId, new_epoch: impl FnOnce() -> String) -> &mut TopicRow {
        self.topics.entry(name.to_owned()).or_insert_with(|| TopicRow {
            epoch: new_epoch(),
            reader,
            head: 0,
            floor: 0,
            feed: Vec::new(),
            marks: BTreeMap::new(),
        })
    }
}

//! A history as plain rows: what phones hold, what the database holds. Rows of the database are read from JSON (`read/`), those of a
//! simulation are built.

use chrono::{DateTime, Utc};
use floorline_domain::item::{Item, Status};
use floorline_domain::queue::Priority;
use floorline_domain::workflow::Workflow;
use floorline_domain::{
    CaseId, DeviceId, EntryKey, ItemId, LocationId, OrderId, OrgId, Outcome, Reason, StreamId, UserId,
    WorkflowVersionId,
};
use floorline_mobile_sync::chain::Hash;
use floorline_mobile_sync::entry::Origin;
use floorline_mobile_sync::feed::Subject;
use floorline_mobile_sync::store::{JournalLine, Kept};
use floorline_mobile_sync::topic::Topic;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// All that can be known afterwards.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// The epoch the database is in; verdicts told in another one may have been rewound.
    pub server_epoch: String,
    /// Receipts are old enough for the first ones of a stream to have been pruned.
    pub receipts_pruned: bool,
    /// The phones.
    pub devices: Vec<Device>,
    /// `sync_streams`
    pub streams: Vec<Stream>,
    /// `sync_receipts`
    pub receipts: Vec<Receipt>,
    /// `events`
    pub events: Vec<Event>,
    /// `sync_topics`
    pub topics: Vec<TopicRow>,
    /// `sync_feed`
    pub feed: Vec<FeedRow>,
    /// `items`
    pub items: Vec<ItemRow>,
    /// `workflow_versions` that were published.
    pub workflows: Vec<WorkflowVersion>,
    /// `sync_cases`
    pub cases: Vec<Case>,
    /// `sync_case_entries`
    pub case_entries: Vec<CaseEntry>,
    /// What else belongs to one organisation only: users, devices, places, orders.
    pub owned: Vec<Owned>,
    /// Texts that no other organisation may ever see.
    pub canaries: Vec<Canary>,
    /// Floors, as phones that follow them hold them.
    pub bases: Vec<Base>,
}

/// The floor as a phone holds it: what it was told up to a cursor, without its own acts.
#[derive(Debug, Clone, PartialEq)]
pub struct Base {
    /// The feed it follows.
    pub topic: Topic,
    /// How far.
    pub cursor: i64,
    /// The items it has loaded.
    pub items: Vec<Item>,
}

/// A phone.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    /// Which.
    pub id: DeviceId,
    /// It was lost with what it had not sent: that is nobody's fault.
    pub destroyed: bool,
    /// Its storage was copied: two phones, of which a rewound server hears the same once.
    pub copied: bool,
    /// Every act saved on it; of a destroyed phone what is known of them.
    pub journal: Vec<JournalLine>,
    /// Every verdict it was ever told, where that was recorded; what the journal says is not repeated here.
    pub told: Vec<Told>,
}

/// A verdict as a phone was told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Of which entry.
    pub key: EntryKey,
    /// Where that stood first, when it was offered again.
    pub first: Option<EntryKey>,
    /// The epoch of the server that told it.
    pub server_epoch: String,
    /// The bytes.
    pub text: String,
}

impl Told {
    /// What a line of a journal was told, by a server in this epoch; none while it waits.
    #[must_use]
    pub fn of(line: &JournalLine, server_epoch: &str) -> Option<Self> {
        let text = line.settled.as_ref()?.verdict.text().to_owned();
        Some(Self::about(&line.kept, server_epoch, text))
    }

    /// What a server in this epoch said of an entry.
    #[must_use]
    pub fn about(kept: &Kept, server_epoch: &str, text: String) -> Self {
        #[derive(Deserialize)]
        struct Offered {
            origin: Origin,
        }
        // Also where the rest of it cannot be read.
        let first = kept.bytes.read::<Offered>().ok().map(|offered| offered.origin);
        let first = first.map(|origin| EntryKey { stream_id: origin.stream_id, seq: origin.seq });
        Self { key: kept.key, first, server_epoch: server_epoch.to_owned(), text }
    }
}

/// A stream's row.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Stream {
    /// Whose.
    pub org: OrgId,
    /// Which.
    pub id: StreamId,
    /// The phone that writes it; none: the server itself.
    pub device: Option<DeviceId>,
    /// Where it writes.
    pub site: Option<LocationId>,
    /// Its last entry with a verdict.
    pub last_seq: i64,
    /// The chain there.
    pub last_hash: Hash,
    /// Where it stood when its device was revoked; none: it was not, or nobody knows.
    pub fence: Option<i64>,
}

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Receipt {
    /// Whose.
    pub org: OrgId,
    /// Of which entry.
    pub key: EntryKey,
    /// The chain after it.
    pub hash: Hash,
    /// How it ended.
    pub outcome: Outcome,
    /// Why.
    pub reason: Option<Reason>,
    /// The bytes that were sent; none once pruned.
    pub verdict: Option<String>,
    /// The earlier entry that was decided here: it was offered again, or booked from its case.
    pub origin: Option<Origin>,
}

impl Receipt {
    /// Outcome and reason as one word.
    pub(super) fn word(&self) -> String {
        self.reason.map_or_else(|| self.outcome.to_string(), |reason| format!("{}:{reason}", self.outcome))
    }
}

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Event {
    /// Whose.
    pub org: OrgId,
    /// What it is about.
    pub subject: Subject,
    /// The how-manieth of its subject.
    pub version: i64,
    /// The entry it belongs to.
    pub key: EntryKey,
    /// `noun.past_participle`.
    pub kind: String,
    /// What happened; of an item the domain's `Event`.
    pub body: Value,
}

/// A topic's row.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TopicRow {
    /// Whose.
    pub org: OrgId,
    /// Which.
    pub topic: Topic,
    /// Who may read it.
    pub reader: OrgId,
    /// The last cursor.
    pub head: i64,
    /// Cursors up to here are no longer kept.
    pub floor: i64,
}

/// A row of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FeedRow {
    /// Whose.
    pub org: OrgId,
    /// In which topic.
    pub topic: Topic,
    /// Its place there.
    pub cursor: i64,
    /// Who may read it.
    pub reader: OrgId,
    /// The event as it is sent, but for its cursor.
    pub body: String,
}

/// An item's row: its state, and the columns that queries look at.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ItemRow {
    /// Whose.
    pub org: OrgId,
    /// The projection.
    pub state: Item,
    /// The same again.
    pub columns: Columns,
}

/// What the table repeats of an item's state.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each is the item's member of that name")]
pub struct Columns {
    pub id: ItemId,
    pub code: String,
    pub order_id: Option<OrderId>,
    pub parent_id: Option<ItemId>,
    pub workflow_version_id: WorkflowVersionId,
    pub site_id: LocationId,
    pub location_id: Option<LocationId>,
    pub assigned_to: Option<UserId>,
    pub priority: Priority,
    pub status: Status,
    pub stage: String,
    pub version: i64,
    pub hold_version: Option<i64>,
    pub stage_entered_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub completed_at: Option<DateTime<Utc>>,
}

impl Columns {
    /// What the table must say of this item.
    #[must_use]
    pub fn of(item: &Item) -> Self {
        Self {
            id: item.id,
            code: item.code.clone(),
            order_id: item.order_id,
            parent_id: item.parent_id,
            workflow_version_id: item.workflow_version_id,
            site_id: item.site_id,
            location_id: item.location_id,
            assigned_to: item.assigned_to,
            priority: item.priority,
            status: item.status,
            stage: item.stage.clone(),
            version: item.version,
            hold_version: item.hold_version,
            stage_entered_at: item.stage_entered_at,
            updated_at: item.updated_at,
            completed_at: item.completed_at,
        }
    }
}

/// A published workflow version.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct WorkflowVersion {
    /// Whose.
    pub org: OrgId,
    /// Which.
    pub id: WorkflowVersionId,
    /// What it says.
    pub workflow: Workflow,
}

/// A case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Case {
    /// Whose.
    pub org: OrgId,
    /// Which.
    pub id: CaseId,
}

/// An entry that did not book, kept in its case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CaseEntry {
    /// Whose.
    pub org: OrgId,
    /// In which case.
    pub case: CaseId,
    /// Which entry.
    pub key: EntryKey,
    /// The chain after it.
    pub hash: Hash,
    /// Its bytes; always one JSON value.
    pub body: String,
}

/// Something that belongs to one organisation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Owned {
    /// Whose.
    pub org: OrgId,
    /// Which.
    pub id: Uuid,
    /// Who else may read it: an order's brand.
    pub reader: Option<OrgId>,
}

/// A text that stays with one organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    /// Whose.
    pub org: OrgId,
    /// It stands in no other text.
    pub text: String,
}

//! The form in which IndexedDB keeps what a device keeps: one record a thing, by its key.

use floorline_domain::ids::{EntryKey, LeaseId, StreamId, UserId};
use floorline_domain::json;
use serde::{Deserialize, Serialize};

use crate::chain::Hash;
use crate::store::{ActId, Attention, JournalLine, Kept, KeptLease, Row, Settled, StreamState, TopicCursor};
use crate::topic::{Position, Topic};
use crate::wire::Raw;

/// All that is kept, as it is read when the core is opened.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Everything {
    pub(super) meta: Option<Meta>,
    pub(super) entries: Vec<EntryRecord>,
    pub(super) leases: Vec<LeaseRecord>,
    pub(super) files: Vec<FileRecord>,
    pub(super) topics: Vec<TopicRecord>,
    pub(super) rows: Vec<RowRecord>,
}

/// The one record that is not a thing of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Meta {
    pub(super) stream: Option<StreamRecord>,
    pub(super) server_epoch: Option<String>,
    pub(super) last_act: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StreamRecord {
    id: StreamId,
    acked_seq: i64,
    acked_hash: Hash,
}

/// An act with its verdict, by `act`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EntryRecord {
    act: ActId,
    stream_id: StreamId,
    seq: i64,
    /// Text, so that it is kept to the byte.
    bytes: String,
    hash: Hash,
    made_time: i64,
    earlier: Option<String>,
    verdict: Option<String>,
    attention: Option<Attention>,
    shown_until: Option<Position>,
    settled_time: Option<i64>,
}

/// By `lease_id`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LeaseRecord {
    lease_id: LeaseId,
    actor: UserId,
    kept_time: i64,
    lease: String,
}

/// Whether the server has a file, by `sha256`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FileRecord {
    pub(super) sha256: Hash,
    pub(super) uploaded: bool,
}

/// By `topic`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TopicRecord {
    topic: Topic,
    epoch: String,
    cursor: i64,
}

/// By `topic`, `kind` and `id`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RowRecord {
    pub(super) topic: Topic,
    pub(super) kind: String,
    pub(super) id: String,
    version: i64,
    body: String,
}

impl From<StreamState> for StreamRecord {
    fn from(StreamState { id, acked_seq, acked_hash }: StreamState) -> Self {
        Self { id, acked_seq, acked_hash }
    }
}

impl From<&StreamRecord> for StreamState {
    fn from(record: &StreamRecord) -> Self {
        Self { id: record.id, acked_seq: record.acked_seq, acked_hash: record.acked_hash }
    }
}

impl From<&JournalLine> for EntryRecord {
    fn from(JournalLine { kept, settled }: &JournalLine) -> Self {
        let text = |raw: &Raw| raw.text().to_owned();
        Self {
            act: kept.act,
            stream_id: kept.key.stream_id,
            seq: kept.key.seq,
            bytes: text(&kept.bytes),
            hash: kept.hash,
            made_time: kept.made_time,
            earlier: kept.earlier.as_ref().map(text),
            verdict: settled.as_ref().map(|settled| text(&settled.verdict)),
            attention: settled.as_ref().map(|settled| settled.attention),
            shown_until: settled.as_ref().and_then(|settled| settled.shown_until),
            settled_time: settled.as_ref().map(|settled| settled.settled_time),
        }
    }
}

impl TryFrom<EntryRecord> for JournalLine {
    type Error = json::Error;

    fn try_from(record: EntryRecord) -> Result<Self, Self::Error> {
        let kept = Kept {
            act: record.act,
            key: EntryKey { stream_id: record.stream_id, seq: record.seq },
            bytes: Raw::new(record.bytes)?,
            hash: record.hash,
            made_time: record.made_time,
            earlier: record.earlier.map(Raw::new).transpose()?,
        };
        let settled = record.verdict.map(Raw::new).transpose()?.map(|verdict| Settled {
            verdict,
            attention: record.attention.unwrap_or(Attention::None),
            shown_until: record.shown_until,
            settled_time: record.settled_time.unwrap_or_default(),
        });
        Ok(Self { kept, settled })
    }
}

impl From<&KeptLease> for LeaseRecord {
    fn from(kept: &KeptLease) -> Self {
        let KeptLease { lease_id, actor, kept_time, lease } = kept.clone();
        Self { lease_id, actor, kept_time, lease }
    }
}

impl From<LeaseRecord> for KeptLease {
    fn from(LeaseRecord { lease_id, actor, kept_time, lease }: LeaseRecord) -> Self {
        Self { lease_id, actor, kept_time, lease }
    }
}

impl From<&TopicCursor> for TopicRecord {
    fn from(at: &TopicCursor) -> Self {
        let TopicCursor { topic, epoch, cursor } = at.clone();
        Self { topic, epoch, cursor }
    }
}

impl From<TopicRecord> for TopicCursor {
    fn from(TopicRecord { topic, epoch, cursor }: TopicRecord) -> Self {
        Self { topic, epoch, cursor }
    }
}

impl RowRecord {
    pub(super) fn of(topic: Topic, row: &Row) -> Self {
        let Row { kind, id, version, body } = row.clone();
        Self { topic, kind, id, version, body }
    }

    pub(super) fn row(self) -> (Topic, Row) {
        let Self { topic, kind, id, version, body } = self;
        (topic, Row { kind, id, version, body })
    }
}

//! The tables as the checker reads them.

use floorline_domain::EntryKey;
use floorline_mobile_sync::chain::Hash;
use floorline_mobile_sync::entry::Origin;
use floorline_server::checker::{
    Case, CaseEntry, Columns, FeedRow, History, ItemRow, Owned, Receipt, Stream, TopicRow, WorkflowVersion,
};

use super::tables::{ReceiptRow, Tables};

impl Tables {
    /// Everything but the phones.
    pub(crate) fn history(&self) -> History {
        let org = self.org;
        let owned = self.people.keys().map(|id| id.0).chain(self.devices.keys().map(|id| id.0));
        let owned = owned.chain(self.places.keys().map(|id| id.0)).map(|id| Owned { org, id, reader: None });
        let orders = self.orders.iter().map(|(id, order)| Owned { org, id: id.0, reader: Some(order.brand) });
        History {
            server_epoch: self.server_epoch.clone(),
            streams: self
                .streams
                .values()
                .map(|row| Stream {
                    org,
                    id: row.held.id,
                    device: row.held.device,
                    site: Some(self.site),
                    last_seq: row.held.last_seq,
                    last_hash: row.held.last_hash,
                    fence: row.fence,
                })
                .collect(),
            receipts: self.receipts.values().map(|row| self.receipt(row)).collect(),
            events: self.events.iter().map(|event| (**event).clone()).collect(),
            topics: self.topics(),
            feed: self.feed(),
            items: self
                .items
                .values()
                .map(|held| ItemRow { org, state: held.item.clone(), columns: Columns::of(&held.item) })
                .collect(),
            workflows: self
                .workflows
                .iter()
                .map(|(id, workflow)| WorkflowVersion { org, id: *id, workflow: (**workflow).clone() })
                .collect(),
            cases: self.cases.keys().map(|id| Case { org, id: *id }).collect(),
            case_entries: self.case_entries(),
            owned: owned.chain(orders).collect(),
            ..History::default()
        }
    }

    fn receipt(&self, row: &ReceiptRow) -> Receipt {
        let receipt = &row.receipt;
        Receipt {
            org: self.org,
            key: EntryKey { stream_id: receipt.stream_id, seq: receipt.seq },
            hash: Hash(receipt.hash),
            outcome: receipt.outcome,
            reason: receipt.reason,
            verdict: row.kept.then(|| receipt.verdict.clone()),
            origin: receipt.origin.map(|(stream_id, seq, hash)| Origin { stream_id, seq, hash: Hash(hash) }),
        }
    }

    fn topics(&self) -> Vec<TopicRow> {
        let row = |(name, topic): (&String, &super::TopicRow)| {
            Some(TopicRow {
                org: self.org,
                topic: name.parse().ok()?,
                reader: topic.reader,
                head: topic.head,
                floor: topic.floor,
            })
        };
        self.topics.iter().filter_map(row).collect()
    }

    fn feed(&self) -> Vec<FeedRow> {
        let mut rows = Vec::new();
        for (name, topic) in &self.topics {
            let Ok(id) = name.parse() else { continue };
            rows.extend(topic.feed.iter().map(|(cursor, body)| FeedRow {
                org: self.org,
                topic: id,
                cursor: *cursor,
                reader: topic.reader,
                body: body.to_string(),
            }));
        }
        rows
    }

    fn case_entries(&self) -> Vec<CaseEntry> {
        let mut entries = Vec::new();
        for (id, case) in &self.cases {
            entries.extend(case.entries.iter().map(|entry| CaseEntry {
                org: self.org,
                case: *id,
                key: EntryKey { stream_id: entry.stream, seq: entry.seq },
                hash: entry.hash,
                body: String::from_utf8_lossy(&entry.body).into_owned(),
            }));
        }
        entries
    }
}

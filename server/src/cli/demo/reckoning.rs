//! Was anything lost, was anything done twice? Every phone's own journal is compared with the database, entry by entry. No counter of the
//! server is asked: both sides are read as they lie on disk.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use floorline_mobile_sync::chain::Hash;
use floorline_mobile_sync::store::JournalLine;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

/// What the comparison found.
#[derive(Debug, Default, Serialize)]
pub(super) struct Reckoning {
    /// Entries in all journals.
    pub(super) entries: usize,
    /// Saved on a phone, and the database has no verdict for it, or another one than the phone was told.
    pub(super) lost: usize,
    /// Booked more than once: under two keys, or with events that belong to no receipt.
    pub(super) doubled: usize,
    /// Entries no phone has sent yet.
    pub(super) unsent: usize,
    /// By outcome and reason, from the stored receipts.
    pub(super) outcomes: BTreeMap<String, usize>,
    /// The first few findings in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) findings: Vec<String>,
}

#[derive(diesel::QueryableByName)]
struct ReceiptRow {
    #[diesel(sql_type = SqlUuid)]
    stream_id: Uuid,
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Text)]
    hash: String,
    #[diesel(sql_type = Text)]
    outcome: String,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    verdict: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    origin_stream_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<BigInt>)]
    origin_seq: Option<i64>,
    #[diesel(sql_type = Bool)]
    booked: bool,
}

type Key = (Uuid, i64);

/// Compares the journals of all phones with the database at `url`, read as its owner.
pub(super) async fn reckon(url: &str, journals: &[Vec<JournalLine>]) -> anyhow::Result<Reckoning> {
    let mut conn = AsyncPgConnection::establish(url).await.context("the database cannot be read")?;
    let streams: BTreeSet<Uuid> = journals.iter().flatten().map(|line| line.kept.key.stream_id.0).collect();
    let rows: Vec<ReceiptRow> = diesel::sql_query(include_str!("receipts.sql"))
        .bind::<Array<SqlUuid>, _>(streams.into_iter().collect::<Vec<_>>())
        .load(&mut conn)
        .await?;
    let own: BTreeMap<Key, &ReceiptRow> = rows.iter().map(|row| ((row.stream_id, row.seq), row)).collect();
    let mut again: BTreeMap<Key, Vec<&ReceiptRow>> = BTreeMap::new();
    for row in &rows {
        if let Some(origin) = row.origin_stream_id.zip(row.origin_seq) {
            again.entry(origin).or_default().push(row);
        }
    }
    let mut found = Reckoning::default();
    for line in journals.iter().flatten() {
        found.compare(line, &own, &again);
    }
    found.doubled += orphans(&mut conn).await?;
    Ok(found)
}

impl Reckoning {
    fn compare(
        &mut self,
        line: &JournalLine,
        own: &BTreeMap<Key, &ReceiptRow>,
        again: &BTreeMap<Key, Vec<&ReceiptRow>>,
    ) {
        let key = (line.kept.key.stream_id.0, line.kept.key.seq);
        self.entries += 1;
        if line.settled.is_none() {
            self.unsent += 1;
        }
        let mine = own.get(&key).copied();
        let others = again.get(&key).map(Vec::as_slice).unwrap_or_default();
        let Some(receipt) = mine.or(others.first().copied()) else {
            return self.lose(key, "has no receipt");
        };
        if mine.is_some_and(|mine| mine.hash.parse::<Hash>().ok() != Some(line.kept.hash)) {
            return self.lose(key, "has a receipt for other bytes");
        }
        let told = line.settled.as_ref().map(|settled| settled.verdict.text());
        if told.is_some_and(|told| !same_verdict(told, receipt.verdict.as_deref())) {
            self.lose(key, "was told another verdict than the one stored");
        }
        let word = receipt
            .reason
            .as_ref()
            .map_or_else(|| receipt.outcome.clone(), |reason| format!("{}:{reason}", receipt.outcome));
        *self.outcomes.entry(word).or_default() += 1;
        let bookings = mine.iter().chain(others).filter(|row| row.booked).count();
        if bookings > 1 {
            self.doubled += 1;
            self.find(key, "was booked under two keys");
        }
    }

    fn lose(&mut self, key: Key, what: &str) {
        self.lost += 1;
        self.find(key, what);
    }

    fn find(&mut self, (stream, seq): Key, what: &str) {
        if self.findings.len() < 10 {
            self.findings.push(format!("entry {seq} of stream {stream} {what}"));
        }
    }
}

/// The verdict a phone holds is the stored one; a pruned verdict agrees with any.
fn same_verdict(told: &str, stored: Option<&str>) -> bool {
    let Some(stored) = stored else { return true };
    let parts = |text: &str| {
        let mut value: Value = serde_json::from_str(text).unwrap_or(Value::Null);
        // An entry offered again on a new stream has the first one's verdict, but for its place.
        if let Some(members) = value.as_object_mut() {
            members.remove("seq");
        }
        value
    };
    told == stored || parts(told) == parts(stored)
}

/// Events that belong to no receipt, and steps of an item that were booked twice.
async fn orphans(conn: &mut AsyncPgConnection) -> anyhow::Result<usize> {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let count: Count = diesel::sql_query(include_str!("orphans.sql")).get_result(conn).await?;
    Ok(usize::try_from(count.n)?)
}

/// How everything stands in the end, read from the tables.
#[derive(diesel::QueryableByName)]
pub(super) struct Ends {
    #[diesel(sql_type = BigInt)]
    pub(super) items_completed: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) items_scrapped: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) items_open: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) orders_completed: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) orders_open: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) cases_open: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) photos: i64,
}

impl Ends {
    pub(super) async fn read(url: &str) -> anyhow::Result<Self> {
        let mut conn = AsyncPgConnection::establish(url).await?;
        Ok(diesel::sql_query(include_str!("ends.sql")).get_result(&mut conn).await?)
    }
}

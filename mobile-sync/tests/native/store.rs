//! SQLite against the reference model: whatever is written, committed, lost or opened again, both keep the same.

use floorline_domain::ids::{EntryKey, LeaseId, StreamId};
use floorline_mobile_sync::chain::{self, Hash};
use floorline_mobile_sync::entry::Blob;
use floorline_mobile_sync::native::SqliteStore;
use floorline_mobile_sync::store::{
    ActId, Attention, Kept, KeptLease, MemoryStore, Row, Settled, Store, StreamState, TopicCursor,
};
use floorline_mobile_sync::topic::{Position, Topic};
use floorline_mobile_sync::wire::Raw;
use proptest::prelude::*;
use uuid::Uuid;

#[derive(Debug, Clone)]
enum Step {
    Append,
    Settle { attention: u8, shown: bool },
    Shown(u64),
    LookedAt(u64),
    Reseal,
    Rewind(i64),
    Epoch(u8),
    Prune(i64),
    Lease(u128),
    File(u8),
    Uploaded(u8),
    Gone(u8),
    Cursor(i64),
    Swap(u8),
    Put(u8, i64),
    Drop(u8),
    Forget,
    Clear,
    Commit,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Append),
        4 => (0_u8..3, any::<bool>()).prop_map(|(attention, shown)| Step::Settle { attention, shown }),
        2 => (1_u64..20).prop_map(Step::Shown),
        1 => (1_u64..20).prop_map(Step::LookedAt),
        1 => Just(Step::Reseal),
        2 => (0_i64..12).prop_map(Step::Rewind),
        1 => (0_u8..3).prop_map(Step::Epoch),
        1 => (0_i64..20).prop_map(Step::Prune),
        1 => (0_u128..3).prop_map(Step::Lease),
        1 => (0_u8..3).prop_map(Step::File),
        1 => (0_u8..3).prop_map(Step::Uploaded),
        1 => (0_u8..3).prop_map(Step::Gone),
        1 => (0_i64..9).prop_map(Step::Cursor),
        1 => (0_u8..4).prop_map(Step::Swap),
        2 => (0_u8..4, 0_i64..9).prop_map(|(id, version)| Step::Put(id, version)),
        1 => (0_u8..4).prop_map(Step::Drop),
        1 => Just(Step::Forget),
        1 => Just(Step::Clear),
        4 => Just(Step::Commit),
        1 => Just(Step::Crash),
    ]
}

fn topic() -> Topic {
    "site:018f0000-0000-7000-8000-00000000000a".parse().unwrap()
}

fn row(id: u8, version: i64) -> Row {
    Row { kind: "item".to_owned(), id: id.to_string(), version, body: format!("{{\"v\":{version}}}") }
}

fn file(n: u8) -> Hash {
    chain::sha256(&[n])
}

fn fresh(n: u128) -> StreamState {
    let id = StreamId(Uuid::from_u128(n));
    StreamState { id, acked_seq: 0, acked_hash: chain::start(id) }
}

/// What the core would do: it knows the open entries and gives them their places.
#[derive(Clone)]
struct Driver {
    stream: u128,
    seq: i64,
    act: u64,
    open: Vec<Kept>,
}

impl Driver {
    fn read(store: &mut impl Store, stream: u128) -> Self {
        let loaded = store.load().unwrap();
        let seq = loaded.outbox.last().map_or(loaded.stream.unwrap().acked_seq, |kept| kept.key.seq);
        Self { stream, seq, act: loaded.last_act, open: loaded.outbox }
    }

    fn entry(&mut self, act: u64) -> Kept {
        self.seq += 1;
        let bytes = Raw::new(format!("{{\"seq\":{}}}", self.seq)).unwrap();
        let hash = chain::sha256(bytes.bytes());
        let key = EntryKey { stream_id: StreamId(Uuid::from_u128(self.stream)), seq: self.seq };
        Kept { act: ActId(act), key, bytes, hash, made_time: i64::try_from(act).unwrap(), earlier: None }
    }

    fn perform(&mut self, step: &Step, store: &mut impl Store) {
        match step {
            Step::Append => {
                self.act += 1;
                let kept = self.entry(self.act);
                store.append(&kept).unwrap();
                self.open.push(kept);
            }
            Step::Settle { attention, shown } if !self.open.is_empty() => {
                let kept = self.open.remove(0);
                let attention = [Attention::None, Attention::Card, Attention::Stop][usize::from(*attention)];
                let shown_until = shown.then(|| Position { topic: topic(), cursor: kept.key.seq });
                let verdict = Raw::new("{\"outcome\":\"applied\"}").unwrap();
                let settled = Settled { verdict, attention, shown_until, settled_time: kept.made_time };
                store.settle(&kept, &settled).unwrap();
            }
            Step::Reseal => {
                self.stream += 1;
                self.seq = 0;
                store.open_stream(&fresh(self.stream)).unwrap();
                let left = std::mem::take(&mut self.open);
                self.open =
                    left.into_iter().map(|old| Kept { earlier: old.earlier, ..self.entry(old.act.0) }).collect();
                self.open.iter().for_each(|kept| store.reoffer(kept).unwrap());
            }
            Step::Rewind(to) => {
                let StreamState { id, acked_seq, acked_hash } = store.load().unwrap().stream.unwrap();
                let stream = StreamState { id, acked_seq: acked_seq.min(*to), acked_hash };
                let forgotten = store.judged(id, stream.acked_seq + 1).unwrap();
                store.rewind(&stream).unwrap();
                let again = forgotten
                    .into_iter()
                    .map(|line| Kept { earlier: line.settled.map(|settled| settled.verdict), ..line.kept });
                self.open.splice(0..0, again);
            }
            Step::Epoch(n) => store.set_server_epoch(&n.to_string()).unwrap(),
            Step::Shown(act) if self.is_settled(*act, store) => store.shown(ActId(*act)).unwrap(),
            Step::LookedAt(act) if self.is_settled(*act, store) => store.looked_at(ActId(*act)).unwrap(),
            Step::Prune(before) => store.prune(*before).unwrap(),
            Step::Lease(n) => {
                let actor = "018f0000-0000-7000-8000-0000000000ee".parse().unwrap();
                let lease_id = LeaseId(Uuid::from_u128(*n));
                store.keep_lease(&KeptLease { lease_id, actor, kept_time: 1, lease: format!("jwt {n}") }).unwrap();
            }
            Step::File(n) => {
                let file = Blob { sha256: file(*n), size: 1, mime: "image/jpeg".to_owned(), role: None };
                store.keep_file(&file).unwrap();
            }
            Step::Uploaded(n) => store.set_uploaded(&file(*n)).unwrap(),
            Step::Gone(n) => store.forget_file(&file(*n)).unwrap(),
            Step::Cursor(cursor) => {
                store.set_cursor(&TopicCursor { topic: topic(), epoch: "e".to_owned(), cursor: *cursor }).unwrap();
            }
            Step::Swap(rows) => {
                let rows: Vec<Row> = (0..*rows).map(|id| row(id, 1)).collect();
                store.swap(&TopicCursor { topic: topic(), epoch: "f".to_owned(), cursor: 3 }, &rows).unwrap();
            }
            Step::Put(id, version) => store.put_row(topic(), &row(*id, *version)).unwrap(),
            Step::Drop(id) => store.drop_row(topic(), "item", &id.to_string()).unwrap(),
            Step::Forget => store.forget_cursor(topic()).unwrap(),
            Step::Clear => store.clear_base().unwrap(),
            Step::Commit => store.commit().unwrap(),
            _ => {}
        }
    }

    fn is_settled(&self, act: u64, store: &mut impl Store) -> bool {
        let line = store.journal(ActId(act - 1), 1).unwrap().pop();
        line.is_some_and(|line| line.kept.act == ActId(act) && line.settled.is_some())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn sqlite_keeps_what_the_model_keeps(steps in proptest::collection::vec(step(), 1..80)) {
        let folder = tempfile::tempdir().unwrap();
        let mut sqlite = SqliteStore::open(folder.path()).unwrap();
        let mut model = MemoryStore::default();
        sqlite.open_stream(&fresh(1)).unwrap();
        model.open_stream(&fresh(1)).unwrap();
        sqlite.commit().unwrap();
        model.commit().unwrap();
        let mut driver = Driver::read(&mut model, 1);
        let mut committed = driver.stream;
        // What the floor shows already is noted lazily: both forget it together.
        let mut pending_shown = false;
        for step in &steps {
            if let Step::Crash = step {
                if pending_shown {
                    continue;
                }
                drop(sqlite);
                sqlite = SqliteStore::open(folder.path()).unwrap();
                model.crash();
                driver = Driver::read(&mut model, committed);
                continue;
            }
            let mut twin = driver.clone();
            driver.perform(step, &mut model);
            twin.perform(step, &mut sqlite);
            match step {
                Step::Commit => committed = driver.stream,
                Step::Shown(_) => pending_shown = true,
                _ => {}
            }
            if pending_shown && matches!(step, Step::Append | Step::Reseal) {
                sqlite.commit().unwrap();
                model.commit().unwrap();
                (committed, pending_shown) = (driver.stream, false);
            }
        }
        if pending_shown {
            driver.clone().perform(&Step::Append, &mut sqlite);
            driver.perform(&Step::Append, &mut model);
        }
        let (mut theirs, mut ours) = (model.load().unwrap(), sqlite.load().unwrap());
        theirs.leases.sort_by_key(|lease| lease.lease_id);
        ours.leases.sort_by_key(|lease| lease.lease_id);
        prop_assert_eq!(ours, theirs);
        prop_assert_eq!(sqlite.journal(ActId(0), 1000).unwrap(), model.journal(ActId(0), 1000).unwrap());
        for n in 0..3 {
            prop_assert_eq!(sqlite.uploaded(&file(n)).unwrap(), model.uploaded(&file(n)).unwrap());
        }
        prop_assert_eq!(sqlite.rows(topic(), "item").unwrap(), model.rows(topic(), "item").unwrap());
        prop_assert_eq!(sqlite.row(topic(), "item", "1").unwrap(), model.row(topic(), "item", "1").unwrap());
    }
}

#[test]
fn a_torn_floor_is_thrown_away_and_the_outbox_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(folder.path()).unwrap();
    store.open_stream(&fresh(1)).unwrap();
    store.append(&Driver { stream: 1, seq: 0, act: 0, open: Vec::new() }.entry(1)).unwrap();
    store.put_row(topic(), &row(1, 1)).unwrap();
    store.commit().unwrap();
    drop(store);
    std::fs::write(folder.path().join("floor.sqlite"), b"this is no database, it is a sentence").unwrap();
    let mut store = SqliteStore::open(folder.path()).unwrap();
    assert_eq!(store.load().unwrap().outbox.len(), 1);
    assert_eq!(store.rows(topic(), "item").unwrap(), []);
}

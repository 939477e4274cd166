//! A server of `floor.sync.v1` in a hundred lines: the idempotency rule of one device's streams, and one feed.

use std::collections::BTreeMap;

use floorline_domain::ids::StreamId;
use floorline_mobile_sync::chain::{self, Hash};
use floorline_mobile_sync::entry::{Origin, WireEntry};
use floorline_mobile_sync::topic::Topic;
use floorline_mobile_sync::wire::{
    ClientFrame, Close, Gap, Hello, Limits, Mode, Raw, Results, Retry, ServerFrame, Submit, TopicState, Welcome,
};
use serde_json::{Value, json};

const PAGE: usize = 3;

#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub last_seq: i64,
    pub last_hash: Hash,
    pub receipts: BTreeMap<i64, (Hash, Raw)>,
    pub sealed: bool,
}

/// An answer on the socket.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Frame(ServerFrame),
    Close(Close),
}

#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub topic: Topic,
    pub streams: BTreeMap<StreamId, Stream>,
    /// Every entry applied, in order: the log.
    pub log: Vec<WireEntry>,
    pub head: i64,
    /// Verdict members by operation, instead of `applied`.
    pub script: BTreeMap<String, Value>,
    /// Answer the next submits with `retry`.
    pub busy: usize,
    /// Answer submits with `gap`, whatever they are.
    pub confused: bool,
    /// Say nothing to submits and seals.
    pub mute: bool,
    /// Mode of every topic in the welcome.
    pub mode: Mode,
    pub jitter_ms: u64,
    pub heartbeat_ms: u64,
    pub minimum_app: String,
    pub frames: Vec<ClientFrame>,
    /// Every entry judged, in order, and whether it was booked.
    pub judged: Vec<(StreamId, i64, bool)>,
    /// Where an entry that was offered again was decided.
    decided: BTreeMap<Origin, (StreamId, i64)>,
    /// How often history was rewound; in every epoch's name.
    rewound: usize,
    session: i64,
    open: Option<StreamId>,
}

impl Server {
    pub(crate) fn new(topic: Topic) -> Self {
        Self {
            topic,
            streams: BTreeMap::new(),
            log: Vec::new(),
            head: 0,
            script: BTreeMap::new(),
            busy: 0,
            confused: false,
            mute: false,
            mode: Mode::Delta,
            jitter_ms: 0,
            heartbeat_ms: 25_000,
            minimum_app: "0".to_owned(),
            frames: Vec::new(),
            judged: Vec::new(),
            decided: BTreeMap::new(),
            rewound: 0,
            session: 0,
            open: None,
        }
    }

    pub(crate) fn receive(&mut self, text: &str, time: i64) -> Vec<Answer> {
        let frame = ClientFrame::parse(text).unwrap();
        self.frames.push(frame.clone());
        let one = |frame| vec![Answer::Frame(frame)];
        match frame {
            ClientFrame::Hello(hello) => self.hello(&hello, time),
            ClientFrame::Results(page) => {
                let (results, more) = self.page(page.after);
                let upto_seq = results.last().map_or(page.after, seq_of);
                one(ServerFrame::Result(Results { upto_seq, results, more }))
            }
            ClientFrame::Submit(submit) => self.submit(submit),
            ClientFrame::Seal(_) if self.mute => Vec::new(),
            ClientFrame::Seal(_) => {
                self.stream().sealed = true;
                vec![Answer::Close(Close::Sealed)]
            }
            ClientFrame::Ping(ping) => {
                one(ServerFrame::Pong(floorline_mobile_sync::wire::Pong { n: ping.n, server_time: None }))
            }
            _ => Vec::new(),
        }
    }

    /// A backup from before the last `k` verdicts is restored; every epoch is another one.
    pub(crate) fn rewind(&mut self, k: usize) {
        for (id, seq, booked) in self.judged.split_off(self.judged.len().saturating_sub(k)).into_iter().rev() {
            let stream = self.streams.get_mut(&id).unwrap();
            stream.receipts.remove(&seq);
            stream.last_seq = seq - 1;
            stream.last_hash = stream.receipts.get(&stream.last_seq).map_or(chain::start(id), |(hash, _)| *hash);
            if booked {
                self.log.pop();
                self.head -= 1;
            }
        }
        self.rewound += 1;
    }

    fn epoch(&self, name: &str) -> String {
        if self.rewound == 0 { name.to_owned() } else { format!("{name}{}", self.rewound) }
    }

    fn stream(&mut self) -> &mut Stream {
        let id = self.open.unwrap();
        self.streams.get_mut(&id).unwrap()
    }

    fn hello(&mut self, hello: &Hello, time: i64) -> Vec<Answer> {
        let id = hello.stream_id.unwrap();
        self.open = Some(id);
        self.session += 1;
        let fresh = || Stream { last_seq: 0, last_hash: chain::start(id), receipts: BTreeMap::new(), sealed: false };
        let stream = self.streams.entry(id).or_insert_with(fresh);
        let acked = hello.acked_seq.unwrap();
        let at_acked =
            if acked == 0 { Some(chain::start(id)) } else { stream.receipts.get(&acked).map(|(hash, _)| *hash) };
        if stream.sealed || at_acked.is_some_and(|hash| Some(hash) != hello.hash) {
            stream.sealed = true;
            return vec![Answer::Close(Close::Sealed)];
        }
        let (last_seq, hash) = (stream.last_seq, stream.last_hash);
        let (results, more) = self.page(acked);
        let topics = hello.subscriptions.iter().map(|subscription| TopicState {
            topic: subscription.topic,
            mode: if subscription.topic == self.topic { self.mode } else { Mode::Denied },
            epoch: self.epoch("e"),
            head: self.head,
        });
        vec![Answer::Frame(ServerFrame::Welcome(Welcome {
            session: self.session,
            server_time: time,
            server_epoch: self.epoch("s"),
            last_seq,
            hash: Some(hash),
            results,
            more,
            topics: topics.collect(),
            limits: Limits {
                jitter_ms: self.jitter_ms,
                heartbeat_ms: self.heartbeat_ms,
                batch_entries: 4,
                ..Limits::default()
            },
            minimum_app: self.minimum_app.clone(),
        }))]
    }

    fn page(&mut self, after: i64) -> (Vec<Raw>, bool) {
        let verdicts: Vec<Raw> =
            self.stream().receipts.range(after + 1..).map(|(_, (_, verdict))| verdict.clone()).collect();
        let more = verdicts.len() > PAGE;
        (verdicts.into_iter().take(PAGE).collect(), more)
    }

    fn submit(&mut self, submit: Submit) -> Vec<Answer> {
        if self.mute {
            return Vec::new();
        }
        if self.confused {
            return vec![Answer::Frame(ServerFrame::Gap(Gap { expect_seq: submit.first_seq }))];
        }
        if self.busy > 0 {
            self.busy -= 1;
            let retry = Retry { from_seq: submit.first_seq, reason: "DB_BUSY".to_owned(), after_ms: 800 };
            return vec![Answer::Frame(ServerFrame::Retry(retry))];
        }
        let mut results = Vec::new();
        for (seq, (entry, hash)) in (submit.first_seq..).zip(submit.entries.iter().zip(&submit.hashes)) {
            let stream = self.stream();
            if seq > stream.last_seq + 1 {
                return vec![Answer::Frame(ServerFrame::Gap(Gap { expect_seq: stream.last_seq + 1 }))];
            }
            if seq <= stream.last_seq {
                let (stored, verdict) = stream.receipts.get(&seq).unwrap();
                if stored != hash {
                    stream.sealed = true;
                    return vec![Answer::Close(Close::Sealed)];
                }
                results.push(verdict.clone());
                continue;
            }
            assert_eq!(chain::next(&stream.last_hash, entry.bytes()), *hash, "the chain holds");
            results.push(self.apply(seq, entry, *hash));
        }
        let upto_seq = results.last().map_or(0, seq_of);
        vec![Answer::Frame(ServerFrame::Result(Results { upto_seq, results, more: false }))]
    }

    fn apply(&mut self, seq: i64, bytes: &Raw, hash: Hash) -> Raw {
        let entry: WireEntry = bytes.read().unwrap();
        assert_eq!(entry.seq, seq);
        let earlier = entry.origin.and_then(|origin| self.find(&origin));
        let logged = self.log.len();
        let mut verdict = match earlier {
            Some(verdict) => verdict.read::<Value>().unwrap(),
            None => self.decide(&entry),
        };
        verdict.as_object_mut().unwrap().insert("seq".to_owned(), json!(seq));
        let verdict = Raw::of(&verdict).unwrap();
        let id = self.open.unwrap();
        self.judged.push((id, seq, self.log.len() > logged));
        if let Some(origin) = entry.origin.filter(|origin| self.find(origin).is_none()) {
            self.decided.insert(origin, (id, seq));
        }
        let stream = self.stream();
        stream.last_seq = seq;
        stream.last_hash = hash;
        stream.receipts.insert(seq, (hash, verdict.clone()));
        verdict
    }

    /// The verdict of an entry where it stood first, or where it was decided when it was offered again.
    fn find(&self, origin: &Origin) -> Option<Raw> {
        let receipt = |id: &StreamId, seq: i64| self.streams.get(id)?.receipts.get(&seq);
        let first = receipt(&origin.stream_id, origin.seq).filter(|(hash, _)| *hash == origin.hash);
        let again = || self.decided.get(origin).and_then(|(id, seq)| receipt(id, *seq));
        first.or_else(again).map(|(_, verdict)| verdict.clone())
    }

    fn decide(&mut self, entry: &WireEntry) -> Value {
        if let Some(scripted) = self.script.get(&entry.op) {
            return scripted.clone();
        }
        self.head += 1;
        self.log.push(entry.clone());
        json!({ "outcome": "applied", "at": { "topic": self.topic, "cursor": self.head } })
    }
}

fn seq_of(verdict: &Raw) -> i64 {
    verdict.read::<Value>().unwrap()["seq"].as_i64().unwrap()
}

//! One session of `floor.sync.v1` after its welcome, as a state machine: frames and answers go in, steps come out.
//!
//! `conversation.rs` does what the steps say. What is tested here is the protocol.

use std::time::Duration;

use floorline_mobile_sync::limits::{BATCH_BYTES, BATCH_ENTRIES, DEAD_AFTER, HEARTBEAT};
use floorline_mobile_sync::wire::{
    ClientFrame, Close, CursorAt, Gap, Ping, Results, Retry, SealReason, ServerFrame, Submit,
};

use super::results::ResultsPage;
use crate::floor::engine::Submitted;

/// A phone greets anew after this: its lease, which comes with the answer, is good for twice as long.
const GREETS_ANEW: Duration = Duration::from_secs(8 * 60 * 60);

/// What the socket must do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Send a frame.
    Send(ServerFrame),
    /// Give the batch to the engine; answer with [`Session::submitted`].
    Submit(Submit),
    /// Read stored verdicts; answer with [`Session::page`].
    ReadResults {
        /// From the one after this.
        after: i64,
    },
    /// End the stream for good; answer with [`Session::sealed`].
    Seal(SealReason),
    /// A feed's reader says where it stands.
    Report(CursorAt),
    /// Answer a ping, with the server's clock, and remember the outbox it tells of.
    Pong(Ping),
    /// End the connection.
    Close(Close),
}

/// What the writing half of a session knows.
#[derive(Clone, Debug)]
pub struct Writing {
    /// The last entry with a verdict.
    pub last_seq: i64,
    /// The last verdict that the device has.
    pub acked_seq: i64,
    /// Pages of stored verdicts are still to be fetched.
    pub more: bool,
}

/// A welcomed session.
#[derive(Debug)]
pub struct Session {
    number: i64,
    writing: Option<Writing>,
    /// The last entry of the batch that the engine has.
    in_flight: Option<i64>,
    reading: bool,
    sealing: bool,
    /// The last moment the peer was heard, since the session began.
    heard: Duration,
    pinged: Duration,
    pings: i64,
}

impl Session {
    /// A session as it was welcomed; without `writing` it only reads.
    pub fn new(number: i64, writing: Option<Writing>) -> Self {
        Self {
            number,
            writing,
            in_flight: None,
            reading: false,
            sealing: false,
            heard: Duration::ZERO,
            pinged: Duration::ZERO,
            pings: 0,
        }
    }

    /// The last verdict that the device says it has.
    pub fn acked_seq(&self) -> Option<i64> {
        self.writing.as_ref().map(|writing| writing.acked_seq)
    }

    /// Anything came from the peer, `now` after the session began.
    pub fn heard(&mut self, now: Duration) {
        self.heard = now;
    }

    /// A frame came.
    pub fn frame(&mut self, frame: ClientFrame) -> Option<Step> {
        match frame {
            ClientFrame::Hello(_) => Some(Step::Close(Close::BadFrame)),
            ClientFrame::Submit(submit) => Some(self.submit(submit)),
            ClientFrame::Results(asked) => self.results(asked.after),
            ClientFrame::Cursor(at) => Some(Step::Report(at)),
            ClientFrame::Acked(acked) => {
                self.ack(acked.seq);
                None
            }
            ClientFrame::Seal(seal) => self.seal(seal.reason),
            ClientFrame::Ping(ping) => Some(Step::Pong(ping)),
            ClientFrame::Pong(_) | ClientFrame::Unknown => None,
        }
    }

    fn submit(&mut self, submit: Submit) -> Step {
        let Some(writing) = &self.writing else { return Step::Close(Close::BadFrame) };
        if submit.session.is_some_and(|session| session != self.number) {
            return Step::Close(Close::Replaced);
        }
        if !is_batch(&submit) {
            return Step::Close(Close::BadFrame);
        }
        // Nothing is lost by asking for it again; nothing is queued beyond one batch.
        if self.in_flight.is_some() {
            return retry(submit.first_seq, "IN_FLIGHT", 50);
        }
        if writing.more || self.reading {
            return retry(submit.first_seq, "RESULTS_FIRST", 50);
        }
        let count = i64::try_from(submit.entries.len()).unwrap_or(i64::MAX);
        self.in_flight = Some(submit.first_seq.saturating_add(count - 1));
        Step::Submit(submit)
    }

    fn seal(&mut self, reason: SealReason) -> Option<Step> {
        if self.writing.is_none() {
            return Some(Step::Close(Close::BadFrame));
        }
        // Once is enough; the close follows.
        let first = !std::mem::replace(&mut self.sealing, true);
        first.then_some(Step::Seal(reason))
    }

    fn results(&mut self, after: i64) -> Option<Step> {
        let Some(writing) = &self.writing else { return Some(Step::Close(Close::BadFrame)) };
        if self.reading {
            return None;
        }
        self.reading = true;
        Some(Step::ReadResults { after: after.clamp(0, writing.last_seq) })
    }

    fn ack(&mut self, seq: i64) {
        if let Some(writing) = &mut self.writing {
            writing.acked_seq = writing.acked_seq.max(seq.min(writing.last_seq));
        }
    }

    /// The engine answered the batch in flight.
    pub fn submitted(&mut self, submitted: Submitted) -> Vec<Step> {
        let sent = self.in_flight.take();
        vec![match submitted {
            Submitted::Result { upto_seq, results } => {
                if let Some(writing) = &mut self.writing {
                    writing.last_seq = writing.last_seq.max(upto_seq);
                }
                let result = Step::Send(ServerFrame::Result(Results { upto_seq, results, more: false }));
                if sent.is_some_and(|last| upto_seq < last) {
                    // The rest was not decided: without a word the device would wait for it until its watchdog barks. When the stream was
                    // sealed in the middle, sending it again finds that out.
                    return vec![result, retry(upto_seq + 1, "REST_UNDECIDED", 50)];
                }
                result
            }
            Submitted::Retry { from_seq, reason, after_ms } => retry(from_seq, reason, after_ms),
            Submitted::Gap { expect_seq } => Step::Send(ServerFrame::Gap(Gap { expect_seq })),
            Submitted::Stale => Step::Close(Close::Replaced),
            Submitted::Sealed => Step::Close(Close::Sealed),
            // The row was there at the hello: the database was rewound meanwhile. A new hello finds out what is missing.
            Submitted::Unknown => Step::Close(Close::Draining),
        }]
    }

    /// Stored verdicts were read; `None` when that failed.
    pub fn page(&mut self, after: i64, page: Option<ResultsPage>) -> Step {
        self.reading = false;
        let Some(page) = page else { return retry(after + 1, "DB_BUSY", 800) };
        if let Some(writing) = &mut self.writing {
            writing.more = page.more;
        }
        Step::Send(ServerFrame::Result(Results { upto_seq: page.upto_seq, results: page.results, more: page.more }))
    }

    /// The stream was sealed, or that failed: then the device asks again after its next hello.
    pub fn sealed(&self, stored: bool) -> Step {
        Step::Close(if stored { Close::Sealed } else { Close::Draining })
    }

    /// Time passed: a heartbeat, or the end of a silent connection or of a phone's that is old.
    pub fn tick(&mut self, now: Duration) -> Option<Step> {
        if now.saturating_sub(self.heard) >= DEAD_AFTER {
            return Some(Step::Close(Close::Other(1001)));
        }
        if now >= GREETS_ANEW && self.writing.is_some() && self.in_flight.is_none() {
            return Some(Step::Close(Close::Draining));
        }
        if now.saturating_sub(self.pinged) < HEARTBEAT {
            return None;
        }
        self.pinged = now;
        self.pings += 1;
        Some(Step::Send(ServerFrame::Ping(Ping { n: self.pings, outbox: None })))
    }
}

fn retry(from_seq: i64, reason: &str, after_ms: u64) -> Step {
    Step::Send(ServerFrame::Retry(Retry { from_seq, reason: reason.into(), after_ms }))
}

/// Whether a submit keeps the limits of its frame. An entry that is too large is judged by itself, not here.
pub fn is_batch(submit: &Submit) -> bool {
    let bytes: usize = submit.entries.iter().map(|entry| entry.bytes().len()).sum();
    submit.first_seq >= 1
        && (1..=BATCH_ENTRIES).contains(&submit.entries.len())
        && submit.entries.len() == submit.hashes.len()
        && bytes <= BATCH_BYTES
}

#[cfg(test)]
mod tests {
    use floorline_mobile_sync::chain::{self, Hash};
    use floorline_mobile_sync::wire::{Acked, Hello, Raw, ResultsAfter, Seal};

    use super::*;

    fn session() -> Session {
        Session::new(42, Some(Writing { last_seq: 7, acked_seq: 5, more: false }))
    }

    fn submit(first_seq: i64, count: usize) -> Submit {
        let hash: Hash = chain::sha256(b"x");
        Submit {
            session: Some(42),
            first_seq,
            entries: (0..count).map(|_| Raw::new("{}").unwrap()).collect(),
            hashes: vec![hash; count],
            traceparent: None,
        }
    }

    fn reason_of(step: Option<Step>) -> String {
        match step {
            Some(Step::Send(ServerFrame::Retry(retry))) => retry.reason,
            other => panic!("not a retry: {other:?}"),
        }
    }

    #[test]
    fn one_batch_is_in_flight_and_a_second_is_asked_for_again() {
        let mut session = session();
        assert!(matches!(session.frame(ClientFrame::Submit(submit(8, 1))), Some(Step::Submit(_))));
        assert_eq!(reason_of(session.frame(ClientFrame::Submit(submit(9, 1)))), "IN_FLIGHT");
        let steps = session.submitted(Submitted::Result { upto_seq: 8, results: Vec::new() });
        assert!(matches!(steps.as_slice(), [Step::Send(ServerFrame::Result(_))]));
        assert!(matches!(session.frame(ClientFrame::Submit(submit(9, 1))), Some(Step::Submit(_))));
    }

    #[test]
    fn no_batch_is_taken_while_verdicts_wait_to_be_fetched() {
        let mut session = Session::new(42, Some(Writing { last_seq: 900, acked_seq: 0, more: true }));
        assert_eq!(reason_of(session.frame(ClientFrame::Submit(submit(901, 1)))), "RESULTS_FIRST");
        let step = session.frame(ClientFrame::Results(ResultsAfter { after: 400 }));
        assert_eq!(step, Some(Step::ReadResults { after: 400 }));
        let page = ResultsPage { upto_seq: 900, results: Vec::new(), more: false };
        assert!(matches!(session.page(400, Some(page)), Step::Send(ServerFrame::Result(_))));
        assert!(matches!(session.frame(ClientFrame::Submit(submit(901, 1))), Some(Step::Submit(_))));
    }

    #[test]
    fn what_breaks_the_frame_closes_the_socket_and_stores_nothing() {
        let close = |submit: Submit| session().frame(ClientFrame::Submit(submit));
        let bad = Some(Step::Close(Close::BadFrame));
        assert_eq!(close(submit(8, 0)), bad);
        assert_eq!(close(submit(0, 1)), bad);
        assert_eq!(close(submit(8, BATCH_ENTRIES + 1)), bad);
        let mut uneven = submit(8, 2);
        uneven.hashes.pop();
        assert_eq!(close(uneven), bad);
        let mut large = submit(8, 4);
        large.entries = (0..4).map(|_| Raw::of(&"x".repeat(BATCH_BYTES / 4)).unwrap()).collect();
        assert_eq!(close(large), bad);
        let mut stale = submit(8, 1);
        stale.session = Some(41);
        assert_eq!(close(stale), Some(Step::Close(Close::Replaced)));
        assert_eq!(session().frame(ClientFrame::Hello(Hello::default())), bad);
    }

    #[test]
    fn a_reader_may_not_write() {
        let mut reader = Session::new(0, None);
        let bad = Some(Step::Close(Close::BadFrame));
        assert_eq!(reader.frame(ClientFrame::Submit(submit(1, 1))), bad);
        assert_eq!(reader.frame(ClientFrame::Seal(Seal { reason: SealReason::Wiped })), bad);
        assert_eq!(reader.frame(ClientFrame::Results(ResultsAfter { after: 0 })), bad);
        assert_eq!(reader.frame(ClientFrame::Unknown), None);
    }

    #[test]
    fn an_acknowledgement_never_goes_back_nor_past_what_was_decided() {
        let mut session = session();
        for (seq, expected) in [(6, 6), (4, 6), (9_999, 7)] {
            session.frame(ClientFrame::Acked(Acked { seq }));
            assert_eq!(session.acked_seq(), Some(expected));
        }
    }

    #[test]
    fn each_answer_of_the_engine_has_its_frame_or_close() {
        let close = |submitted| session().submitted(submitted);
        assert_eq!(close(Submitted::Stale), [Step::Close(Close::Replaced)]);
        assert_eq!(close(Submitted::Sealed), [Step::Close(Close::Sealed)]);
        assert_eq!(close(Submitted::Unknown), [Step::Close(Close::Draining)]);
        assert_eq!(close(Submitted::Gap { expect_seq: 3 }), [Step::Send(ServerFrame::Gap(Gap { expect_seq: 3 }))]);
    }

    #[test]
    fn the_rest_of_a_batch_that_was_decided_in_part_is_asked_for_again() {
        let mut session = session();
        session.frame(ClientFrame::Submit(submit(8, 3)));
        let steps = session.submitted(Submitted::Result { upto_seq: 9, results: Vec::new() });
        let [Step::Send(ServerFrame::Result(_)), Step::Send(ServerFrame::Retry(retry))] = steps.as_slice() else {
            panic!("{steps:?}")
        };
        assert_eq!(retry.from_seq, 10);
        assert!(matches!(session.frame(ClientFrame::Submit(submit(10, 1))), Some(Step::Submit(_))));
    }

    #[test]
    fn a_stream_is_sealed_once() {
        let mut session = session();
        let seal = || ClientFrame::Seal(Seal { reason: SealReason::Wiped });
        assert_eq!(session.frame(seal()), Some(Step::Seal(SealReason::Wiped)));
        assert_eq!(session.frame(seal()), None);
    }

    #[test]
    fn silence_ends_the_connection_and_a_heartbeat_comes_before() {
        let mut session = session();
        assert_eq!(session.tick(Duration::from_secs(24)), None);
        assert!(matches!(session.tick(Duration::from_secs(25)), Some(Step::Send(ServerFrame::Ping(_)))));
        session.heard(Duration::from_secs(30));
        assert_eq!(session.tick(Duration::from_secs(49)), None);
        assert!(matches!(session.tick(Duration::from_secs(89)), Some(Step::Send(_))));
        assert_eq!(session.tick(Duration::from_secs(90)), Some(Step::Close(Close::Other(1001))));
    }

    #[test]
    fn a_phone_greets_anew_before_its_lease_ends_but_not_while_a_batch_is_decided() {
        let mut session = session();
        session.heard(GREETS_ANEW);
        assert!(matches!(session.tick(GREETS_ANEW.saturating_sub(Duration::from_secs(1))), Some(Step::Send(_))));
        session.frame(ClientFrame::Submit(submit(8, 1)));
        assert_eq!(session.tick(GREETS_ANEW), None);
        session.submitted(Submitted::Result { upto_seq: 8, results: Vec::new() });
        assert_eq!(session.tick(GREETS_ANEW), Some(Step::Close(Close::Draining)));

        let mut board = Session::new(0, None);
        board.heard(GREETS_ANEW);
        assert!(matches!(board.tick(GREETS_ANEW), Some(Step::Send(_))), "it has no lease");
    }
}

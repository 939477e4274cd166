//! Two futures for one `seq`: the stream ends, the body that came late is kept as a case, and the server's own stream says so.

use floorline_domain::{CaseId, Outcome, StreamId};
use floorline_mobile_sync::op::read_entry;
use serde_json::json;

use super::super::submission::Submitted;
use super::cases::NewCase;
use super::intake::{Arrival, By, Offered, StreamState};
use super::judging::Judged;
use super::placing::Slot;
use super::record::{Record, Subject};
use crate::platform::http::ApiError;

impl Judged<'_> {
    /// Seals the streams that forked in this batch.
    pub(super) fn keep_forks(&mut self) -> Result<(), ApiError> {
        for (stream, fork) in self.take_forks() {
            tracing::warn!(stream.id = %stream, seq = fork.seq, "stream forked and was sealed");
            self.keep_fork(stream, fork)?;
        }
        Ok(())
    }

    fn take_forks(&mut self) -> Vec<(StreamId, Offered)> {
        let mut forks = Vec::new();
        for slot in &mut self.batch.slots {
            let Slot::Device { answered, repeated, fresh, fork, stream, .. } = slot else { continue };
            let other_past = repeated.iter().position(|offered| {
                self.world.receipts.get(&(*stream, offered.seq)).is_some_and(|receipt| receipt.hash != offered.hash)
            });
            if let Some(place) = other_past {
                forks.push((*stream, repeated.swap_remove(place)));
                *answered = Some(Submitted::Sealed);
            } else if let Some(fork) = fork.take() {
                forks.push((*stream, fork));
                if fresh.is_empty() && repeated.is_empty() {
                    *answered = Some(Submitted::Sealed);
                }
            }
        }
        forks
    }

    fn keep_fork(&mut self, stream: StreamId, fork: Offered) -> Result<(), ApiError> {
        let moment = self.batch.moment;
        let late = Arrival {
            stream,
            seq: fork.seq,
            hash: fork.hash,
            read: read_entry(&fork.body, fork.seq),
            body: fork.body,
            by: By::Present,
            occurred_at: moment.now,
            uncertainty_ms: None,
        };
        let case = NewCase::of(&late, CaseId((moment.new_id)()), true, "FORK", Outcome::Parked, moment.site);
        let device = self.batch.streams.get(&stream).and_then(|held| held.device);
        let data = json!({ "stream_id": stream, "device_id": device, "seq": fork.seq, "case_id": case.id });
        let author = late.read.as_ref().ok().map(|entry| entry.actor);
        let actor = self.cause(&late, author).actor;
        let sealing = self.enter("stream.seal", data.clone(), &actor)?;
        self.ledger.record(Record {
            subject: Subject::stream(stream),
            version: 1,
            kind: "stream.sealed",
            after: data.clone(),
            data,
            topics: vec![moment.topic()],
            brand_after: None,
        });
        case.tell(&mut self.ledger);
        self.world.cases.push(case);
        self.leave(sealing);
        if let Some(held) = self.batch.streams.get_mut(&stream) {
            held.state = StreamState::Sealed;
            held.changed = true;
        }
        Ok(())
    }
}

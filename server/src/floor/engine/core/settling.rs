//! Verdicts get their cursors: what is stored last in a batch's transaction, and what everyone is answered once that is durable.

use floorline_domain::{Outcome, StreamId};
use floorline_mobile_sync::verdict::Verdict;
use floorline_mobile_sync::wire::{Position, Raw};
use uuid::Uuid;

use super::super::submission::{Acted, Submitted};
use super::Reply;
use super::found::FoundReceipt;
use super::intake::{By, HeldStream, Offered, StreamState};
use super::judging::Judged;
use super::placing::Slot;
use super::receipt::{Head, Receipt, Watermark};
use crate::platform::http::ApiError;

/// The end of a batch.
pub struct Settled {
    /// The stored end of each of its entries.
    pub receipts: Vec<Receipt>,
    /// Where its streams stand.
    pub watermarks: Vec<Watermark>,
    /// Streams that end here.
    pub sealed: Vec<Uuid>,
    /// The answers, in the order of the asks: to be given after COMMIT only.
    pub replies: Vec<Reply>,
}

impl Judged<'_> {
    /// Completes the verdicts by the cursors that follow from the topics' `heads` after the batch.
    ///
    /// # Errors
    /// A verdict cannot be written as JSON.
    pub fn settle(&mut self, heads: Vec<Head>) -> Result<Settled, ApiError> {
        self.ledger.moved(heads);
        let receipts = self.receipts()?;
        let changed = || self.batch.streams.values().filter(|stream| stream.changed);
        Ok(Settled {
            watermarks: changed().map(watermark).collect::<Result<_, _>>()?,
            sealed: changed().filter(|stream| stream.state == StreamState::Sealed).map(|stream| stream.id.0).collect(),
            replies: self.replies(),
            receipts,
        })
    }

    /// Completes every draft by its cursor and writes the bytes that will be sent, now and ever after.
    fn receipts(&mut self) -> Result<Vec<Receipt>, ApiError> {
        let mut receipts = Vec::new();
        for (index, draft) in &mut self.drafts {
            let Some(arrival) = self.batch.arrivals.get(*index) else { continue };
            if let Some((topic, mark)) = &draft.at {
                let name = topic.name(self.batch.moment.org).parse().map_err(ApiError::internal)?;
                draft.verdict.at = self.ledger.cursor(topic, *mark).map(|cursor| Position { topic: name, cursor });
            }
            let raw = Raw::of(&draft.verdict).map_err(ApiError::internal)?;
            let entry = arrival.read.as_ref().ok();
            let origin = match &arrival.by {
                By::Case { origin, .. } => Some(*origin),
                _ => arrival.origin(),
            };
            receipts.push(Receipt {
                stream_id: arrival.stream,
                seq: arrival.seq,
                hash: arrival.hash.0,
                outcome: draft.verdict.outcome,
                reason: draft.verdict.reason,
                verdict: raw.text().to_owned(),
                actor_id: draft.author,
                device_time: entry.and_then(|entry| entry.clock.as_ref()).map(|clock| clock.device_time),
                occurred_at: arrival.occurred_at,
                uncertainty_ms: arrival.uncertainty_ms,
                origin: origin
                    .filter(|_| draft.names_origin)
                    .map(|origin| (origin.stream_id, origin.seq, origin.hash.0)),
            });
            self.verdicts.insert(*index, raw);
        }
        Ok(receipts)
    }

    /// The first refusal of what the server itself brought; then nothing of it may be stored.
    pub fn refusal(&self) -> Option<ApiError> {
        self.batch.slots.iter().find_map(|slot| match slot {
            Slot::Act { reply: Some(Err(error)), .. } => Some(error.again()),
            Slot::Act { arrival: Some(index), .. } => self.refused.get(index).cloned().map(ApiError::from),
            _ => None,
        })
    }

    /// What the acts of the batch did, by their place among its asks; none for those that were refused or answered before.
    pub fn acts(&self) -> Vec<Option<Acted>> {
        let arrivals = self.batch.slots.iter().map(|slot| match slot {
            Slot::Act { arrival, .. } => *arrival,
            Slot::Device { .. } => None,
        });
        arrivals.map(|arrival| arrival.and_then(|index| self.acted(index))).collect()
    }

    fn acted(&self, index: usize) -> Option<Acted> {
        self.drafts.get(&index).map(|draft| Acted {
            verdict: draft.verdict.clone(),
            item: draft.item.as_ref().map(|item| serde_json::to_value(item).unwrap_or_default()),
            record: draft.record.clone(),
            replayed: false,
        })
    }

    /// The answers, in the order of the asks: to be given after COMMIT only.
    fn replies(&self) -> Vec<Reply> {
        self.batch
            .slots
            .iter()
            .map(|slot| match slot {
                Slot::Act { reply: Some(reply), .. } => Reply::Act(match reply {
                    Ok(acted) => Ok(acted.clone()),
                    Err(error) => Err(error.again()),
                }),
                Slot::Act { arrival, .. } => Reply::Act(self.answer_act(*arrival)),
                Slot::Device { answered: Some(answer), .. } => Reply::Device(answer.clone()),
                Slot::Device { repeated, fresh, stream, first_seq, .. } => {
                    Reply::Device(self.answer_device(*stream, *first_seq, repeated, fresh))
                }
            })
            .collect()
    }

    fn answer_act(&self, arrival: Option<usize>) -> Result<Acted, ApiError> {
        let index = arrival.unwrap_or(usize::MAX);
        if let Some(refusal) = self.refused.get(&index) {
            return Err(refusal.clone().into());
        }
        self.acted(index).ok_or_else(|| ApiError::internal(anyhow::anyhow!("an act was not judged")))
    }

    fn answer_device(&self, stream: StreamId, first_seq: i64, repeated: &[Offered], fresh: &[usize]) -> Submitted {
        let earlier = repeated.iter().filter_map(|offered| self.stored(stream, offered.seq));
        let now = fresh.iter().filter_map(|index| self.verdicts.get(index).cloned());
        let results: Vec<Raw> = earlier.chain(now).collect();
        let count = i64::try_from(results.len()).unwrap_or_default();
        Submitted::Result { upto_seq: first_seq + count - 1, results }
    }

    /// The verdict as it was sent before, or `pruned`.
    fn stored(&self, stream: StreamId, seq: i64) -> Option<Raw> {
        match self.world.receipts.get(&(stream, seq)) {
            Some(FoundReceipt { verdict: Some(text), .. }) => Raw::new(text.clone()).ok(),
            _ => Raw::of(&Verdict::new(seq, Outcome::Pruned)).ok(),
        }
    }
}

fn watermark(stream: &HeldStream) -> Result<Watermark, ApiError> {
    Ok(Watermark {
        stream_id: stream.id,
        last_seq: stream.last_seq,
        last_hash: stream.last_hash.0,
        last_occurred_at: stream.last_occurred_at,
        recent_scans: serde_json::to_value(&stream.recent_scans).map_err(ApiError::internal)?,
    })
}

//! Places every ask of a batch: which entries need a verdict, which have one, and what they refer to.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use floorline_domain::{DeviceId, Refusal, StreamId, UserId};
use floorline_mobile_sync::chain::Hash;
use floorline_mobile_sync::entry::{Clock, Entry};
use floorline_mobile_sync::limits::SCHEMA;
use floorline_mobile_sync::op::{Unreadable, read_entry};

use super::super::submission::{Act, Acted, DeviceSubmit, KeptEntry, Submitted};
use super::intake::{Arrival, By, HeldStream, Offered, Placed, origin, place};
use super::needs::Needs;
use super::record::Actor;
use super::{Ask, Moment};
use crate::platform::http::ApiError;

/// The asks of a batch and their entries, read before anything is locked.
pub struct Offers<'a> {
    asks: &'a [Ask<'a>],
    read: Vec<Vec<Result<Entry, Unreadable>>>,
}

impl<'a> Offers<'a> {
    /// Reads them.
    pub fn read(asks: &'a [Ask<'a>]) -> Self {
        let read = asks.iter().map(|ask| match ask {
            Ask::Device(submit) => {
                (submit.first_seq..).zip(&submit.entries).map(|(seq, body)| read_entry(body.bytes(), seq)).collect()
            }
            Ask::Act { .. } => Vec::new(),
            Ask::Kept { entry, .. } => vec![read_entry(&entry.body, entry.origin.seq)],
        });
        Self { read: read.collect(), asks }
    }

    /// Streams that devices leave: entries that stood there first are offered again on others. They are to be there, sealed, before
    /// streams are locked. A server that was put back to its backup may not know one, and a copy of the phone must not open it anew.
    pub fn left(&self) -> BTreeMap<StreamId, DeviceId> {
        let mut left = BTreeMap::new();
        for (ask, read) in self.asks.iter().zip(&self.read) {
            let Ask::Device(submit) = ask else { continue };
            for origin in read.iter().filter_map(origin).filter(|origin| origin.stream_id != submit.stream_id) {
                left.entry(origin.stream_id).or_insert(submit.device_id);
            }
        }
        left
    }

    /// The streams to lock: those that write, and those where entries that are offered again stood first.
    pub fn streams(&self) -> BTreeSet<StreamId> {
        let writing = self.asks.iter().filter_map(|ask| match ask {
            Ask::Device(submit) => Some(submit.stream_id),
            Ask::Kept { entry, .. } => Some(entry.origin.stream_id),
            Ask::Act { .. } => None,
        });
        let origins = self.read.iter().flatten().filter_map(origin);
        writing.chain(origins.map(|origin| origin.stream_id)).collect()
    }
}

/// What an ask has become.
pub(super) enum Slot {
    Device {
        answered: Option<Submitted>,
        repeated: Vec<Offered>,
        fresh: Vec<usize>,
        fork: Option<Offered>,
        stream: StreamId,
        first_seq: i64,
    },
    Act {
        arrival: Option<usize>,
        reply: Option<Result<Acted, ApiError>>,
    },
}

/// Asks that have their places.
pub struct Batch<'a> {
    pub(super) moment: &'a Moment<'a>,
    pub(super) streams: BTreeMap<StreamId, HeldStream>,
    pub(super) arrivals: Vec<Arrival>,
    pub(super) slots: Vec<Slot>,
}

impl<'a> Batch<'a> {
    /// Turns every ask into arrivals or an answer, and collects what they refer to. `streams` are under lock, the server's own among them;
    /// `answers` has, for each ask, the answer that it got before if it did.
    pub fn place(
        moment: &'a Moment<'a>,
        offers: Offers<'_>,
        streams: BTreeMap<StreamId, HeldStream>,
        answers: Vec<Option<Result<Acted, ApiError>>>,
    ) -> (Self, Needs) {
        let mut batch = Self { moment, streams, arrivals: Vec::new(), slots: Vec::new() };
        let mut needs = Needs::default();
        for ((ask, read), answer) in offers.asks.iter().zip(offers.read).zip(answers) {
            let slot = match (ask, answer) {
                (_, Some(reply)) => Slot::Act { arrival: None, reply: Some(reply) },
                (Ask::Device(submit), None) => batch.place_submit(submit, read, &mut needs),
                (Ask::Act { actor, act, monotonic_ms }, None) => batch.place_act(actor, act, *monotonic_ms, &mut needs),
                (Ask::Kept { entry, lent_by }, None) => batch.place_kept(entry, read, *lent_by, &mut needs),
            };
            batch.slots.push(slot);
        }
        (batch, needs)
    }

    fn place_submit(&mut self, submit: &DeviceSubmit, read: Vec<Result<Entry, Unreadable>>, needs: &mut Needs) -> Slot {
        let (answered, repeated, fresh, fork) = match place(submit, read, &mut self.streams, self.moment.now) {
            Placed::Answered(answer) => (Some(answer), Vec::new(), Vec::new(), None),
            Placed::Open { repeated, fresh, fork } => (None, repeated, fresh, fork),
        };
        for offered in &repeated {
            needs.receipt(submit.stream_id, offered.seq);
        }
        let mut places = Vec::new();
        for arrival in fresh {
            if self.moment.poisoned.contains(&(arrival.stream, arrival.seq)) {
                needs.author(&arrival);
            } else {
                needs.arrival(&arrival);
            }
            places.push(self.arrivals.len());
            self.arrivals.push(arrival);
        }
        Slot::Device { answered, repeated, fresh: places, fork, stream: submit.stream_id, first_seq: submit.first_seq }
    }

    fn place_act(&mut self, actor: &Actor, act: &Act, monotonic_ms: i64, needs: &mut Needs) -> Slot {
        let clock = Clock {
            device_time: self.moment.now.timestamp_millis(),
            monotonic: monotonic_ms,
            boot_id: self.moment.server_stream.to_string(),
        };
        let entry = Entry {
            seq: 0,
            schema: SCHEMA,
            op: act.operation.clone(),
            item_id: act.item_id,
            stage: None,
            base: None,
            actor: actor.id,
            lease_id: None,
            clock: Some(clock),
            blobs: act.blobs.clone(),
            origin: None,
        };
        self.place_server_entry(entry, By::Present, (self.moment.now, None), needs)
    }

    fn place_kept(
        &mut self,
        kept: &KeptEntry,
        read: Vec<Result<Entry, Unreadable>>,
        lent_by: Option<UserId>,
        needs: &mut Needs,
    ) -> Slot {
        match read.into_iter().next() {
            Some(Ok(entry)) => {
                // Booked as of now: what the worker's screen showed then binds nobody any more.
                let entry = Entry { base: None, stage: None, lease_id: None, origin: Some(kept.origin), ..entry };
                let at = (kept.occurred_at.unwrap_or(self.moment.now), kept.uncertainty_ms);
                self.place_server_entry(entry, By::Case { origin: kept.origin, lent_by }, at, needs)
            }
            Some(Err(unreadable)) => {
                let detail = serde_json::json!({ "field": unreadable.field, "message": unreadable.message });
                Slot::Act { arrival: None, reply: Some(Err(Refusal::new(unreadable.reason).with(detail).into())) }
            }
            None => Slot::Act { arrival: None, reply: Some(Err(ApiError::not_found("entry"))) },
        }
    }

    /// Gives a present entry its provisional place; its `seq` and hash are fixed when it is known to book.
    fn place_server_entry(
        &mut self,
        entry: Entry,
        by: By,
        (occurred_at, uncertainty_ms): (DateTime<Utc>, Option<i64>),
        needs: &mut Needs,
    ) -> Slot {
        let arrival = Arrival {
            stream: self.moment.server_stream,
            seq: 0,
            hash: Hash([0; 32]),
            body: Vec::new(),
            occurred_at,
            uncertainty_ms,
            read: Ok(entry),
            by,
        };
        needs.arrival(&arrival);
        self.arrivals.push(arrival);
        Slot::Act { arrival: Some(self.arrivals.len() - 1), reply: None }
    }
}

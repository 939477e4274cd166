//! From bytes to arrivals: which entries of a submit are new, which were decided before, and which cannot be here
//! (`sync-protocol.md` section 4, rules 1 to 3).

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use floorline_domain::{DeviceId, StreamId, UserId};
use floorline_mobile_sync::chain::{self, Hash};
use floorline_mobile_sync::entry::{Entry, Origin};
use floorline_mobile_sync::op::Unreadable;
use floorline_mobile_sync::wire::Raw;
use serde::{Deserialize, Serialize};

use super::super::submission::{DeviceSubmit, Submitted};

/// A stream's row under lock, moved along as entries of the batch are placed.
#[derive(Clone, Debug)]
pub struct HeldStream {
    /// Which.
    pub id: StreamId,
    /// Its device; none for the server's own.
    pub device: Option<DeviceId>,
    /// Whether it takes entries.
    pub state: StreamState,
    /// The session that holds it.
    pub session: i64,
    /// The epoch of the server that locked the row.
    pub server_epoch: String,
    /// Its last entry before the batch.
    pub stored_seq: i64,
    /// Its last entry.
    pub last_seq: i64,
    /// That entry's hash.
    pub last_hash: Hash,
    /// When its latest act happened.
    pub last_occurred_at: Option<DateTime<Utc>>,
    /// Scans of the last ten seconds by the stream's own clock.
    pub recent_scans: Vec<RecentScan>,
    /// Whether the batch moved it.
    pub changed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamState {
    /// It does.
    Open,
    /// Its device was revoked: everything new is parked.
    Fenced,
    /// It is over.
    Sealed,
}

/// A scan of the last ten seconds by the stream's own clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentScan {
    /// What was read.
    pub code: String,
    /// In which stage.
    pub stage: Option<String>,
    /// By whom.
    pub worker: UserId,
    /// The life of the clock.
    pub boot_id: String,
    /// Milliseconds on it.
    pub monotonic: i64,
    /// The scan's entry.
    pub seq: i64,
}

/// One entry that needs a verdict.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) stream: StreamId,
    pub(super) seq: i64,
    pub(super) hash: Hash,
    pub(super) body: Vec<u8>,
    pub(super) read: Result<Entry, Unreadable>,
    pub(super) by: By,
    pub(super) occurred_at: DateTime<Utc>,
    pub(super) uncertainty_ms: Option<i64>,
}

impl Arrival {
    /// Where it stood first, when it is offered again.
    pub(super) fn origin(&self) -> Option<Origin> {
        origin(&self.read)
    }
}

/// Where an entry stood first, when it is offered again; one that cannot be read may still say so.
pub(super) fn origin(read: &Result<Entry, Unreadable>) -> Option<Origin> {
    match read {
        Ok(entry) => entry.origin,
        Err(unreadable) => unreadable.origin,
    }
}

/// On whose word the actor is believed.
#[derive(Clone, Debug)]
pub(super) enum By {
    /// A phone, in whose session `user` is signed in.
    Device { device: DeviceId, user: UserId, fenced: bool },
    /// The server: the request was authorised, and saw everything up to now.
    Present,
    /// The server, for an entry of a case; who decided it lends their permissions.
    Case { origin: Origin, lent_by: Option<UserId> },
}

/// Where a submit stands.
pub(super) enum Placed {
    /// It is answered already.
    Answered(Submitted),
    /// `repeated` have receipts, `fresh` need verdicts, and a `fork` may follow them.
    Open { repeated: Vec<Offered>, fresh: Vec<Arrival>, fork: Option<Offered> },
}

/// An entry as it was offered: one that has a receipt, or one that is not the future its stream has.
#[derive(Clone, Debug)]
pub(super) struct Offered {
    pub(super) seq: i64,
    pub(super) hash: Hash,
    pub(super) body: Vec<u8>,
}

/// Places the entries of `submit`; moves the stream on by those that are new.
pub(super) fn place(
    submit: &DeviceSubmit,
    read: Vec<Result<Entry, Unreadable>>,
    streams: &mut BTreeMap<StreamId, HeldStream>,
    now: DateTime<Utc>,
) -> Placed {
    let later = || Placed::Answered(Submitted::Retry { from_seq: submit.first_seq, reason: "IN_FLIGHT", after_ms: 50 });
    if !leave_behind(submit, &read, streams) {
        return later();
    }
    let Some(stream) = streams.get_mut(&submit.stream_id).filter(|stream| stream.device == Some(submit.device_id))
    else {
        return Placed::Answered(Submitted::Unknown);
    };
    if stream.state == StreamState::Sealed {
        return Placed::Answered(Submitted::Sealed);
    }
    let session = submit.session.as_ref();
    if session.is_some_and(|session| session.number != stream.session) {
        return Placed::Answered(Submitted::Stale);
    }
    if submit.first_seq > stream.last_seq + 1 {
        return Placed::Answered(Submitted::Gap { expect_seq: stream.last_seq + 1 });
    }
    // A rewind may have put the row back to this very number, and what would be decided now the phone may have a verdict of already.
    if session.is_some_and(|session| session.server_epoch != stream.server_epoch) {
        return Placed::Answered(Submitted::Stale);
    }
    let (mut repeated, mut fresh) = (Vec::new(), Vec::new());
    for (seq, ((body, hash), read)) in (submit.first_seq..).zip(submit.entries.iter().zip(&submit.hashes).zip(read)) {
        if seq <= stream.stored_seq {
            repeated.push(Offered { seq, hash: *hash, body: body.bytes().to_vec() });
        } else if seq <= stream.last_seq {
            // Placed by another submit of this very batch; its verdict is not stored yet.
            return later();
        } else if chain::next(&stream.last_hash, body.bytes()) == *hash {
            fresh.push(arrive(submit, stream, seq, (*hash, body, read), now));
            stream.last_seq = seq;
            stream.last_hash = *hash;
            stream.changed = true;
        } else {
            let fork = Offered { seq, hash: *hash, body: body.bytes().to_vec() };
            stream.state = StreamState::Sealed;
            stream.changed = true;
            return Placed::Open { repeated, fresh, fork: Some(fork) };
        }
    }
    Placed::Open { repeated, fresh, fork: None }
}

/// Seals the streams that the device leaves for this one, those that are fenced as well: what it offers again here must never be decided
/// there, though a copy of the phone still writes there. One that nobody knew is sealed since it was locked ([`Offers::left`]). False: such
/// a stream moves in this very batch, so what became of its entries cannot be said yet.
///
/// [`Offers::left`]: super::Offers::left
fn leave_behind(
    submit: &DeviceSubmit,
    read: &[Result<Entry, Unreadable>],
    streams: &mut BTreeMap<StreamId, HeldStream>,
) -> bool {
    let left = read.iter().filter_map(origin).map(|origin| origin.stream_id);
    for stream in left.filter(|stream| *stream != submit.stream_id) {
        let Some(held) = streams.get_mut(&stream).filter(|held| held.device == Some(submit.device_id)) else {
            continue;
        };
        if held.last_seq != held.stored_seq {
            return false;
        }
        if held.state != StreamState::Sealed {
            held.state = StreamState::Sealed;
            held.changed = true;
        }
    }
    true
}

fn arrive(
    submit: &DeviceSubmit,
    stream: &mut HeldStream,
    seq: i64,
    (hash, body, read): (Hash, &Raw, Result<Entry, Unreadable>),
    now: DateTime<Utc>,
) -> Arrival {
    let device_time = read.as_ref().ok().and_then(|entry| entry.clock.as_ref()).map(|clock| clock.device_time);
    let occurred_at = occurred(device_time, submit.clock.offset_ms, stream.last_occurred_at, now);
    stream.last_occurred_at = Some(occurred_at);
    Arrival {
        stream: submit.stream_id,
        seq,
        hash,
        body: body.bytes().to_vec(),
        read,
        by: By::Device { device: submit.device_id, user: submit.user, fenced: stream.state == StreamState::Fenced },
        occurred_at,
        uncertainty_ms: Some(submit.clock.uncertainty_ms),
    }
}

/// When the act happened as far as clocks can be believed: the device's time moved by its offset, never before the stream's
/// earlier act and never after now.
fn occurred(
    device_time: Option<i64>,
    offset_ms: i64,
    previous: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    let claimed = device_time
        .and_then(|time| time.checked_add(offset_ms))
        .and_then(DateTime::from_timestamp_millis)
        .unwrap_or(now);
    let earliest = previous.unwrap_or(now - TimeDelta::days(400)).min(now);
    claimed.clamp(earliest, now)
}

#[cfg(test)]
mod tests;

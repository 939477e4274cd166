//! What comes to the door, and what it is answered.

use actix_web::http::StatusCode;
use chrono::{DateTime, Utc};
use floorline_domain::{CaseId, DeviceId, ItemId, LocationId, OrgId, StreamId, UserId};
use floorline_mobile_sync::chain::Hash;
use floorline_mobile_sync::entry::{Blob, Origin};
use floorline_mobile_sync::op::Operation;
use floorline_mobile_sync::verdict::Verdict;
use floorline_mobile_sync::wire::Raw;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::core::{Actor, Ledger};
use crate::platform::http::{ApiError, IdempotencyKey, etag_of};
use crate::platform::tenancy::TenantTx;

/// Entries of one phone, as they came in one frame.
#[derive(Clone, Debug)]
pub struct DeviceSubmit {
    /// The factory.
    pub org: OrgId,
    /// The device's site: whose writer takes them.
    pub site: LocationId,
    /// The stream they continue.
    pub stream_id: StreamId,
    /// The phone.
    pub device_id: DeviceId,
    /// The session that sends; none where no session is asked for.
    pub session: Option<SessionKey>,
    /// Who is signed in there.
    pub user: UserId,
    /// How the phone's clock relates to ours.
    pub clock: ClockOffset,
    /// `seq` of the first.
    pub first_seq: i64,
    /// The entries' bytes as they stood in the frame.
    pub entries: Vec<Raw>,
    /// The phone's chain after each.
    pub hashes: Vec<Hash>,
}

/// A session of a stream, as its welcome told it. Numbers are rewound with the database: one from before that may be the row's again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionKey {
    /// Its number: the stream's row has it until a newer one takes over.
    pub number: i64,
    /// The epoch that the server was in.
    pub server_epoch: String,
}

/// Server time minus device time, as last measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockOffset {
    /// Milliseconds to add to the device's time.
    pub offset_ms: i64,
    /// How far off that may be.
    pub uncertainty_ms: i64,
}

/// What a phone's submit is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Submitted {
    /// Stored verdicts, durable.
    Result {
        /// The last entry decided.
        upto_seq: i64,
        /// One verdict an entry, the bytes as stored.
        results: Vec<Raw>,
    },
    /// Nothing stored from `from_seq` on; keep everything and try again.
    Retry {
        /// The first entry without a verdict.
        from_seq: i64,
        /// Why.
        reason: &'static str,
        /// Not before.
        after_ms: u64,
    },
    /// Entries before these are missing here.
    Gap {
        /// The one to begin with.
        expect_seq: i64,
    },
    /// A newer session holds the stream, or the server was rewound since this one began (close 4409).
    Stale,
    /// The stream is sealed, perhaps by this very submit (close 4412).
    Sealed,
    /// There is no such stream.
    Unknown,
}

/// An act over HTTP: one present entry of the server's own stream.
#[derive(Clone, Debug)]
pub struct Act {
    /// The item it is about.
    pub item_id: Option<ItemId>,
    /// What is done.
    pub operation: Operation,
    /// Files that belong to it.
    pub blobs: Vec<Blob>,
    /// The request's key and body, for replaying its answer.
    pub idempotency: IdempotencyKey,
}

/// What an act did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Acted {
    /// Its stored verdict.
    pub verdict: Verdict,
    /// The item after it, whole.
    pub item: Option<Value>,
    /// The label it claimed or the shift it began or ended, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Value>,
    /// An earlier request with the same key did it.
    #[serde(skip)]
    pub replayed: bool,
}

/// A case that is to be booked: its entries go through the door again, and it is closed in the same transaction.
pub struct Booking {
    /// Which.
    pub case: CaseId,
    /// All its entries, in the order they were done.
    pub entries: Vec<KeptEntry>,
    /// Who decided it, and lends the entries their permissions and `item:override`; none when a later event brings them back.
    pub lent_by: Option<UserId>,
    /// In whose name it is closed.
    pub actor: Actor,
    /// Closes it.
    pub close: Box<dyn ServerOperation>,
    /// The request's key.
    pub key: IdempotencyKey,
}

/// An entry as a case keeps it.
#[derive(Clone, Debug)]
pub struct KeptEntry {
    /// Its bytes, as they came.
    pub body: Vec<u8>,
    /// Where it stood first.
    pub origin: Origin,
    /// When it was done, as far as clocks could be believed when it came.
    pub occurred_at: Option<DateTime<Utc>>,
    /// How far off that may be.
    pub uncertainty_ms: Option<i64>,
}

/// Something only the server does, run alone in its transaction.
pub trait ServerOperation: Send + Sync {
    /// Its name in the log, such as `order.accept`.
    fn name(&self) -> &'static str;

    /// What the entry says, and what an `Idempotency-Key` is bound to.
    fn data(&self) -> Value;

    /// The status its answer is sent with.
    fn status(&self) -> StatusCode {
        StatusCode::OK
    }

    /// Checks and does it. What it changed it records in the ledger; recording nothing is a `noop`.
    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>>;
}

/// What a server operation is answered.
#[derive(Debug)]
pub struct Answer {
    /// The status to send.
    pub status: StatusCode,
    /// The JSON body.
    pub body: Vec<u8>,
    /// It was done by an earlier request with the same key.
    pub replayed: bool,
}

impl From<Answer> for actix_web::HttpResponse {
    fn from(answer: Answer) -> Self {
        let mut response = Self::build(answer.status);
        if let Some(tag) = etag_of(&answer.body) {
            response.insert_header(tag);
        }
        if answer.replayed {
            response.insert_header(("Idempotency-Replayed", "true"));
        }
        response.content_type("application/json").body(answer.body)
    }
}

//! The messages of `floor.sync.v1`, once, for both sides.
//!
//! A frame is read in two steps, `type` first and then that message's plain struct: entries, verdicts and events travel
//! as [`Raw`] text, which does not survive an internally tagged or flattened type. Unknown types and fields are ignored.

use std::borrow::Cow;

use floorline_domain::ids::{DeviceId, LeaseId, StreamId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::chain::Hash;
use crate::limits;
pub use crate::raw::Raw;
use crate::strict;
pub use crate::topic::{Position, Topic};

/// A frame that is no message of this protocol: closed with 4400, nothing stored.
#[derive(Debug, thiserror::Error)]
pub enum BadFrame {
    /// Not JSON, or not this message's shape.
    #[error("{0}")]
    Shape(#[from] serde_json::Error),
    /// JSON that readers would not agree on.
    #[error("{0}")]
    Fault(#[from] strict::Fault),
}

/// The first message of a connection. Without `device_id` and `stream_id` it opens a read-only session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The one-time ticket; absent over HTTP, where the request's own headers prove who is asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// The enrolled device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
    /// This life of the device's database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_id: Option<StreamId>,
    /// The `seq` the next new entry will get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_seq: Option<i64>,
    /// The last `seq` whose verdict is stored on the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acked_seq: Option<i64>,
    /// The chain at `acked_seq`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Hash>,
    /// Leases (JWTs) that entries name and the server may not have seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leases: Vec<String>,
    /// The app that speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<App>,
    /// The device's clock, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_time: Option<i64>,
    /// Milliseconds since the start of the clock named by `boot_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monotonic: Option<i64>,
    /// One life of the clock that `monotonic` counts on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
    /// The feeds to follow, and where the client stands in each.
    #[serde(default)]
    pub subscriptions: Vec<Subscription>,
}

/// The app's version, and the entry schema it writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Such as `1.4.2`.
    pub version: String,
    /// The schema of the entries it writes.
    pub schema: i64,
}

/// A feed to follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The feed.
    pub topic: Topic,
    /// The epoch the cursor belongs to; absent before the first snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<String>,
    /// The last event the client has; 0 before the first snapshot.
    #[serde(default)]
    pub cursor: i64,
}

/// Asks for the next page of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultsAfter {
    /// The last `seq` whose verdict has arrived.
    pub after: i64,
}

/// A batch of entries, their bytes as they were saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submit {
    /// The session of the welcome; absent over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<i64>,
    /// The place of the first entry; the others follow without holes.
    pub first_seq: i64,
    /// The entries.
    pub entries: Vec<Raw>,
    /// The chain after each entry.
    pub hashes: Vec<Hash>,
}

/// How far the client has applied a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorAt {
    /// The feed.
    pub topic: Topic,
    /// The epoch of the cursor.
    pub epoch: String,
    /// The last event applied.
    pub cursor: i64,
}

/// The last `seq` whose verdict is stored on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acked {
    /// See [`Hello::acked_seq`].
    pub seq: i64,
}

/// Why a client ends its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SealReason {
    /// Two futures for one `seq`.
    Fork,
    /// Entries that the rewound server asks for are no longer on the device.
    Hole,
    /// The device's storage was lost or replaced.
    Wiped,
}

/// Ends this stream; answered by close 4412 once stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Why.
    pub reason: SealReason,
}

/// The heartbeat, and from a client its presence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    /// Returned in the pong.
    pub n: i64,
    /// What is still unsent; only from a client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbox: Option<Unsent>,
}

/// What is still unsent on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsent {
    /// How many entries.
    pub count: i64,
    /// When the oldest was made, by the device's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_time: Option<i64>,
}

/// The answer to a ping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong {
    /// The ping's number.
    pub n: i64,
    /// The server's clock; only from a server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_time: Option<i64>,
}

/// The answer to a hello.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Rises with each hello of the stream; a stale one is closed with 4409.
    pub session: i64,
    /// The server's clock, milliseconds since 1970.
    pub server_time: i64,
    /// Replaced when the server may have been rewound.
    pub server_epoch: String,
    /// The last `seq` of the stream that has a verdict; 0 for a read-only session.
    pub last_seq: i64,
    /// The chain at `last_seq`; absent for a read-only session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Hash>,
    /// Verdicts from `acked_seq + 1` on, one page of them.
    #[serde(default)]
    pub results: Vec<Raw>,
    /// More pages follow; no submit is accepted before they are fetched.
    #[serde(default)]
    pub more: bool,
    /// The state of each feed asked for.
    #[serde(default)]
    pub topics: Vec<TopicState>,
    /// The numbers of this server.
    pub limits: Limits,
    /// The oldest app that is served.
    pub minimum_app: String,
}

/// How a feed goes on after a hello.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicState {
    /// The feed.
    pub topic: Topic,
    /// From the cursor, from a snapshot, or not at all.
    pub mode: Mode,
    /// The epoch now.
    pub epoch: String,
    /// The last event there is.
    pub head: i64,
}

/// See [`TopicState::mode`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The missing events follow as pushes.
    Delta,
    /// The client fetches a snapshot and reports its cursor; no push comes before.
    Snapshot,
    /// Not this reader's.
    Denied,
}

/// The numbers a server asks its clients to keep; see [`limits`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Bytes of one entry.
    pub entry_bytes: usize,
    /// Entries in one submit.
    pub batch_entries: usize,
    /// Bytes of entries in one submit.
    pub batch_bytes: usize,
    /// Submits without an answer.
    pub in_flight: usize,
    /// Milliseconds between pings.
    pub heartbeat_ms: u64,
    /// Seconds after which a worker's view is too old.
    pub offline_max_s: u64,
    /// Milliseconds over which returning phones spread.
    pub jitter_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        let millis = |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self {
            entry_bytes: limits::ENTRY_BYTES,
            batch_entries: limits::BATCH_ENTRIES,
            batch_bytes: limits::BATCH_BYTES,
            in_flight: 1,
            heartbeat_ms: millis(limits::HEARTBEAT),
            offline_max_s: limits::OFFLINE_MAX.as_secs(),
            jitter_ms: millis(limits::JITTER),
        }
    }
}

/// Verdicts, in the order of their `seq`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Results {
    /// Every entry up to here has a verdict.
    pub upto_seq: i64,
    /// The verdicts, the stored bytes.
    pub results: Vec<Raw>,
    /// More pages follow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// Nothing was stored; send again from `from_seq` after a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// The first entry to send again.
    pub from_seq: i64,
    /// A word for the log, such as `DB_BUSY`.
    pub reason: String,
    /// Milliseconds to wait.
    pub after_ms: u64,
}

/// Nothing was stored; the client rewinds to `expect_seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The `seq` the server waits for.
    pub expect_seq: i64,
}

/// Feed events; applied only if `from` is the client's cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// The feed.
    pub topic: Topic,
    /// The epoch of the cursors.
    pub epoch: String,
    /// The cursor before the first event.
    pub from: i64,
    /// The cursor after the last, events that this reader may not see included.
    pub to: i64,
    /// The events, see [`crate::feed::FeedEvent`].
    pub events: Vec<Raw>,
    /// The last event there is.
    pub head: i64,
}

/// Why a feed starts over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ResetReason {
    /// The cursor lies before what is kept.
    TooOld,
    /// The reader may see other things now.
    ScopeChanged,
    /// History may have been rewound.
    Epoch,
    /// The reader fell too far behind.
    Slow,
}

/// The feed starts over from a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reset {
    /// The feed.
    pub topic: Topic,
    /// Why.
    pub reason: ResetReason,
    /// Path and query of the snapshot.
    pub snapshot: String,
}

/// A signed permission to work offline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Its name in entries.
    pub lease_id: LeaseId,
    /// The JWT.
    pub lease: String,
}

/// The device may no longer write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// A word for the screen.
    pub reason: String,
}

/// The server is going; come back within the jitter window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goaway {
    /// Milliseconds over which returning phones spread.
    pub jitter_ms: u64,
    /// A word for the log, such as `DEPLOY`.
    pub reason: String,
}

/// The body of `POST /v1/sync/submit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitRequest {
    /// The hello, without a ticket.
    pub hello: Hello,
    /// The batch, without a session; absent to fetch results only.
    #[serde(default)]
    pub submit: Option<Submit>,
}

impl SubmitRequest {
    /// Reads a request's body; what is no such body is answered 400.
    pub fn parse(text: &str) -> Result<Self, BadFrame> {
        let request: Self = serde_json::from_str(text)?;
        strict::check(Raw::of(&request.hello)?.bytes())?;
        request.submit.as_ref().map_or(Ok(()), Submit::check)?;
        Ok(request)
    }
}

/// The answer to `POST /v1/sync/submit`: the welcome, and at most one of the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitResponse {
    /// The welcome of this request.
    pub welcome: Welcome,
    /// The batch's verdicts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Results>,
    /// Nothing was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Nothing was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<Gap>,
}

impl Submit {
    /// What the frame itself must keep; the entries are judged one by one by `read_entry`.
    fn check(&self) -> Result<(), BadFrame> {
        let safe = |n: i64| (-limits::MAX_INTEGER..=limits::MAX_INTEGER).contains(&n);
        if safe(self.first_seq) && self.session.is_none_or(safe) { Ok(()) } else { Err(strict::Fault::Integer.into()) }
    }
}

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFrame {
    /// `hello`
    Hello(Hello),
    /// `results`
    Results(ResultsAfter),
    /// `submit`
    Submit(Submit),
    /// `cursor`
    Cursor(CursorAt),
    /// `acked`
    Acked(Acked),
    /// `seal`
    Seal(Seal),
    /// `ping`
    Ping(Ping),
    /// `pong`
    Pong(Pong),
    /// A type this build does not know: ignored.
    Unknown,
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerFrame {
    /// `welcome`
    Welcome(Welcome),
    /// `result`
    Result(Results),
    /// `retry`
    Retry(Retry),
    /// `gap`
    Gap(Gap),
    /// `push`
    Push(Push),
    /// `reset`
    Reset(Reset),
    /// `lease`
    Lease(Lease),
    /// `revoked`
    Revoked(Revoked),
    /// `goaway`
    Goaway(Goaway),
    /// `ping`
    Ping(Ping),
    /// `pong`
    Pong(Pong),
    /// A type this build does not know: ignored.
    Unknown,
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

fn kind(text: &str) -> Result<Cow<'_, str>, serde_json::Error> {
    serde_json::from_str::<Kind<'_>>(text).map(|envelope| envelope.kind)
}

/// A frame whose every value is read by this crate: nothing in it may be ambiguous.
fn read_strictly<T: DeserializeOwned>(text: &str) -> Result<T, BadFrame> {
    strict::check(text.as_bytes())?;
    Ok(serde_json::from_str(text)?)
}

/// `{"type":…` followed by the body's own members.
fn write(kind: &str, body: &impl Serialize) -> Result<String, serde_json::Error> {
    let body = serde_json::to_string(body)?;
    let members = body.strip_prefix('{').unwrap_or_default();
    let comma = if members == "}" { "" } else { "," };
    Ok(format!("{{\"type\":\"{kind}\"{comma}{members}"))
}

impl ClientFrame {
    /// Reads a frame's text.
    pub fn parse(text: &str) -> Result<Self, BadFrame> {
        Ok(match &*kind(text)? {
            "hello" => Self::Hello(read_strictly(text)?),
            "results" => Self::Results(read_strictly(text)?),
            "submit" => {
                let submit: Submit = serde_json::from_str(text)?;
                submit.check()?;
                Self::Submit(submit)
            }
            "cursor" => Self::Cursor(read_strictly(text)?),
            "acked" => Self::Acked(read_strictly(text)?),
            "seal" => Self::Seal(read_strictly(text)?),
            "ping" => Self::Ping(read_strictly(text)?),
            "pong" => Self::Pong(read_strictly(text)?),
            _ => Self::Unknown,
        })
    }

    /// The frame's text. An [`ClientFrame::Unknown`] writes nothing that means anything.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::Hello(body) => write("hello", body),
            Self::Results(body) => write("results", body),
            Self::Submit(body) => write("submit", body),
            Self::Cursor(body) => write("cursor", body),
            Self::Acked(body) => write("acked", body),
            Self::Seal(body) => write("seal", body),
            Self::Ping(body) => write("ping", body),
            Self::Pong(body) => write("pong", body),
            Self::Unknown => Ok(String::from("{\"type\":\"unknown\"}")),
        }
    }
}

impl ServerFrame {
    /// Reads a frame's text.
    pub fn parse(text: &str) -> Result<Self, BadFrame> {
        Ok(match &*kind(text)? {
            "welcome" => Self::Welcome(serde_json::from_str(text)?),
            "result" => Self::Result(serde_json::from_str(text)?),
            "retry" => Self::Retry(serde_json::from_str(text)?),
            "gap" => Self::Gap(serde_json::from_str(text)?),
            "push" => Self::Push(serde_json::from_str(text)?),
            "reset" => Self::Reset(serde_json::from_str(text)?),
            "lease" => Self::Lease(serde_json::from_str(text)?),
            "revoked" => Self::Revoked(serde_json::from_str(text)?),
            "goaway" => Self::Goaway(serde_json::from_str(text)?),
            "ping" => Self::Ping(serde_json::from_str(text)?),
            "pong" => Self::Pong(serde_json::from_str(text)?),
            _ => Self::Unknown,
        })
    }

    /// The frame's text. An [`ServerFrame::Unknown`] writes nothing that means anything.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        match self {
            Self::Welcome(body) => write("welcome", body),
            Self::Result(body) => write("result", body),
            Self::Retry(body) => write("retry", body),
            Self::Gap(body) => write("gap", body),
            Self::Push(body) => write("push", body),
            Self::Reset(body) => write("reset", body),
            Self::Lease(body) => write("lease", body),
            Self::Revoked(body) => write("revoked", body),
            Self::Goaway(body) => write("goaway", body),
            Self::Ping(body) => write("ping", body),
            Self::Pong(body) => write("pong", body),
            Self::Unknown => Ok(String::from("{\"type\":\"unknown\"}")),
        }
    }
}

/// Why a socket was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Close {
    /// 4400: a frame of unknown shape; nothing stored.
    BadFrame,
    /// 4401: not signed in.
    SignedOut,
    /// 4403: the device is revoked.
    Revoked,
    /// 4406: no protocol in common.
    Version,
    /// 4408: the hello came too late.
    HelloLate,
    /// 4409: a newer session of the stream.
    Replaced,
    /// 4412: the stream is sealed.
    Sealed,
    /// 4413: the reader was too slow.
    Slow,
    /// 4429: too many connections or frames.
    TooMany,
    /// 4503: the server is draining.
    Draining,
    /// Any other code, and a drop without one (1006).
    Other(u16),
}

impl Close {
    /// The code on the wire.
    pub fn code(self) -> u16 {
        match self {
            Self::BadFrame => 4400,
            Self::SignedOut => 4401,
            Self::Revoked => 4403,
            Self::Version => 4406,
            Self::HelloLate => 4408,
            Self::Replaced => 4409,
            Self::Sealed => 4412,
            Self::Slow => 4413,
            Self::TooMany => 4429,
            Self::Draining => 4503,
            Self::Other(code) => code,
        }
    }
}

impl From<u16> for Close {
    fn from(code: u16) -> Self {
        match code {
            4400 => Self::BadFrame,
            4401 => Self::SignedOut,
            4403 => Self::Revoked,
            4406 => Self::Version,
            4408 => Self::HelloLate,
            4409 => Self::Replaced,
            4412 => Self::Sealed,
            4413 => Self::Slow,
            4429 => Self::TooMany,
            4503 => Self::Draining,
            code => Self::Other(code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_through_as_they_stand() {
        let text = r#"{"type":"submit","session":42,"first_seq":1039,"entries":[ {"b":1.0, "a":"\ud800"} ,[]],"hashes":[],"new":1}"#;
        let ClientFrame::Submit(submit) = ClientFrame::parse(text).unwrap() else { panic!("a submit") };
        assert_eq!(submit.entries[0].text(), r#"{"b":1.0, "a":"\ud800"}"#);
        let again = ClientFrame::Submit(submit.clone()).text().unwrap();
        assert!(again.contains(r#""entries":[{"b":1.0, "a":"\ud800"},[]]"#), "{again}");
        assert_eq!(ClientFrame::parse(&again).unwrap(), ClientFrame::Submit(submit));
    }

    #[test]
    fn the_type_may_stand_anywhere_and_may_be_unknown() {
        assert_eq!(ClientFrame::parse(r#"{"seq":7,"type":"acked"}"#).unwrap(), ClientFrame::Acked(Acked { seq: 7 }));
        assert_eq!(ClientFrame::parse(r#"{"type":"later","x":{}}"#).unwrap(), ClientFrame::Unknown);
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"type":7}"#,
            r#"{"type":"acked"}"#,
            r#"{"type":"acked","seq":9007199254740992}"#,
            r#"{"type":"acked","seq":1.5}"#,
            r#"{"type":"acked","seq":1,"seq":2}"#,
            r#"{"type":"submit","first_seq":9007199254740992,"entries":[],"hashes":[]}"#,
            r#"{"type":"submit","first_seq":1,"entries":[{],"hashes":[]}"#,
            r#"{"type":"cursor","topic":"planet:x","epoch":"e","cursor":1}"#,
        ] {
            assert!(ClientFrame::parse(text).is_err(), "{text}");
        }
        let deep = format!(r#"{{"type":"hello","x":{}}}"#, "[".repeat(20_000));
        assert!(ClientFrame::parse(&deep).is_err());
    }

    #[test]
    fn frames_of_the_specification_are_read() {
        let site = "site:018f0000-0000-7000-8000-00000000000a";
        let hello = format!(
            r#"{{"type":"hello","ticket":"t","device_id":"018f0000-0000-7000-8000-000000000001","stream_id":"b1c00000-0000-4000-8000-000000000001","next_seq":1043,"acked_seq":1031,"hash":"{}","leases":[],"app":{{"version":"1.4.2","schema":7}},"device_time":1763600000123,"monotonic":8123456,"boot_id":"b3","subscriptions":[{{"topic":"{site}","epoch":"e7","cursor":88123}}]}}"#,
            crate::chain::sha256(b"")
        );
        let ClientFrame::Hello(hello) = ClientFrame::parse(&hello).unwrap() else { panic!("a hello") };
        assert_eq!(hello.subscriptions[0].cursor, 88123);
        let welcome = format!(
            r#"{{"type":"welcome","session":42,"server_time":1763600000456,"server_epoch":"9f3c","last_seq":1038,"hash":"{}","results":[{{"seq":1032,"outcome":"applied"}}],"more":true,"topics":[{{"topic":"{site}","mode":"delta","epoch":"e7","head":88190}}],"limits":{{"entry_bytes":16384,"batch_entries":64,"batch_bytes":49152,"in_flight":1,"heartbeat_ms":25000,"offline_max_s":1209600,"jitter_ms":20000}},"minimum_app":"1.3.0"}}"#,
            crate::chain::sha256(b"")
        );
        let ServerFrame::Welcome(welcome) = ServerFrame::parse(&welcome).unwrap() else { panic!("a welcome") };
        assert_eq!(welcome.limits, Limits::default());
        assert_eq!(welcome.results[0].text(), r#"{"seq":1032,"outcome":"applied"}"#);
        let reset = format!(
            r#"{{"type":"reset","topic":"{site}","reason":"SCOPE_CHANGED","snapshot":"/v1/sync/snapshot?topic={site}"}}"#
        );
        assert!(matches!(
            ServerFrame::parse(&reset).unwrap(),
            ServerFrame::Reset(Reset { reason: ResetReason::ScopeChanged, .. })
        ));
    }

    #[test]
    fn an_empty_body_is_still_an_object() {
        assert_eq!(write("x", &serde_json::json!({})).unwrap(), r#"{"type":"x"}"#);
    }
}

//! A frame: one message and its name, as text.

use std::borrow::Cow;

use floorline_domain::json;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{
    Acked, CursorAt, Gap, Goaway, Hello, Lease, Ping, Pong, Push, Reset, Results, ResultsAfter, Retry, Revoked, Seal,
    Submit, Welcome,
};
use crate::strict;

/// A frame that is no message of this protocol: closed with 4400, nothing stored.
#[derive(Debug, thiserror::Error)]
pub enum BadFrame {
    /// Not JSON, or not this message's shape.
    #[error("{0}")]
    Shape(#[from] json::Error),
    /// JSON that readers would not agree on.
    #[error("{0}")]
    Fault(#[from] strict::Fault),
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

fn kind(text: &str) -> Result<Cow<'_, str>, json::Error> {
    json::read::<Kind<'_>>(text).map(|envelope| envelope.kind)
}

/// A frame whose every value is read by this crate: nothing in it may be ambiguous.
fn read_strictly<T: DeserializeOwned>(text: &str) -> Result<T, BadFrame> {
    strict::check(text.as_bytes())?;
    Ok(json::read(text)?)
}

/// `{"type":…` followed by the body's own members.
fn write(kind: &str, body: &impl Serialize) -> Result<String, json::Error> {
    let body = json::write(body)?;
    let members = body.strip_prefix('{').unwrap_or_default();
    let comma = if members == "}" { "" } else { "," };
    Ok(format!("{{\"type\":\"{kind}\"{comma}{members}"))
}

impl ClientFrame {
    /// Its `type`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Results(_) => "results",
            Self::Submit(_) => "submit",
            Self::Cursor(_) => "cursor",
            Self::Acked(_) => "acked",
            Self::Seal(_) => "seal",
            Self::Ping(_) => "ping",
            Self::Pong(_) => "pong",
            Self::Unknown => "unknown",
        }
    }

    /// Reads a frame's text.
    pub fn parse(text: &str) -> Result<Self, BadFrame> {
        Ok(match &*kind(text)? {
            "hello" => Self::Hello(read_strictly(text)?),
            "results" => Self::Results(read_strictly(text)?),
            "submit" => {
                let submit: Submit = json::read(text)?;
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
    pub fn text(&self) -> Result<String, json::Error> {
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
            "welcome" => Self::Welcome(json::read(text)?),
            "result" => Self::Result(json::read(text)?),
            "retry" => Self::Retry(json::read(text)?),
            "gap" => Self::Gap(json::read(text)?),
            "push" => Self::Push(json::read(text)?),
            "reset" => Self::Reset(json::read(text)?),
            "lease" => Self::Lease(json::read(text)?),
            "revoked" => Self::Revoked(json::read(text)?),
            "goaway" => Self::Goaway(json::read(text)?),
            "ping" => Self::Ping(json::read(text)?),
            "pong" => Self::Pong(json::read(text)?),
            _ => Self::Unknown,
        })
    }

    /// The frame's text. An [`ServerFrame::Unknown`] writes nothing that means anything.
    pub fn text(&self) -> Result<String, json::Error> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Limits, ResetReason};

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
    fn a_traceparent_that_is_none_is_as_good_as_absent() {
        for (said, read) in
            [(r#""00-1-2-01""#, Some("00-1-2-01")), ("7", None), ("null", None), (r#"{"a":["\ud800"]}"#, None)]
        {
            let text = format!(r#"{{"type":"submit","first_seq":1,"entries":[],"hashes":[],"traceparent":{said}}}"#);
            let ClientFrame::Submit(submit) = ClientFrame::parse(&text).unwrap() else { panic!("a submit") };
            assert_eq!(submit.traceparent.as_deref(), read, "{said}");
        }
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

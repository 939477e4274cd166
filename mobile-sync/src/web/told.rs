//! What the core wants done and tells, as a page reads it.

use floorline_domain::json;
use floorline_domain::refusal::Refusal;
use serde::Serialize;
use serde_json::Value;

use super::mirror::Mirror;
use super::view::ActLine;
use crate::client::{Effect, Notice};
use crate::outbox::Refused;
use crate::resume::{LinkState, Stop};
use crate::topic::Topic;

/// Something to do, after the changes are durable.
#[derive(Debug, Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum Doing {
    Open { connection: u64 },
    Send { connection: u64, frame: &'static str, text: String },
    Shut { connection: u64 },
    Fetch { topic: Topic, path: String },
    Tell(Told),
}

/// Something to say.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Told {
    Link {
        link: &'static str,
    },
    Settled {
        line: Box<ActLine>,
    },
    Overturned {
        line: Box<ActLine>,
        before: Value,
    },
    /// Rows of a feed changed; what happened, in the order of the feed.
    Feed {
        topic: Topic,
        kinds: Vec<String>,
        subjects: Vec<String>,
    },
    Loaded {
        topic: Topic,
    },
    Uploaded {
        sha256: String,
    },
    Filling {
        count: usize,
    },
    Resealed {
        entries: usize,
    },
    Rewound {
        entries: usize,
    },
    Revoked {
        reason: String,
    },
    Outdated {
        minimum: String,
    },
    ClockSkew {
        ahead_ms: i64,
    },
}

impl Told {
    pub(super) fn of(effect: Effect, store: &Mirror) -> Result<Doing, String> {
        Ok(match effect {
            Effect::Open { connection } => Doing::Open { connection },
            Effect::Send { connection, frame } => {
                let text = frame.text().map_err(|error| error.to_string())?;
                Doing::Send { connection, frame: frame.name(), text }
            }
            Effect::Shut { connection } => Doing::Shut { connection },
            Effect::FetchSnapshot { topic, path } => Doing::Fetch { topic, path },
            Effect::Tell(notice) => Doing::Tell(Self::notice(notice, store)),
        })
    }

    fn notice(notice: Notice, store: &Mirror) -> Self {
        let line = |act| Box::new(store.line(act).map(ActLine::of).unwrap_or_default());
        match notice {
            Notice::Link(state) => Self::Link { link: link(state) },
            Notice::Settled { act, .. } => Self::Settled { line: line(act) },
            Notice::Overturned { act, before, .. } => {
                Self::Overturned { line: line(act), before: json::value(&before) }
            }
            Notice::Feed { topic, events } => Self::Feed {
                topic,
                subjects: events.iter().map(|event| event.subject.id.to_string()).collect(),
                kinds: events.into_iter().map(|event| event.kind).collect(),
            },
            Notice::Loaded { topic } => Self::Loaded { topic },
            Notice::Uploaded { sha256 } => Self::Uploaded { sha256: sha256.to_string() },
            Notice::OutboxFilling { count } => Self::Filling { count },
            Notice::Resealed { entries, .. } => Self::Resealed { entries },
            Notice::Rewound { entries } => Self::Rewound { entries },
            Notice::Revoked { reason } => Self::Revoked { reason },
            Notice::Outdated { minimum } => Self::Outdated { minimum },
            Notice::ClockSkew { ahead_ms } => Self::ClockSkew { ahead_ms },
        }
    }
}

/// The connection in the page's words.
pub(super) fn link(state: LinkState) -> &'static str {
    match state {
        LinkState::Down => "down",
        LinkState::Connecting => "connecting",
        LinkState::Live => "live",
        LinkState::Stopped(Stop::SignedOut) => "signed_out",
        LinkState::Stopped(Stop::Revoked) => "revoked",
        LinkState::Stopped(Stop::Outdated) => "outdated",
    }
}

/// Why nothing was saved.
pub(super) fn refused(why: &Refused) -> Value {
    let code = match why {
        Refused::SignedOut => "SIGNED_OUT",
        Refused::TooFast { .. } => "TOO_FAST",
        Refused::TooLarge { .. } => "TOO_LARGE",
        Refused::Full { .. } => "FULL",
        Refused::Unreadable(_) => "UNREADABLE",
    };
    let wait_ms = match why {
        Refused::TooFast { wait_ms } => Some(*wait_ms),
        _ => None,
    };
    json::object! { "code": code, "message": why.to_string(), "wait_ms": wait_ms }
}

/// What the rules say against something.
pub(super) fn reason(refusal: &Refusal) -> Value {
    json::object! { "reason": refusal.reason, "detail": refusal.detail }
}

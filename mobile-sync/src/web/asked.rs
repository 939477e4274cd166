//! What a page says, read into what the core is told.

use floorline_domain::ids::{ItemId, UserId};
use floorline_domain::permission::{Permission, PermissionSet};
use serde::Deserialize;
use serde_json::Value;

use crate::chain::Hash;
use crate::client::{Act, Event, OpenFailure};
use crate::entry::{Blob, WireEntry};
use crate::limits;
use crate::op::read_act_operation;
use crate::outbox::Refused;
use crate::session::Session;
use crate::topic::Topic;
use crate::wire::Close;

/// What happened, by its name.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Happened {
    Online,
    Offline,
    Tick,
    Opened { connection: u64, ticket: Option<String> },
    OpenFailed { connection: u64, why: Failure, after_ms: Option<u64> },
    Frame { connection: u64, text: String },
    Closed { connection: u64, code: u16 },
    Snapshot { topic: String, text: String },
    SnapshotFailed { topic: String },
    Added { topic: String, text: String },
    Uploaded { sha256: Hash },
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Failure {
    Unreachable,
    Busy,
    SignedOut,
    Revoked,
}

impl Happened {
    pub(super) fn event(self) -> Result<Event, String> {
        let topic = |text: String| text.parse::<Topic>().map_err(|error| error.to_string());
        Ok(match self {
            Self::Online => Event::Online,
            Self::Offline => Event::Offline,
            Self::Tick => Event::Tick,
            Self::Opened { connection, ticket } => Event::Opened { connection, ticket },
            Self::OpenFailed { connection, why, after_ms } => {
                let why = match why {
                    Failure::Unreachable => OpenFailure::Unreachable,
                    Failure::Busy => OpenFailure::Busy { after_ms: after_ms.unwrap_or(1_000) },
                    Failure::SignedOut => OpenFailure::SignedOut,
                    Failure::Revoked => OpenFailure::Revoked,
                };
                Event::OpenFailed { connection, why }
            }
            Self::Frame { connection, text } => Event::Frame { connection, text },
            Self::Closed { connection, code } => Event::Closed { connection, close: Close::from(code) },
            Self::Snapshot { topic: of, text } => Event::Snapshot { topic: topic(of)?, text },
            Self::SnapshotFailed { topic: of } => Event::SnapshotFailed { topic: topic(of)? },
            Self::Added { topic: of, text } => Event::Added { topic: topic(of)?, text },
            Self::Uploaded { sha256 } => Event::Uploaded { sha256 },
        })
    }
}

/// Who signed in, as `/v1/me` tells it.
#[derive(Deserialize)]
pub(super) struct Signed {
    id: UserId,
    roles: Vec<String>,
    permissions: Vec<String>,
}

impl Signed {
    /// Permissions that this build does not know are left out.
    pub(super) fn session(self) -> Session {
        let permissions: PermissionSet =
            self.permissions.iter().filter_map(|text| text.parse::<Permission>().ok()).collect();
        Session { actor: self.id, permissions, roles: self.roles, lease_id: None }
    }
}

/// What a person does, as the page says it: the members of an entry that are theirs.
#[derive(Deserialize)]
pub(super) struct Acted {
    op: String,
    item_id: Option<ItemId>,
    action_id: Option<String>,
    stage: Option<String>,
    #[serde(default)]
    data: Value,
    #[serde(default)]
    blobs: Vec<Blob>,
}

/// Reads an act as the server will read its entry.
pub(super) fn read_act(acted: Acted) -> Result<Act, Refused> {
    let Acted { op, item_id, action_id, stage, data, blobs } = acted;
    let wire = WireEntry {
        seq: 0,
        schema: limits::SCHEMA,
        op,
        item_id,
        action_id,
        stage: stage.clone(),
        base: None,
        actor: UserId(uuid::Uuid::nil()),
        lease_id: None,
        device_time: None,
        monotonic: None,
        boot_id: None,
        data,
        blobs,
        origin: None,
    };
    let op = read_act_operation(&wire).map_err(|unreadable| Refused::Unreadable(unreadable.message))?;
    Ok(Act { op, item_id, stage, blobs: wire.blobs })
}

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

/// What happened: its name, and the members that go with it.
#[derive(Deserialize)]
pub(super) struct Happened {
    event: Name,
    connection: Option<u64>,
    ticket: Option<String>,
    why: Option<Failure>,
    after_ms: Option<u64>,
    code: Option<u16>,
    topic: Option<Topic>,
    text: Option<String>,
    sha256: Option<Hash>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    Online,
    Offline,
    Tick,
    Opened,
    OpenFailed,
    Frame,
    Closed,
    Snapshot,
    SnapshotFailed,
    Added,
    Uploaded,
    FileGone,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Failure {
    Unreachable,
    Busy,
    SignedOut,
    Revoked,
}

impl Happened {
    pub(super) fn event(self) -> Result<Event, String> {
        self.read().ok_or_else(|| String::from("the event lacks a member"))
    }

    fn read(self) -> Option<Event> {
        let Self { event, connection, ticket, why, after_ms, code, topic, text, sha256 } = self;
        Some(match event {
            Name::Online => Event::Online,
            Name::Offline => Event::Offline,
            Name::Tick => Event::Tick,
            Name::Opened => Event::Opened { connection: connection?, ticket },
            Name::OpenFailed => {
                let why = match why? {
                    Failure::Unreachable => OpenFailure::Unreachable,
                    Failure::Busy => OpenFailure::Busy { after_ms: after_ms.unwrap_or(1_000) },
                    Failure::SignedOut => OpenFailure::SignedOut,
                    Failure::Revoked => OpenFailure::Revoked,
                };
                Event::OpenFailed { connection: connection?, why }
            }
            Name::Frame => Event::Frame { connection: connection?, text: text? },
            Name::Closed => Event::Closed { connection: connection?, close: Close::from(code?) },
            Name::Snapshot => Event::Snapshot { topic: topic?, text: text? },
            Name::SnapshotFailed => Event::SnapshotFailed { topic: topic? },
            Name::Added => Event::Added { topic: topic?, text: text? },
            Name::Uploaded => Event::Uploaded { sha256: sha256? },
            Name::FileGone => Event::FileGone { sha256: sha256? },
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

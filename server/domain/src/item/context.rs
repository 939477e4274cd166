//! All that a decision about an item may look at besides the item: `decide` looks nothing up.

use chrono::{DateTime, Utc};

use super::Status;
use crate::{
    ids::{EntryKey, ItemId, LocationId, UserId},
    label::Resolved,
    order,
    permission::{Permission, PermissionSet},
    workflow::Workflow,
};

/// What is known when a command is judged.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The version the item is pinned to.
    pub workflow: &'a Workflow,
    /// The status of the item's order, if it has one.
    pub order: Option<order::Status>,
    /// Every component of the item.
    pub components: &'a [Component],
    pub actor: Actor<'a>,
    /// Where the actor's shift is.
    pub shift_location: Option<LocationId>,
    /// The stage the worker believed the item to be at.
    pub expected_stage: Option<&'a str>,
    /// The item's version that the device last had from the server; none: unknown.
    pub base_version: Option<i64>,
    /// The actor has seen everything up to now (HTTP).
    pub present: bool,
    /// What the scanned text means.
    pub scanned: Option<&'a Resolved>,
    /// Whether the file with this hash is completely stored.
    pub blobs_ready: &'a dyn Fn(&str) -> bool,
    /// The size of a stored picture, if it is known.
    pub photo_size: &'a dyn Fn(&str) -> Option<PhotoSize>,
    pub entry: EntryKey,
    /// Further keys of the entry that `item.undo` names: where it was first booked, when it was offered again.
    pub entry_aliases: &'a [EntryKey],
    pub now: DateTime<Utc>,
}

impl<'a> Context<'a> {
    /// A context in which nothing further is known: no order, no components, no shift, nothing scanned, no file stored.
    pub fn new(workflow: &'a Workflow, actor: Actor<'a>, entry: EntryKey, now: DateTime<Utc>) -> Self {
        Self {
            workflow,
            order: None,
            components: &[],
            actor,
            shift_location: None,
            expected_stage: None,
            base_version: None,
            present: false,
            scanned: None,
            blobs_ready: &|_| false,
            photo_size: &|_| None,
            entry,
            entry_aliases: &[],
            now,
        }
    }
}

/// Who wants it.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    pub id: UserId,
    pub permissions: &'a PermissionSet,
    /// Names of the roles held.
    pub roles: &'a [String],
}

impl Actor<'_> {
    /// Whether the actor may do this.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// Whether the actor holds this role.
    pub fn holds(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held == role)
    }
}

/// A component of the item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    pub id: ItemId,
    pub code: String,
    /// The component's code in the order line.
    pub line_component: String,
    pub status: Status,
}

/// In pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhotoSize {
    pub width: u32,
    pub height: u32,
}

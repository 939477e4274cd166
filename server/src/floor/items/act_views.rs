//! What requests about one item carry, and what they are answered.

use floorline_domain::EntryKey;
use floorline_mobile_sync::entry::Blob;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// What an act did.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ActedView {
    /// How it ended: `applied`, or `noop` with a reason when it was done already.
    #[schema(value_type = Object)]
    pub(super) verdict: Value,
    /// The item after it.
    #[schema(value_type = Option<Object>)]
    pub(super) item: Option<Value>,
}

/// Work on an action.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Completion {
    /// `<stage>.<action>`.
    pub(super) action_id: String,
    /// By the action's kind: a scan's `raw`, a photo's `photos`, a measurement's `readings` …
    #[schema(value_type = Object)]
    pub(super) data: Value,
    /// Files that belong to it.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub(super) blobs: Vec<Blob>,
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ItemReason {
    /// For people.
    pub(super) reason: String,
}

/// Why, if there is anything to say.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct OptionalReason {
    /// For people.
    pub(super) reason: Option<String>,
}

/// Where to.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct AdvanceTarget {
    /// A stage; absent: the first whose condition holds.
    pub(super) to: Option<String>,
}

/// Back to where, and why.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ReworkTarget {
    /// A stage that a rework edge leads to.
    pub(super) to: String,
    /// For people.
    pub(super) reason: String,
}

/// To whom.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Assignee {
    /// A user.
    pub(super) user_id: Uuid,
}

/// Where to.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewPlace {
    /// A location.
    pub(super) location_id: Uuid,
}

/// What was put in.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct AssembledParts {
    /// Components of this item.
    pub(super) component_ids: Vec<Uuid>,
}

/// A remark.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewNote {
    /// For people.
    pub(super) text: String,
}

/// What to take back.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct UndoEntry {
    /// An entry; absent: the latest.
    #[schema(value_type = Option<Object>)]
    pub(super) of: Option<EntryKey>,
}

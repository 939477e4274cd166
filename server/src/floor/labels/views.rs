//! Labels as JSON.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::platform::db::schema::{item_codes, labels};

/// A label.
#[derive(Debug, Clone, Serialize, ToSchema, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = labels, check_for_backend(diesel::pg::Pg))]
pub(super) struct Label {
    /// Its id.
    pub id: Uuid,
    /// What its QR code ends in.
    pub code: String,
    /// What it is for: `item`, `location` or `user`.
    pub kind: String,
    /// `blank`, `active`, `replaced` or `revoked`.
    pub status: String,
    /// The item it is on.
    pub item_id: Option<Uuid>,
    /// The place it is at.
    pub location_id: Option<Uuid>,
    /// The worker whose badge it is.
    pub user_id: Option<Uuid>,
    /// The order of its item.
    pub order_id: Option<Uuid>,
    /// The label that took its place.
    pub replaced_by: Option<Uuid>,
    /// How often it was printed.
    pub print_count: i32,
    /// When it was last printed.
    pub printed_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed; printing is no change.
    pub updated_at: DateTime<Utc>,
    /// How many things happened to it.
    pub version: i64,
}

/// How many blank labels to make.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct NewBlanks {
    /// 1–1000.
    #[schema(minimum = 1, maximum = 1000)]
    pub count: u32,
}

/// Blank labels that were made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Blanks {
    /// In the order of their ids.
    pub labels: Vec<Label>,
}

/// What a label is put on.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Claim {
    /// The item.
    pub item_id: Uuid,
    /// Take the place of the label that is on the item now.
    #[serde(default)]
    pub replace: bool,
}

/// A label after its claim.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Claimed {
    /// The label.
    pub label: Label,
    /// What a phone would have been answered.
    pub verdict: Value,
}

/// Why a label counts no more.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Revocation {
    /// For whoever asks later; at most 500 characters.
    pub reason: Option<String>,
}

/// Labels that came out of a printer: some, or all of an order. Exactly one of the two.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Prints {
    /// Their codes, at most 1000.
    pub codes: Option<Vec<String>>,
    /// The order whose active labels were printed.
    pub order_id: Option<Uuid>,
}

/// Prints that were counted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Counted {
    /// Labels whose count went up by one.
    pub counted: usize,
    /// Codes that name no label of this factory that can be printed.
    pub unknown: Vec<String>,
}

/// A code another maker printed, registered for an item.
#[derive(Debug, Clone, Serialize, ToSchema, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = item_codes, check_for_backend(diesel::pg::Pg))]
pub(super) struct ItemCode {
    /// What the code says; one of GS1 as `(01)09506000134352(21)A1`: its key and the key's qualifiers.
    pub raw: String,
    /// The item it stands for.
    pub item_id: Uuid,
    /// Who registered it.
    pub created_by: Uuid,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Its id.
    pub id: Uuid,
    /// The number of its events.
    pub version: i64,
}

/// A code to register.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct NewItemCode {
    /// What the code says, 1–500 characters; one of GS1 as an element string or a Digital Link.
    pub raw: String,
}

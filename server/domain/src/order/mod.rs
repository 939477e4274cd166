//! An order: a brand asks a factory for things to be made.
//!
//! Its status is moved by people until it is accepted, and by its items from then on; its progress is derived from
//! them and never set by hand.

mod check;
mod machine;
mod money;
mod progress;
mod schedule;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use check::{check, component_code, item_code, whole};
pub use machine::{Actor, Command, Event, Facts, Party, allowed, apply, decide};
pub use money::{MAX_MONEY_BYTES, Money};
pub use progress::{Count, Progress, progress};
pub use schedule::{Schedule, schedule};

use crate::{ids::WorkflowId, words::words};

/// An order has at most this many units, over all its lines.
pub const MAX_UNITS: i64 = 100_000;

/// An order has at most this many items, components included.
pub const MAX_ITEMS: i64 = 500_000;

/// An order has at most this many lines.
pub const MAX_LINES: usize = 1_000;

/// A line has at most this many attributes.
pub const MAX_ATTRIBUTES: usize = 50;

/// A line's attributes as they are written have at most this many bytes: every item of the line repeats them.
pub const MAX_ATTRIBUTE_BYTES: usize = 4 * 1024;

/// A line's specification as it is written has at most this many bytes.
pub const MAX_SPECIFICATION_BYTES: usize = 64 * 1024;

words! {
    "order status"
    /// What may be done with an order.
    pub enum Status {
        Pending = "pending",
        Accepted = "accepted",
        InProduction = "in_production",
        Paused = "paused",
        Completed = "completed",
        Rejected = "rejected",
        Cancelled = "cancelled",
    }
}

impl Status {
    /// Completed, rejected or cancelled.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Rejected | Self::Cancelled)
    }

    /// Whether its items may be worked on.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Accepted | Self::InProduction)
    }
}

/// An order as it is asked for. Money is a decimal text in JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewOrder {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub po_number: Option<String>,
    /// ISO 4217, such as `EUR`.
    pub currency: String,
    pub total_value: Money,
    #[serde(default)]
    pub lines: Vec<NewLine>,
}

/// One variant to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewLine {
    /// The code its items' codes begin with.
    pub code: String,
    pub name: String,
    /// Whole units; kept as it was sent, so that 1.5 can be refused and not rounded.
    pub quantity: serde_json::Number,
    pub unit_price: Money,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub specification: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<NewComponent>,
}

/// What one unit of a line is put together from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewComponent {
    pub code: String,
    pub name: String,
    /// For each unit.
    pub quantity: serde_json::Number,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<WorkflowId>,
}

//! What a person can do on the floor, and how an entry's bytes become it.
//!
//! A new operation is one variant here and one arm in the engine. What only a server does (`order.*`, `label.make` …)
//! is written by the server as a [`WireEntry`](crate::entry::WireEntry) and is never read from a device.

mod data;
mod named;
mod read;

use floorline_domain::ids::{LocationId, TeamId};
use floorline_domain::item::Command;

pub(crate) use self::data::read_operation as read_act_operation;
pub use self::named::Named;
pub use self::read::{OPERATIONS, Unreadable, read_entry};

/// What was done.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// A scan that satisfies nothing; kept with what it said.
    ScanRecord {
        /// What the code said.
        raw: String,
    },
    /// A step of an item.
    Item(Command),
    /// Binds a blank label to the item.
    LabelClaim {
        /// The label's code.
        code: String,
        /// Replaces the item's active label.
        replace: bool,
    },
    /// Starts the actor's shift.
    ShiftStart {
        /// Where.
        site_id: LocationId,
        /// At which station.
        location_id: Option<LocationId>,
        /// With whom.
        team_id: Option<TeamId>,
    },
    /// Ends the actor's shift.
    ShiftEnd,
}

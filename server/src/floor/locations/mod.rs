//! Places: one tree of sites, areas, stations, racks … for the floor and for the stores.
//!
//! A site is a root, everything else has a parent, and each place knows its site. Places are never deleted, since the log names them:
//! they become inactive.

mod change_location;
mod retire_location;
mod routes;
mod store;
mod views;

pub use self::routes::routes;
pub use self::store::{active_sites, known_locations};

//! Organisations: factories, brands and the rest. Each is alone in the database; what two of them share is a partnership.

mod found;
mod routes;
mod settings;
mod store;
mod views;

pub use self::found::{Founded, Founding, create_first_admin, found};
pub(super) use self::routes::routes;
pub use self::settings::stuck_after;
pub(super) use self::store::lock;

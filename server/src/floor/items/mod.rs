//! Items: the things that are made, one by one.
//!
//! Items come to be by [`make_items()`] and end with their order by [`cancel_open_items`]; everything between goes through the engine, as
//! one entry each.

mod act_routes;
mod act_views;
mod batch_routes;
mod cancel_items;
mod create_items;
mod look_up;
mod make_items;
mod routes;
mod store;
mod views;

use utoipa_actix_web::service_config::ServiceConfig;

pub use self::cancel_items::{Cancelled, cancel_open_items};
pub use self::look_up::{events_of, find_item, list_items};
pub use self::make_items::{Tell, make_items};
pub use self::views::{EventView, ItemFilter, ItemSummary, ItemView};

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    batch_routes::routes(config);
    routes::routes(config);
    act_routes::routes(config);
}

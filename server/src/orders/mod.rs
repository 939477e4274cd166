//! Orders: what brands ask factories to make.
//!
//! An order belongs to the factory; its brand is the second reader, through the brand views ([`brand`]). Every change of state is a server
//! operation, one file a verb, decided by `floorline_domain::order` and run by the engine. From its acceptance on, an order's counts and
//! status follow from its items: the engine moves them.

mod accept_order;
mod amend_order;
mod brand;
mod cancel_order;
mod complete_order;
mod create_order;
mod new_order;
mod pause_order;
mod plan_items;
mod record;
mod record_routes;
mod reject_order;
mod resume_order;
mod routes;
mod store;
mod views;

use utoipa_actix_web::service_config::ServiceConfig;

pub use self::store::{HeldOrder, add_items, lock_orders, take_item_numbers};

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    routes::routes(config);
    record_routes::routes(config);
    brand::routes(config);
}

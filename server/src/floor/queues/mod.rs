//! Queues: what waits where, and what comes first.
//!
//! A queue is a filter over the open items of a site (`docs/decisions/0007-queues-are-filters.md`): its members follow from the items and are
//! never copied. What people say beyond that is kept in `queue_entries`: an item added by hand, another priority or assignee, a removal.
//! Queues and what is said in them change through the engine, so that boards hear of it like of everything else.

mod change_entries;
mod change_queue;
mod entry_routes;
mod members;
mod routes;
mod store;
mod tell;
mod views;

use utoipa_actix_web::service_config::ServiceConfig;

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.configure(routes::routes).configure(entry_routes::routes);
}

//! Labels: the codes printed on things, places and badges.
//!
//! [`render`] draws them and knows no database and no request. The rest of the room finds what stands on a label ([`documents`]), makes
//! blank ones and those of places and workers, counts prints, revokes, takes codes that another maker printed, and says to whoever opens a label's address what it is
//! ([`resolver`]). Claiming a label is an act on an item and goes through the engine like a phone's.

mod badges;
mod carrier_routes;
mod carriers;
mod code_routes;
mod codes;
mod count_prints;
mod documents;
mod make_blanks;
mod make_label;
mod print_routes;
mod register_code;
pub mod render;
mod resolver;
mod revoke_label;
mod routes;
mod store;
mod tell;
mod views;

use utoipa_actix_web::service_config::ServiceConfig;

pub use self::badges::{badge_code, worker_of_badge};
pub use self::resolver::factory_of;

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .configure(print_routes::routes)
        .configure(routes::routes)
        .configure(carrier_routes::routes)
        .configure(code_routes::routes)
        .configure(resolver::routes);
}

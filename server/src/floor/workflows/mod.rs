//! Workflows: what is done to an item, stage by stage.
//!
//! A workflow has published versions, which never change, and at most one draft, which is all that can be edited. Items are pinned to the
//! published version they were made with; publishing a draft concerns items made later.

mod change_workflow;
mod definition;
mod draft_routes;
mod edit_draft;
mod figure_routes;
mod figures;
mod publish_version;
mod retire_workflow;
mod routes;
mod store;
mod views;

use utoipa_actix_web::service_config::ServiceConfig;

pub use self::store::{Published, exists, latest_published};

/// The routes of this room.
pub fn routes(config: &mut ServiceConfig<'_>) {
    routes::routes(config);
    draft_routes::routes(config);
    figure_routes::routes(config);
}

//! What phones hold, for the board.

use actix_web::{HttpResponse, get, web};
use chrono::Utc;
use floorline_domain::LocationId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::presence::PhoneView;
use super::store;
use crate::app::App;
use crate::platform::http::{ApiError, Problem};
use crate::platform::tenancy::{Allowed, TenantTx, may};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PresenceQuery {
    /// The site.
    site_id: Uuid,
}

/// The phones of a site.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PresenceView {
    /// Those heard longest ago first.
    data: Vec<PhoneView>,
}

/// Which phones of a site are connected and what they still hold.
///
/// Soft state of the server that answers: it says how complete a live board is, nothing is decided by it.
#[utoipa::path(
    tag = "sync",
    security(("bearer" = [])),
    params(PresenceQuery),
    responses(
        (status = 200, body = PresenceView),
        (status = 403, description = "The permission queue:view is missing", body = Problem),
        (status = 404, description = "No such site", body = Problem),
    )
)]
#[get("/v1/sync/presence")]
pub(super) async fn read_presence(
    app: web::Data<App>,
    by: Allowed<may::ViewQueues>,
    query: web::Query<PresenceQuery>,
) -> Result<HttpResponse, ApiError> {
    let site = LocationId(query.site_id);
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let known = store::known_sites(&mut tx, &[site]).await?;
    tx.commit().await?;
    if known.is_empty() {
        return Err(ApiError::not_found("site"));
    }
    let data = app.sockets.presence().of_site(by.org_id, site, Utc::now());
    Ok(HttpResponse::Ok().json(PresenceView { data }))
}

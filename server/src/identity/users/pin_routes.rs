//! `/v1/users/{id}/pin`: the PIN that goes with somebody's badge, for who forgot theirs or has no password to set one with.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, delete, put};
use floorline_domain::UserId;
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::store;
use super::views::NewPin;
use crate::app::App;
use crate::identity::{audit, checks, organizations};
use crate::platform::clock;
use crate::platform::http::ApiError;
use crate::platform::tenancy::{Allowed, Identity, TenantTx, may};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(set_pin).service(remove_pin);
}

/// Sets a person's PIN. Replacing one ends every session of theirs.
#[utoipa::path(tag = "users", security(("bearer" = [])), request_body = NewPin, responses((status = 204, description = "Set")))]
#[put("/v1/users/{id}/pin")]
async fn set_pin(
    app: Data<App>,
    by: Allowed<may::ManageUsers>,
    id: Path<Uuid>,
    body: Json<NewPin>,
) -> Result<HttpResponse, ApiError> {
    let hash = app.sign_in.passwords.hash_pin(&body.pin).await?;
    write(&app, &by, *id, Some(&hash), "user.pin_set").await
}

/// Takes a person's PIN away: their badge signs nobody in any more. Ends every session of theirs.
#[utoipa::path(tag = "users", security(("bearer" = [])), responses((status = 204, description = "They have none")))]
#[delete("/v1/users/{id}/pin")]
async fn remove_pin(app: Data<App>, by: Allowed<may::ManageUsers>, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    write(&app, &by, *id, None, "user.pin_removed").await
}

/// Whoever sets a PIN can sign in as that user: it takes everything that user may do.
async fn write(app: &App, by: &Identity, id: Uuid, hash: Option<&str>, kind: &str) -> Result<HttpResponse, ApiError> {
    let now = clock::now();
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    organizations::lock(&mut tx).await?;
    let row = store::find_for_update(&mut tx, id).await?;
    checks::may_give(by, &store::permissions_held(&mut tx, row.id).await?)?;
    store::set_pin(&mut tx, row.id, hash, None, now).await?;
    audit::append(&mut tx, Some(by.user_id), kind, json!({ "user_id": row.id }), now).await?;
    tx.commit().await?;
    app.sockets.check_user(UserId(row.id));
    Ok(HttpResponse::NoContent().finish())
}

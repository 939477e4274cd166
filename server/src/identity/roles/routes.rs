//! `/v1/roles`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, delete, get, patch, post};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::store::{self, NewRole, RoleRow};
use super::views::{RoleBody, RoleChange, RoleView};
use crate::app::App;
use crate::identity::{audit, checks, organizations};
use crate::platform::clock;
use crate::platform::http::{ApiError, Claimed, Code, IdempotencyKey, IfMatch, Page, PageQuery, etag, replay};
use crate::platform::tenancy::{Allowed, Identity, TenantTx, may};

pub(in super::super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_roles).service(create_role).service(show_role).service(change_role).service(delete_role);
}

/// The roles of the organisation.
#[utoipa::path(tag = "roles", security(("bearer" = [])), params(PageQuery), responses((status = 200, body = Page<RoleView>)))]
#[get("/v1/roles")]
async fn list_roles(
    app: Data<App>,
    by: Allowed<may::ViewUsers>,
    page: Query<PageQuery>,
) -> Result<Json<Page<RoleView>>, ApiError> {
    let limit = page.limit()?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let rows = store::page(&mut tx, page.after_id()?, limit + 1).await?;
    tx.commit().await?;
    Ok(Json(Page::from_rows(rows, limit, |row| row.id.to_string(), RoleView::from)))
}

/// Makes a role. Nobody can put a permission into it that they do not have.
#[utoipa::path(tag = "roles", security(("bearer" = [])), request_body = RoleBody, responses((status = 201, body = RoleView)))]
#[post("/v1/roles")]
async fn create_role(
    app: Data<App>,
    by: Allowed<may::ManageRoles>,
    key: IdempotencyKey,
    body: Json<RoleBody>,
) -> Result<HttpResponse, ApiError> {
    let now = clock::now();
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let claim = match key.claim(&mut tx, by.user_id.0, &*body).await? {
        Claimed::Replay { status, body } => return Ok(replay(status, body)),
        Claimed::Fresh(claim) => claim,
    };
    let role = read(&by, &body)?;
    store::insert(&mut tx, std::slice::from_ref(&role), now).await?;
    let detail = json!({ "role_id": role.id, "name": role.name, "permissions": role.permissions });
    let view = RoleView::from(store::find(&mut tx, role.id).await?);
    audit::append(&mut tx, Some(by.user_id), "role.created", detail, now).await?;
    claim.answer(tx, StatusCode::CREATED, &view).await
}

/// One role.
#[utoipa::path(tag = "roles", security(("bearer" = [])), responses((status = 200, body = RoleView)))]
#[get("/v1/roles/{id}")]
async fn show_role(app: Data<App>, by: Allowed<may::ViewUsers>, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = store::find(&mut tx, *id).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().insert_header(etag(row.version)).json(RoleView::from(row)))
}

/// Renames a role or changes what it allows; its holders have it at once.
#[utoipa::path(tag = "roles", security(("bearer" = [])), request_body = RoleChange, params(
    ("If-Match" = String, Header, description = "The ETag that is changed")), responses((status = 200, body = RoleView)))]
#[patch("/v1/roles/{id}")]
async fn change_role(
    app: Data<App>,
    by: Allowed<may::ManageRoles>,
    id: Path<Uuid>,
    version: IfMatch,
    change: Json<RoleChange>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    organizations::lock(&mut tx).await?;
    let row = store::find_for_update(&mut tx, *id).await?;
    version.check(row.version)?;
    let row = changed(&by, row, &change)?;
    store::update(&mut tx, &row).await?;
    keep_an_administrator(&mut tx).await?;
    let detail = json!({ "role_id": row.id, "name": row.name, "permissions": row.permissions });
    audit::append(&mut tx, Some(by.user_id), "role.changed", detail, row.updated_at).await?;
    let holders = store::holders(&mut tx, row.id).await?;
    tx.commit().await?;
    holders.into_iter().for_each(|holder| app.sockets.check_user(holder));
    Ok(HttpResponse::Ok().insert_header(etag(row.version)).json(RoleView::from(row)))
}

/// Deletes a role nobody holds.
#[utoipa::path(tag = "roles", security(("bearer" = [])), params(
    ("If-Match" = String, Header, description = "The ETag that is removed")), responses((status = 204, description = "It is gone")))]
#[delete("/v1/roles/{id}")]
async fn delete_role(
    app: Data<App>,
    by: Allowed<may::ManageRoles>,
    id: Path<Uuid>,
    version: IfMatch,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    organizations::lock(&mut tx).await?;
    let row = store::find_for_update(&mut tx, *id).await?;
    version.check(row.version)?;
    let holders = store::holders(&mut tx, row.id).await?.len();
    if holders > 0 {
        return Err(
            ApiError::new(Code::InUse, format!("{holders} people hold this role.")).with(json!({ "holders": holders }))
        );
    }
    store::delete(&mut tx, row.id).await?;
    audit::append(
        &mut tx,
        Some(by.user_id),
        "role.deleted",
        json!({ "role_id": row.id, "name": row.name }),
        clock::now(),
    )
    .await?;
    tx.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

fn read(by: &Identity, body: &RoleBody) -> Result<NewRole, ApiError> {
    let mut faults = Vec::new();
    let name = checks::name("name", &body.name, 100, &mut faults);
    let permissions = checks::permissions(&body.permissions, &mut faults);
    checks::refuse(faults)?;
    checks::may_give(by, &permissions)?;
    Ok(NewRole { id: Uuid::now_v7(), name, permissions, template: false })
}

fn changed(by: &Identity, mut row: RoleRow, change: &RoleChange) -> Result<RoleRow, ApiError> {
    let mut faults = Vec::new();
    if let Some(name) = &change.name {
        row.name = checks::name("name", name, 100, &mut faults);
    }
    if let Some(texts) = &change.permissions {
        let permissions = checks::permissions(texts, &mut faults);
        checks::refuse(std::mem::take(&mut faults))?;
        let added =
            permissions.iter().filter(|permission| !row.permissions.iter().any(|held| held == permission.as_str()));
        checks::may_give(by, &added.copied().collect())?;
        row.permissions = store::texts(&permissions);
    }
    checks::refuse(faults)?;
    row.updated_at = clock::now();
    row.version += 1;
    Ok(row)
}

async fn keep_an_administrator(tx: &mut TenantTx) -> Result<(), ApiError> {
    if store::someone_administers(tx).await? {
        return Ok(());
    }
    Err(ApiError::new(Code::StateConflict, "Nobody would be left who can manage users and roles."))
}

//! `/v1/organizations`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, get, patch, post};
use floorline_domain::OrgId;
use floorline_domain::permission::{OrganizationKind, PermissionSet};
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::store::{self, OrganizationRow};
use super::views::{FoundedView, NewOrganization, OrganizationChange, OrganizationView};
use super::{Founding, found, settings};
use crate::app::App;
use crate::identity::{audit, checks};
use crate::platform::clock;
use crate::platform::http::{ApiError, Claimed, IdempotencyKey, IfMatch, etag, replay};
use crate::platform::tenancy::{Allowed, Identity, TenantTx, may};

/// The most all settings of an organisation may take.
const SETTINGS_BYTES: usize = 16 * 1024;

pub(in super::super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(create_organization).service(show_organization).service(change_organization);
}

/// Founds an organisation with the roles of its kind and its first administrator.
#[utoipa::path(tag = "organizations", security(("bearer" = [])), request_body = NewOrganization, responses((status = 201, body = FoundedView)))]
#[post("/v1/organizations")]
async fn create_organization(
    app: Data<App>,
    by: Allowed<may::CreateOrganizations>,
    key: IdempotencyKey,
    body: Json<NewOrganization>,
) -> Result<HttpResponse, ApiError> {
    let founding = read(&app, &body).await?;
    // The same key gives the same id, so that the first answer is found where it was stored: in the new organisation.
    let org = OrgId(key.derived_id(by.org_id.0, by.user_id.0).unwrap_or_else(Uuid::now_v7));
    let mut tx = TenantTx::open(&app.db, org).await?;
    if store::find(&mut tx).await?.is_some() {
        return match key.claim(&mut tx, by.user_id.0, &*body).await? {
            Claimed::Replay { status, body } => Ok(replay(status, body)),
            Claimed::Fresh(_) => Err(ApiError::busy("The same request is still running.")),
        };
    }
    let founded = found(&mut tx, &founding, Some(by.user_id), clock::now()).await?;
    let Claimed::Fresh(claim) = key.claim(&mut tx, by.user_id.0, &*body).await? else {
        return Err(ApiError::busy("The same request is still running."));
    };
    let row = own(&mut tx, org.0).await?;
    let view = FoundedView { organization: row.into(), administrator_id: founded.admin.0 };
    claim.answer(tx, StatusCode::CREATED, &view).await
}

/// The organisation one belongs to.
#[utoipa::path(tag = "organizations", security(("bearer" = [])), responses((status = 200, body = OrganizationView)))]
#[get("/v1/organizations/{id}")]
async fn show_organization(app: Data<App>, by: Identity, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = own(&mut tx, *id).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().insert_header(etag(row.version)).json(OrganizationView::from(row)))
}

/// Changes its name or its settings.
#[utoipa::path(tag = "organizations", security(("bearer" = [])), request_body = OrganizationChange, params(
    ("If-Match" = String, Header, description = "The ETag that is changed")), responses((status = 200, body = OrganizationView)))]
#[patch("/v1/organizations/{id}")]
async fn change_organization(
    app: Data<App>,
    by: Allowed<may::ManageOrganization>,
    id: Path<Uuid>,
    version: IfMatch,
    change: Json<OrganizationChange>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    own(&mut tx, *id).await?;
    let row = store::find_for_update(&mut tx).await?.ok_or_else(|| ApiError::not_found("organization"))?;
    version.check(row.version)?;
    let row = changed(row, change.into_inner())?;
    store::update(&mut tx, &row).await?;
    let detail = json!({ "name": row.name, "settings": row.settings });
    audit::append(&mut tx, Some(by.user_id), "organization.changed", detail, row.updated_at).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().insert_header(etag(row.version)).json(OrganizationView::from(row)))
}

async fn read(app: &App, body: &NewOrganization) -> Result<Founding, ApiError> {
    let kind: OrganizationKind = body.kind.parse().map_err(|_| {
        ApiError::invalid_field("kind", "UNKNOWN", format!("There is no kind of organisation {:?}.", body.kind))
    })?;
    Ok(Founding {
        name: body.name.clone(),
        kind,
        email: body.administrator.email.clone(),
        admin_name: body.administrator.name.clone(),
        password_hash: app.sign_in.passwords.hash(&body.administrator.password).await?,
        installation: PermissionSet::new(),
    })
}

/// Another organisation is as absent as one that never was.
async fn own(tx: &mut TenantTx, id: Uuid) -> Result<OrganizationRow, ApiError> {
    store::find(tx).await?.filter(|row| row.id == id).ok_or_else(|| ApiError::not_found("organization"))
}

fn changed(mut row: OrganizationRow, change: OrganizationChange) -> Result<OrganizationRow, ApiError> {
    let mut faults = Vec::new();
    if let Some(name) = &change.name {
        row.name = checks::name("name", name, 200, &mut faults);
    }
    for (name, value) in change.settings.iter().flatten().filter(|(_, value)| !value.is_null()) {
        settings::check(name, value, &mut faults);
    }
    checks::refuse(faults)?;
    if let (Some(settings), Some(changes)) = (row.settings.as_object_mut(), change.settings) {
        for (name, value) in changes {
            if value.is_null() {
                settings.remove(&name);
            } else {
                settings.insert(name, value);
            }
        }
        if row.settings.to_string().len() > SETTINGS_BYTES {
            return Err(ApiError::invalid_field("settings", "LENGTH", "The settings have at most 16 KiB."));
        }
    }
    row.updated_at = clock::now();
    row.version += 1;
    Ok(row)
}

//! `/v1/users`.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, delete, get, patch, post};
use chrono::{DateTime, Utc};
use floorline_domain::UserId;
use floorline_domain::permission::PermissionSet;
use serde_json::json;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::pin_routes;
use super::store::{self, NewUserRow, UserRow, Wanted};
use super::views::{NewUser, UserChange, UserFilter, UserView};
use crate::app::App;
use crate::identity::{audit, checks, organizations, roles};
use crate::platform::clock;
use crate::platform::http::{ApiError, Claimed, Code, IdempotencyKey, IfMatch, Page, PageQuery, etag, replay};
use crate::platform::tenancy::{Allowed, Identity, TenantTx, may};

/// Roles one user may hold.
const ROLES: usize = 50;

pub(in super::super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_users).service(create_user).service(show_user).service(change_user).service(deactivate_user);
    pin_routes::routes(config);
}

/// The people of the organisation.
#[utoipa::path(tag = "users", security(("bearer" = [])), params(PageQuery, UserFilter), responses((status = 200, body = Page<UserView>)))]
#[get("/v1/users")]
async fn list_users(
    app: Data<App>,
    by: Allowed<may::ViewUsers>,
    page: Query<PageQuery>,
    filter: Query<UserFilter>,
) -> Result<Json<Page<UserView>>, ApiError> {
    let limit = page.limit()?;
    let wanted =
        Wanted { id: None, after: page.after_id()?, active: filter.active, role_id: filter.role_id, limit: limit + 1 };
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let rows = store::page(&mut tx, &wanted).await?;
    tx.commit().await?;
    Ok(Json(Page::from_rows(rows, limit, |row| row.id.to_string(), UserView::from)))
}

/// Adds a person. Nobody can give a role that allows more than they may do themselves.
#[utoipa::path(tag = "users", security(("bearer" = [])), request_body = NewUser, responses((status = 201, body = UserView)))]
#[post("/v1/users")]
async fn create_user(
    app: Data<App>,
    by: Allowed<may::ManageUsers>,
    key: IdempotencyKey,
    body: Json<NewUser>,
) -> Result<HttpResponse, ApiError> {
    let (user, now) = (read(&app, &body).await?, clock::now());
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let claim = match key.claim(&mut tx, by.user_id.0, &*body).await? {
        Claimed::Replay { status, body } => return Ok(replay(status, body)),
        Claimed::Fresh(claim) => claim,
    };
    organizations::lock(&mut tx).await?;
    may_give_roles(&mut tx, &by, &body.role_ids).await?;
    store::insert(&mut tx, &user, &body.role_ids, now).await?;
    let view = UserView::from(store::find(&mut tx, user.id.0).await?);
    let detail = json!({ "user_id": user.id, "email": user.email, "role_ids": body.role_ids });
    audit::append(&mut tx, Some(by.user_id), "user.created", detail, now).await?;
    claim.answer(tx, StatusCode::CREATED, &view).await
}

/// One person.
#[utoipa::path(tag = "users", security(("bearer" = [])), responses((status = 200, body = UserView)))]
#[get("/v1/users/{id}")]
async fn show_user(app: Data<App>, by: Allowed<may::ViewUsers>, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let row = store::find(&mut tx, *id).await?;
    tx.commit().await?;
    Ok(HttpResponse::Ok().insert_header(etag(row.version)).json(UserView::from(row)))
}

/// Changes a person, their roles or their password.
#[utoipa::path(tag = "users", security(("bearer" = [])), request_body = UserChange, params(
    ("If-Match" = String, Header, description = "The ETag that is changed")), responses((status = 200, body = UserView)))]
#[patch("/v1/users/{id}")]
async fn change_user(
    app: Data<App>,
    by: Allowed<may::ManageUsers>,
    id: Path<Uuid>,
    version: IfMatch,
    change: Json<UserChange>,
) -> Result<HttpResponse, ApiError> {
    let hash = match &change.password {
        Some(password) => Some(app.sign_in.passwords.hash(password).await?),
        None => None,
    };
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    organizations::lock(&mut tx).await?;
    let row = store::find_for_update(&mut tx, *id).await?;
    version.check(row.version)?;
    write_change(&mut tx, &by, row, &change, hash.as_deref(), clock::now()).await?;
    let row = store::find(&mut tx, *id).await?;
    audit::append(&mut tx, Some(by.user_id), "user.changed", told(*id, &change), row.updated_at).await?;
    tx.commit().await?;
    app.sockets.check_user(UserId(*id));
    Ok(HttpResponse::Ok().insert_header(etag(row.version)).json(UserView::from(row)))
}

/// Lets a person sign in no more. Their row stays: what they did keeps their name.
#[utoipa::path(tag = "users", security(("bearer" = [])), params(
    ("If-Match" = String, Header, description = "The ETag that is removed")), responses((status = 204, description = "They can sign in no more")))]
#[delete("/v1/users/{id}")]
async fn deactivate_user(
    app: Data<App>,
    by: Allowed<may::ManageUsers>,
    id: Path<Uuid>,
    version: IfMatch,
) -> Result<HttpResponse, ApiError> {
    let (change, now) = (UserChange { active: Some(false), ..UserChange::default() }, clock::now());
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    organizations::lock(&mut tx).await?;
    let row = store::find_for_update(&mut tx, *id).await?;
    version.check(row.version)?;
    write_change(&mut tx, &by, row, &change, None, now).await?;
    audit::append(&mut tx, Some(by.user_id), "user.deactivated", json!({ "user_id": *id }), now).await?;
    tx.commit().await?;
    app.sockets.check_user(UserId(*id));
    Ok(HttpResponse::NoContent().finish())
}

async fn read(app: &App, body: &NewUser) -> Result<NewUserRow, ApiError> {
    let mut faults = Vec::new();
    let email = checks::email("email", &body.email, &mut faults);
    let name = checks::name("name", &body.name, 200, &mut faults);
    checks::refuse(faults)?;
    let password_hash = match &body.password {
        Some(password) => Some(app.sign_in.passwords.hash(password).await?),
        None => None,
    };
    Ok(NewUserRow { id: UserId(Uuid::now_v7()), email, name, password_hash, permissions: PermissionSet::new() })
}

async fn write_change(
    tx: &mut TenantTx,
    by: &Identity,
    mut row: UserRow,
    change: &UserChange,
    hash: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    may_change(tx, by, &row, change).await?;
    let mut faults = Vec::new();
    if let Some(email) = &change.email {
        row.email = checks::email("email", email, &mut faults);
    }
    if let Some(name) = &change.name {
        row.name = checks::name("name", name, 200, &mut faults);
    }
    checks::refuse(faults)?;
    (row.active, row.updated_at, row.version) = (change.active.unwrap_or(row.active), now, row.version + 1);
    store::update(tx, &row).await?;
    if let Some(role_ids) = &change.role_ids {
        may_give_roles(tx, by, role_ids).await?;
        store::replace_roles(tx, row.id, role_ids).await?;
    }
    if let Some(hash) = hash {
        store::set_password(tx, row.id, hash, now).await?;
    }
    if hash.is_some() || !row.active {
        store::end_logins(tx, row.id, None, now).await?;
    }
    if roles::someone_administers(tx).await? {
        return Ok(());
    }
    Err(ApiError::new(Code::StateConflict, "Nobody would be left who can manage users and roles."))
}

async fn may_give_roles(tx: &mut TenantTx, by: &Identity, role_ids: &[Uuid]) -> Result<(), ApiError> {
    let mut distinct = role_ids.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let (found, permissions) = roles::permissions_of(tx, &distinct).await?;
    if found != distinct.len() || found > ROLES {
        return Err(ApiError::invalid_field(
            "role_ids",
            "UNKNOWN",
            format!("role_ids names at most {ROLES} roles of the organisation."),
        ));
    }
    checks::may_give(by, &permissions)
}

/// Whoever sets a password or an e-mail can sign in as that user, and whoever takes away their roles or their access stands in their
/// place: it takes everything that user may do. Asked before anything is written, of what they may do now.
async fn may_change(tx: &mut TenantTx, by: &Identity, row: &UserRow, change: &UserChange) -> Result<(), ApiError> {
    let renamed = change.email.as_deref().is_some_and(|email| checks::folded(email) != row.email);
    let lessened = change.role_ids.as_deref().is_some_and(|kept| row.holds_besides(kept));
    if change.password.is_none() && !renamed && !lessened && change.active != Some(false) {
        return Ok(());
    }
    checks::may_give(by, &store::permissions_held(tx, row.id).await?)
}

/// What changed, without the password itself.
fn told(id: Uuid, change: &UserChange) -> serde_json::Value {
    json!({
        "user_id": id,
        "email": change.email,
        "name": change.name,
        "active": change.active,
        "role_ids": change.role_ids,
        "password": change.password.is_some(),
    })
}

//! `/v1/labels`.

use actix_web::{HttpResponse, get, post, web};
use floorline_domain::ItemId;
use floorline_domain::label::{Code, Status};
use floorline_mobile_sync::op::Operation;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::make_blanks::MakeBlanks;
use super::revoke_label::RevokeLabel;
use super::store;
use super::views::{Blanks, Claim, Claimed, Label, NewBlanks, Revocation};
use crate::app::App;
use crate::floor::engine::{Act, Actor};
use crate::platform::http::{ApiError, IdempotencyKey, Page, PageQuery, Problem};
use crate::platform::tenancy::{Allowed, Identity, TenantTx, may};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(make_blanks).service(list_labels).service(get_label).service(claim_label).service(revoke_label);
}

/// What a list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LabelFilter {
    /// Only of this order's items.
    pub order_id: Option<Uuid>,
    /// Only those that are or were on this item.
    pub item_id: Option<Uuid>,
    /// Only those that are or were at this place.
    pub location_id: Option<Uuid>,
    /// Only this worker's badges.
    pub user_id: Option<Uuid>,
    /// `blank`, `active`, `replaced` or `revoked`.
    pub status: Option<String>,
    /// Only those that were printed, or only those that were not.
    pub printed: Option<bool>,
}

/// Makes blank labels.
#[utoipa::path(tag = "labels", security(("bearer" = [])), request_body = NewBlanks, responses(
    (status = 201, description = "The labels", body = Blanks),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/labels/blanks")]
async fn make_blanks(
    app: web::Data<App>,
    by: Allowed<may::ManageLabels>,
    key: IdempotencyKey,
    new: web::Json<NewBlanks>,
) -> Result<HttpResponse, ApiError> {
    let operation = MakeBlanks::of(new.into_inner())?;
    Ok(app.engine.run(actor(&by), by.org_id, Box::new(operation), key).await?.into())
}

/// Lists labels, in the order they were made.
#[utoipa::path(tag = "labels", security(("bearer" = [])), params(PageQuery, LabelFilter), responses(
    (status = 200, description = "A page", body = Page<Label>),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/labels")]
async fn list_labels(
    app: web::Data<App>,
    by: Allowed<may::ViewLabels>,
    page: web::Query<PageQuery>,
    filter: web::Query<LabelFilter>,
) -> Result<HttpResponse, ApiError> {
    let limit = page.limit()?;
    if filter.status.as_deref().is_some_and(|status| status.parse::<Status>().is_err()) {
        return Err(ApiError::invalid_field("status", "unknown", "A label is blank, active, replaced or revoked."));
    }
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let rows = store::list(&mut tx, &filter, page.after_id()?, limit).await?;
    Ok(HttpResponse::Ok().json(Page::from_rows(rows, limit, |row| row.id.to_string(), |row| row)))
}

/// Shows a label.
#[utoipa::path(tag = "labels", security(("bearer" = [])), params(("code" = String, Path)), responses(
    (status = 200, description = "The label", body = Label),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/labels/{code}")]
async fn get_label(
    app: web::Data<App>,
    by: Allowed<may::ViewLabels>,
    code: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let code = sound(&code)?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    Ok(HttpResponse::Ok().json(known(&mut tx, &code).await?))
}

/// Puts a blank label on an item; with `replace` instead of the label that is on it now.
#[utoipa::path(tag = "labels", security(("bearer" = [])), params(("code" = String, Path)), request_body = Claim, responses(
    (status = 200, description = "The label", body = Claimed),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/labels/{code}/claim")]
async fn claim_label(
    app: web::Data<App>,
    by: Allowed<may::ActOnItems>,
    code: web::Path<String>,
    idempotency: IdempotencyKey,
    claim: web::Json<Claim>,
) -> Result<HttpResponse, ApiError> {
    let code = sound(&code)?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    known(&mut tx, &code).await?;
    let site = store::site_of_item(&mut tx, claim.item_id).await?;
    drop(tx);
    let site = site.ok_or_else(|| ApiError::invalid_field("item_id", "unknown", "There is no such item."))?;
    let operation = Operation::LabelClaim { code: code.as_str().to_owned(), replace: claim.replace };
    let act = Act { item_id: Some(ItemId(claim.item_id)), operation, blobs: Vec::new(), idempotency };
    let acted = app.engine.act(actor(&by), by.org_id, site, act).await?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let claimed = Claimed { label: known(&mut tx, &code).await?, verdict: json!(acted.verdict) };
    let mut response = HttpResponse::Ok();
    if acted.replayed {
        response.insert_header(("Idempotency-Replayed", "true"));
    }
    Ok(response.json(claimed))
}

/// Takes a label out of use.
#[utoipa::path(tag = "labels", security(("bearer" = [])), params(("code" = String, Path)), request_body = Revocation, responses(
    (status = 200, description = "The label", body = Label),
    (status = "4XX", description = "Not done", body = Problem)))]
#[post("/v1/labels/{code}/revoke")]
async fn revoke_label(
    app: web::Data<App>,
    by: Allowed<may::ManageLabels>,
    code: web::Path<String>,
    key: IdempotencyKey,
    why: web::Json<Revocation>,
) -> Result<HttpResponse, ApiError> {
    let operation = RevokeLabel::of(sound(&code)?, why.into_inner())?;
    Ok(app.engine.run(actor(&by), by.org_id, Box::new(operation), key).await?.into())
}

/// The code in an address; one that is not sound cannot exist.
fn sound(code: &str) -> Result<Code, ApiError> {
    Code::parse(code).map_err(|error| ApiError::not_found(&format!("label: {error}")))
}

async fn known(tx: &mut TenantTx, code: &Code) -> Result<Label, ApiError> {
    store::find(tx, code).await?.ok_or_else(|| ApiError::not_found("label"))
}

pub(super) fn actor(by: &Identity) -> Actor {
    Actor { id: by.user_id, name: by.name.clone() }
}

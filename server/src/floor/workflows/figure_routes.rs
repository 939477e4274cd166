//! Figures of a workflow.

use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::figures::{self, WorkflowAnalytics, WorkflowProgress};
use super::store;
use crate::app::App;
use crate::floor::items::{ItemFilter, ItemSummary, list_items};
use crate::platform::http::{ApiError, Page, PageQuery, Problem, sensible};
use crate::platform::tenancy::{Allowed, TenantTx, may};

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(get_progress).service(get_items).service(get_analytics);
}

/// The span to look at.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Span {
    /// Absent: the last 30 days.
    since: Option<DateTime<Utc>>,
}

/// Counts the items made with a workflow, by status and stage.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), responses(
    (status = 200, description = "Counts", body = WorkflowProgress),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/workflows/{id}/progress")]
async fn get_progress(
    app: web::Data<App>,
    by: Allowed<may::ViewWorkflows>,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    store::find(&mut tx, *id).await?;
    Ok(HttpResponse::Ok().json(figures::progress(&mut tx, *id).await?))
}

/// Lists the items made with a workflow, in any version.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, description = "A page", body = Page<ItemSummary>),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/workflows/{id}/items")]
async fn get_items(
    app: web::Data<App>,
    by: Allowed<may::ViewItems>,
    id: web::Path<Uuid>,
    page: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    store::find(&mut tx, *id).await?;
    let filter = ItemFilter { workflow_id: Some(*id), ..ItemFilter::default() };
    Ok(HttpResponse::Ok().json(list_items(&mut tx, &filter, &page).await?))
}

/// Times in stages, rework and first-pass yield.
#[utoipa::path(tag = "workflows", security(("bearer" = [])), params(Span), responses(
    (status = 200, description = "Figures", body = WorkflowAnalytics),
    (status = "4XX", description = "Not done", body = Problem)))]
#[get("/v1/workflows/{id}/analytics")]
async fn get_analytics(
    app: web::Data<App>,
    by: Allowed<may::ViewWorkflows>,
    id: web::Path<Uuid>,
    span: web::Query<Span>,
) -> Result<HttpResponse, ApiError> {
    let since = span.since.unwrap_or_else(|| Utc::now() - TimeDelta::days(30));
    sensible("since", &since).map_err(|fault| ApiError::invalid(vec![fault]))?;
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    store::find(&mut tx, *id).await?;
    Ok(HttpResponse::Ok().json(figures::analytics(&mut tx, *id, since).await?))
}

//! `GET /v1/audit`.

use actix_web::get;
use actix_web::web::{Data, Json, Query};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::Body;
use super::store::{self, EventRow, Wanted};
use crate::app::App;
use crate::platform::http::{ApiError, Code, Page, PageQuery};
use crate::platform::tenancy::{Allowed, TenantTx, may};

pub(in super::super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_audit_events);
}

/// Which events to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditFilter {
    /// Only this kind, such as `device.revoked`.
    kind: Option<String>,
    /// Only what this user did.
    actor_id: Option<Uuid>,
}

/// One link of the chain.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditEventView {
    /// Its place in the chain, from 1.
    n: i64,
    at: DateTime<Utc>,
    /// Who did it; null for the command line.
    actor_id: Option<Uuid>,
    kind: String,
    detail: Value,
    /// SHA-256 of the hash before it and its body, in hexadecimal.
    hash: String,
}

impl From<EventRow> for AuditEventView {
    fn from(row: EventRow) -> Self {
        let detail = serde_json::from_str::<Body>(&row.body).map_or(Value::Null, |body| body.detail);
        let hash = row.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { n: row.n, at: row.at, actor_id: row.actor_id, kind: row.kind, detail, hash }
    }
}

/// The audit events of the organisation, newest first.
#[utoipa::path(tag = "audit", security(("bearer" = [])), params(PageQuery, AuditFilter), responses((status = 200, body = Page<AuditEventView>)))]
#[get("/v1/audit")]
async fn list_audit_events(
    app: Data<App>,
    by: Allowed<may::ViewAudit>,
    page: Query<PageQuery>,
    filter: Query<AuditFilter>,
) -> Result<Json<Page<AuditEventView>>, ApiError> {
    let limit = page.limit()?;
    let before = page.after()?.map(|text| text.parse()).transpose();
    let before = before.map_err(|_| ApiError::new(Code::BadRequest, "cursor is not one of this list's."))?;
    let wanted = Wanted { before, kind: filter.kind.as_deref(), actor: filter.actor_id, limit: limit + 1 };
    let mut tx = TenantTx::open(&app.db, by.org_id).await?;
    let rows = store::newest(&mut tx, &wanted).await?;
    tx.commit().await?;
    Ok(Json(Page::from_rows(rows, limit, |row| row.n.to_string(), AuditEventView::from)))
}

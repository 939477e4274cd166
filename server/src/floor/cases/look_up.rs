//! Reads cases.

use floorline_domain::CaseId;

use super::store;
use super::views::{CaseFilter, CaseView, WholeCaseView};
use crate::platform::http::{ApiError, Page, PageQuery};
use crate::platform::tenancy::TenantTx;

/// One page of cases.
pub(super) async fn list(tx: &mut TenantTx, filter: &CaseFilter, page: &PageQuery) -> Result<Page<CaseView>, ApiError> {
    let limit = page.limit()?;
    let rows = store::list(tx, filter, page.after_id()?, limit + 1).await?;
    Ok(Page::from_rows(rows, limit, |row| row.id.to_string(), CaseView::from))
}

/// A case with its entries.
pub(super) async fn whole(tx: &mut TenantTx, id: CaseId) -> Result<WholeCaseView, ApiError> {
    let case = store::find(tx, id).await?;
    let entries = store::entries(tx, id).await?;
    Ok(WholeCaseView::new(case, entries))
}

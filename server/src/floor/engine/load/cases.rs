//! The cases of earlier entries, under lock: what is built on an entry shares its fate, and its case while that is open.

use std::collections::{BTreeMap, BTreeSet};

use diesel::sql_types::{Array, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::CaseId;
use uuid::Uuid;

use crate::floor::engine::core::CaseState;
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    state: String,
}

/// Locks them, so that nobody decides one while an entry joins it.
pub(super) async fn lock_cases(tx: &TenantTx, ids: BTreeSet<CaseId>) -> Result<BTreeMap<CaseId, CaseState>, ApiError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let org = tx.org().0;
    let rows: Vec<Row> =
        sql("SELECT id, state FROM sync_cases WHERE org_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE")
            .bind::<SqlUuid, _>(org)
            .bind::<Array<SqlUuid>, _>(ids.into_iter().map(|id| id.0).collect::<Vec<_>>())
            .load(&mut tx.pipe())
            .await?;
    Ok(rows.into_iter().map(|row| (CaseId(row.id), state(&row.state))).collect())
}

fn state(text: &str) -> CaseState {
    match text {
        "open" => CaseState::Open,
        "booked" => CaseState::Booked,
        _ => CaseState::Closed,
    }
}

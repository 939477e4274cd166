//! Logs what happened to a label and tells those who may meet it.

use floorline_domain::label::{self, Code, Status, Target};
use floorline_domain::{ItemId, LabelId, LocationId, UserId};
use serde_json::{Value, json};

use super::store;
use super::views::Label;
use crate::floor::engine::{Ledger, Record, Subject, Topic};
use crate::floor::locations::active_sites;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// The sites whose snapshots have it: its item's, its place's, each of them for a badge. Of a blank one those hear who look after what has no
/// site yet.
pub(super) async fn topics(tx: &mut TenantTx, row: &Label) -> Result<Vec<Topic>, ApiError> {
    let sites: Vec<LocationId> = match target(row) {
        Some(Target::Item(item)) => store::site_of_item(tx, item.0).await?.into_iter().collect(),
        Some(Target::Location(place)) => store::site_of_place(tx, place.0).await?.into_iter().collect(),
        Some(Target::User(_)) => active_sites(tx).await?,
        None => Vec::new(),
    };
    Ok(if sites.is_empty() { vec![Topic::Org] } else { sites.into_iter().map(Topic::Site).collect() })
}

/// Logs `kind`. The row is as it is afterwards.
pub(super) fn record(
    ledger: &mut Ledger,
    row: &Label,
    kind: &'static str,
    data: Value,
    topics: Vec<Topic>,
) -> Result<(), ApiError> {
    let label = as_known(row)?;
    ledger.record(Record {
        subject: Subject::label(label.id),
        version: row.version,
        kind,
        data,
        after: json!(label),
        topics,
        brand_after: None,
    });
    Ok(())
}

/// The label as the rules know it.
pub(super) fn as_known(row: &Label) -> Result<label::Label, ApiError> {
    let broken = |what: &str| ApiError::internal(anyhow::anyhow!("label {} has a {what} that is none", row.id));
    Ok(label::Label {
        id: LabelId(row.id),
        code: Code::parse(&row.code).map_err(|_| broken("code"))?,
        status: row.status.parse::<Status>().map_err(|_| broken("status"))?,
        target: target(row),
        replaced_by: row.replaced_by.map(LabelId),
    })
}

/// The one thing it names.
fn target(row: &Label) -> Option<Target> {
    row.item_id
        .map(|id| Target::Item(ItemId(id)))
        .or(row.location_id.map(|id| Target::Location(LocationId(id))))
        .or(row.user_id.map(|id| Target::User(UserId(id))))
}

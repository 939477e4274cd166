//! Scans as JSON.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use floorline_mobile_sync::verdict::Verdict;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{Count, Meaning};
use crate::platform::db::schema::{items, locations, scans, users};

/// A scan that was read already.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewScan {
    /// What the code says, as it stands in it.
    pub(super) raw: String,
    /// The item that is being worked on, if any.
    pub(super) item_id: Option<Uuid>,
}

/// A picture of a code.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes the form; it is read field by field")]
pub(super) struct ScanPicture {
    /// JPEG, PNG, WebP or TIFF of at most 10 MiB and 50 million pixels.
    #[schema(value_type = String, format = Binary)]
    image: Vec<u8>,
    /// The item that is being worked on, if any.
    item_id: Option<Uuid>,
}

/// A scan as it was kept.
#[derive(Debug, Serialize, ToSchema, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = scans, check_for_backend(diesel::pg::Pg))]
pub(super) struct Scan {
    /// Its id.
    pub(super) id: Uuid,
    /// When it was made.
    pub(super) at: DateTime<Utc>,
    /// Who scanned.
    pub(super) user_id: Uuid,
    /// With which handheld; null over HTTP.
    pub(super) device_id: Option<Uuid>,
    /// What the code said.
    pub(super) raw: String,
    /// `item`, `location`, `user`, `action`, `text` or `unknown`.
    pub(super) kind: String,
    /// What it names: an id, an action, the text or the label's code.
    pub(super) value: Option<String>,
    /// `success`, `invalid` or `error`.
    pub(super) result: String,
    /// Why it is not a success.
    pub(super) explanation: Option<String>,
    /// The item it is about.
    pub(super) item_id: Option<Uuid>,
    /// The stage it was made at.
    pub(super) stage: Option<String>,
}

/// What a scan means.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Scanned {
    /// `success`; `invalid` when it names nothing here; `error` when no code could be read.
    result: String,
    /// `item`, `location`, `user`, `action`, `text` or `unknown`.
    kind: String,
    /// What it names: an id, an action, the text or the label's code.
    value: Option<String>,
    /// What the code says, null when none could be read.
    raw: Option<String>,
    /// The item it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<ScannedItem>,
    /// The place it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<ScannedLocation>,
    /// The person it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<ScannedUser>,
    /// The action it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<ScannedAction>,
    /// Why it is not a success.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<String>,
    /// The stored verdict, as a phone would get it; null when there was nothing to store.
    #[schema(value_type = Option<Object>)]
    verdict: Option<Verdict>,
}

impl Scanned {
    pub(super) fn recorded(row: Scan, meaning: Meaning, verdict: Verdict) -> Self {
        Self {
            result: row.result,
            kind: row.kind,
            value: row.value,
            raw: Some(row.raw),
            item: meaning.item,
            location: meaning.location,
            user: meaning.user,
            action: meaning.action,
            explanation: row.explanation,
            verdict: Some(verdict),
        }
    }

    /// A picture in which no code could be made out.
    pub(super) fn unreadable() -> Self {
        Self {
            result: "error".into(),
            kind: "unknown".into(),
            value: None,
            raw: None,
            item: None,
            location: None,
            user: None,
            action: None,
            explanation: Some("No code could be read in the picture. Go closer, hold still, avoid glare.".into()),
            verdict: None,
        }
    }
}

/// An item, as far as a scan shows it.
#[derive(Debug, Serialize, ToSchema, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = items, check_for_backend(diesel::pg::Pg))]
pub(super) struct ScannedItem {
    /// Its id.
    id: Uuid,
    /// Its code, such as `JKT-AURORA-M-0042`.
    code: String,
    /// Its status.
    status: String,
    /// Its stage.
    stage: String,
    /// Its version.
    version: i64,
    /// Its order, if any.
    order_id: Option<Uuid>,
    /// Its site.
    site_id: Uuid,
    /// Where it is, if known.
    location_id: Option<Uuid>,
    /// Whose it is, if anybody's.
    assigned_to: Option<Uuid>,
}

/// A place, as far as a scan shows it.
#[derive(Debug, Serialize, ToSchema, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = locations, check_for_backend(diesel::pg::Pg))]
pub(super) struct ScannedLocation {
    /// Its id.
    id: Uuid,
    /// `site`, `area`, `station` …
    kind: String,
    /// What people call it.
    name: String,
    /// Its site.
    site_id: Uuid,
}

/// A person, as far as a scan shows them.
#[derive(Debug, Serialize, ToSchema, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = users, check_for_backend(diesel::pg::Pg))]
pub(super) struct ScannedUser {
    /// Their id.
    id: Uuid,
    /// Their name.
    name: String,
}

/// An action that a code asks for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScannedAction {
    /// Such as `sew.seam`.
    pub(super) id: String,
}

/// Scans of the last 24 hours.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Statistics {
    /// Counted from here …
    from: DateTime<Utc>,
    /// … to here.
    to: DateTime<Utc>,
    /// All scans.
    total: i64,
    /// Those that named something.
    success: i64,
    /// Those that named nothing here.
    invalid: i64,
    /// Those that led to a refusal.
    error: i64,
    /// Of a hundred scans, those that named something; 0 when there were none.
    success_percent: f64,
    /// The same by kind of thing.
    by_kind: BTreeMap<String, i64>,
}

impl Statistics {
    pub(super) fn new(counts: &[Count], from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        let of = |result: &str| counts.iter().filter(|count| count.result == result).map(|count| count.n).sum::<i64>();
        let mut by_kind = BTreeMap::new();
        for count in counts {
            *by_kind.entry(count.kind.clone()).or_default() += count.n;
        }
        let (total, success) = (counts.iter().map(|count| count.n).sum::<i64>(), of("success"));
        Self {
            from,
            to,
            total,
            success,
            invalid: of("invalid"),
            error: of("error"),
            success_percent: percent(success, total),
            by_kind,
        }
    }
}

/// To one decimal.
fn percent(part: i64, whole: i64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    let per_mille = i32::try_from(part.saturating_mul(1000) / whole).unwrap_or(1000);
    f64::from(per_mille) / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_has_one_decimal_and_none_of_nothing_is_nought() {
        assert_eq!([percent(2, 3), percent(3, 3), percent(0, 0)], [66.6, 100.0, 0.0]);
    }
}

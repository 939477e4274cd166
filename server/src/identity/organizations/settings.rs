//! What an organisation sets for itself, by name.
//!
//! | setting | default | meaning |
//! |---|---|---|
//! | `photo_bytes` | the server's | largest photo |
//! | `strict_permissions` | `false` | what a phone did while a permission was held, and sent after it was withdrawn, waits for a decision |
//! | `stuck_after_minutes` | 240 | how long an item may be in one stage before it counts as stuck: 5 minutes to 30 days |
//!
//! Names this version does not know are kept as they are.

use chrono::TimeDelta;
use diesel::{OptionalExtension as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use floorline_domain::FieldError;
use floorline_domain::queue::{self, STUCK_AFTER_MINUTES};
use serde_json::Value;

use crate::platform::db::schema::organizations;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

const STUCK_AFTER: &str = "stuck_after_minutes";

/// Notes what is wrong with the value of a setting.
pub(super) fn check(name: &str, value: &Value, faults: &mut Vec<FieldError>) {
    if name == STUCK_AFTER && !value.as_i64().is_some_and(|minutes| STUCK_AFTER_MINUTES.contains(&minutes)) {
        let (least, most) = (*STUCK_AFTER_MINUTES.start(), *STUCK_AFTER_MINUTES.end());
        let message = format!("{STUCK_AFTER} is a whole number from {least} to {most}.");
        faults.push(FieldError::new(format!("settings.{STUCK_AFTER}"), "OUT_OF_RANGE", message));
    }
}

/// After how long in one stage an item of this organisation counts as stuck.
///
/// # Errors
/// Those of the database.
pub async fn stuck_after(tx: &mut TenantTx) -> Result<TimeDelta, ApiError> {
    let org = tx.org().0;
    let row = organizations::table.find(org).select(organizations::settings);
    let settings: Option<Value> = row.first(tx.conn()).await.optional()?;
    Ok(queue::stuck_after(settings.and_then(|settings| settings.get(STUCK_AFTER)?.as_i64())))
}

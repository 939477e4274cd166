//! Whether the database still tells the history it told before: looked at when a server starts, and ever after, since a standby may take over under a
//! server that runs. What is found is said here; `platform/db/epoch` does it.

use std::time::Duration;

use crate::platform::db::Db;
use crate::platform::db::epoch::Looked;
use crate::platform::http::ApiError;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Looks once, before anybody is served. False: nobody may look.
///
/// # Errors
/// Those of the database.
pub async fn look(db: &Db) -> Result<bool, ApiError> {
    match db.look_at_epoch().await? {
        Looked::Same => Ok(true),
        Looked::Renewed(renewed) => {
            tracing::warn!(
                before = renewed.before,
                after = renewed.after,
                topics = renewed.topics,
                "the database may have been rewound ({}): every epoch is new, and phones give back what it forgot",
                renewed.why
            );
            Ok(true)
        }
        Looked::Forbidden => {
            tracing::warn!(
                "this PostgreSQL does not say which cluster it is: after a restore or a failover run `floorline epoch renew`"
            );
            Ok(false)
        }
    }
}

/// Looks again and again; ends never.
pub async fn keep_looking(db: &Db) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        match look(db).await {
            Ok(true) => {}
            // It was said once more than at the start, and that is enough.
            Ok(false) => std::future::pending().await,
            Err(error) => tracing::debug!(error = %error, "the database's history was not looked at"),
        }
    }
}

//! One at a time for the bytes of one hash: who makes a photo of them, who counts on their being here, and who removes them.
//!
//! Rows and bytes do not change in one step, so without this a photo could be noted between the moment its bytes were found to be nobody's
//! and the moment they are gone.

use diesel::QueryResult;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use floorline_domain::OrgId;

use crate::platform::db::sql;

/// Waits for the content and holds it until the transaction ends. Taken before any row of `uploads` or `photos` is locked.
pub(super) async fn hold_content(conn: &mut AsyncPgConnection, org: OrgId, sha256: &str) -> QueryResult<()> {
    sql("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind::<Text, _>(format!("photo:{org}:{sha256}"))
        .execute(conn)
        .await?;
    Ok(())
}

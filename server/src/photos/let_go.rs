//! The one way in which bytes leave the store: with the upload that brought them, unless they are still somebody's.
//!
//! All of it happens while the content is held, and the row is committed last: whoever dies half way leaves a row whose bytes may be gone
//! already, and going through it once more ends the work.

use diesel::sql_types::{Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use floorline_domain::OrgId;
use uuid::Uuid;

use super::hold_content::hold_content;
use super::{content_path, copies_folder, parts_folder};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::storage::Objects;

/// An upload on its way out.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct Leaving {
    #[diesel(sql_type = SqlUuid)]
    pub(super) org_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub(super) id: Uuid,
    #[diesel(sql_type = Text)]
    pub(super) sha256: String,
    /// Until when it was good.
    #[diesel(sql_type = Timestamptz)]
    pub(super) expires_at: chrono::DateTime<chrono::Utc>,
}

/// Removes the upload, its parts, and the content with the last that names it. False when it was given more time since it was found, or is
/// gone.
pub(super) async fn let_go(
    conn: &mut AsyncPgConnection,
    objects: &Objects,
    upload: &Leaving,
) -> Result<bool, ApiError> {
    let org = OrgId(upload.org_id);
    hold_content(conn, org, &upload.sha256).await?;
    let gone = sql("DELETE FROM uploads WHERE org_id = $1 AND id = $2 AND expires_at = $3")
        .bind::<SqlUuid, _>(upload.org_id)
        .bind::<SqlUuid, _>(upload.id)
        .bind::<Timestamptz, _>(upload.expires_at)
        .execute(conn)
        .await?;
    if gone == 0 {
        return Ok(false);
    }
    objects.delete_folder(&parts_folder(org, upload.id)).await.map_err(ApiError::internal)?;
    remove_unneeded(conn, objects, org, &upload.sha256).await?;
    Ok(true)
}

/// Removes what lies under a hash that no photo and no upload names any more. The content must be held.
pub(super) async fn remove_unneeded(
    conn: &mut AsyncPgConnection,
    objects: &Objects,
    org: OrgId,
    sha256: &str,
) -> Result<(), ApiError> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Bool)]
        needed: bool,
    }
    let row: Row = sql("SELECT EXISTS (SELECT FROM photos p WHERE p.org_id = a.org_id AND p.sha256 = a.sha256) \
             OR EXISTS (SELECT FROM uploads u WHERE u.org_id = a.org_id AND u.sha256 = a.sha256) AS needed \
         FROM (SELECT $1::uuid AS org_id, $2::text AS sha256) a")
    .bind::<SqlUuid, _>(org.0)
    .bind::<Text, _>(sha256)
    .get_result(conn)
    .await?;
    if row.needed {
        return Ok(());
    }
    objects.delete_folder(&copies_folder(org, sha256)).await.map_err(ApiError::internal)?;
    objects.delete(&content_path(org, sha256)).await.map_err(ApiError::internal)
}

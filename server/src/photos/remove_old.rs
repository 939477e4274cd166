//! Removes what nobody needs: uploads that were left alone, and photos that are 30 days old and that nothing refers to. It is done for
//! all organisations at once and is the owner's work, as the making of partitions is.
//!
//! There is one way in which bytes go. A photo's row becomes an upload whose time is over, in one statement; and what such an upload
//! names is removed from the store before its row is. So a server that dies half way leaves a row, and the next round ends the work.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{Array, BigInt, Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use floorline_domain::OrgId;
use uuid::Uuid;

use super::{content_path, copies_folder, parts_folder};
use crate::platform::db::{Db, Role, sql};
use crate::platform::http::ApiError;
use crate::platform::storage::Objects;

/// How old a photo becomes that nothing refers to.
const UNREFERENCED: TimeDelta = TimeDelta::days(30);
/// Rows one statement touches.
const BATCH: i64 = 500;
/// Rounds of one run; what is left over is there for the next.
const ROUNDS: usize = 100;

/// What one run took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Photos that nothing referred to.
    pub photos: usize,
    /// Uploads that were never finished, or were finished long ago.
    pub uploads: usize,
}

#[derive(diesel::QueryableByName)]
struct Over {
    #[diesel(sql_type = SqlUuid)]
    org_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    sha256: String,
    /// A photo has these bytes, or an upload that goes on brings them.
    #[diesel(sql_type = Bool)]
    needed: bool,
}

/// Removes what is over as of `now`.
///
/// # Errors
/// Those of the database and of the store; what was removed before stays removed.
pub async fn remove_old(db: &Db, objects: &Objects, now: DateTime<Utc>) -> Result<Removed, ApiError> {
    let mut conn = db.get(Role::Owner).await?;
    let mut removed = Removed::default();
    for _ in 0..ROUNDS {
        let photos = give_up_photos(&mut conn, now).await?;
        removed.photos += photos;
        if photos == 0 {
            break;
        }
    }
    for _ in 0..ROUNDS {
        let over: Vec<Over> = sql(include_str!("uploads_over.sql"))
            .bind::<Timestamptz, _>(now)
            .bind::<BigInt, _>(BATCH)
            .load(&mut conn)
            .await?;
        if over.is_empty() {
            break;
        }
        for upload in &over {
            remove_bytes(objects, upload).await?;
        }
        removed.uploads += delete_rows(&mut conn, &over).await?;
    }
    // Those that photos became on their way out are not counted twice.
    removed.uploads = removed.uploads.saturating_sub(removed.photos);
    Ok(removed)
}

async fn give_up_photos(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> Result<usize, ApiError> {
    Ok(sql(include_str!("give_up_photos.sql"))
        .bind::<Timestamptz, _>(now - UNREFERENCED)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(BATCH)
        .execute(conn)
        .await?)
}

async fn remove_bytes(objects: &Objects, upload: &Over) -> Result<(), ApiError> {
    let org = OrgId(upload.org_id);
    objects.delete_folder(&parts_folder(org, upload.id)).await.map_err(ApiError::internal)?;
    if !upload.needed {
        objects.delete_folder(&copies_folder(org, &upload.sha256)).await.map_err(ApiError::internal)?;
        objects.delete(&content_path(org, &upload.sha256)).await.map_err(ApiError::internal)?;
    }
    Ok(())
}

async fn delete_rows(conn: &mut AsyncPgConnection, over: &[Over]) -> Result<usize, ApiError> {
    Ok(sql("DELETE FROM uploads u USING unnest($1, $2) AS gone (org_id, id) WHERE u.org_id = gone.org_id AND u.id = gone.id")
        .bind::<Array<SqlUuid>, _>(over.iter().map(|upload| upload.org_id).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(over.iter().map(|upload| upload.id).collect::<Vec<_>>())
        .execute(conn)
        .await?)
}

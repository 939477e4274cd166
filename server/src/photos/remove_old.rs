//! Removes what nobody needs: uploads that were left alone, and photos that are 30 days old and that nothing refers to. It is done for
//! all organisations at once and is the owner's work, as the making of partitions is.
//!
//! There is one way in which bytes go ([`let_go`]). A photo's row becomes an upload whose time is over, in one statement; and what such an
//! upload names is removed from the store before its row is. So a server that dies half way leaves a row, and the next round ends the work.
//!
//! Each photo and each upload is a transaction of its own, which holds its content and looks again: what was found minutes ago says nothing
//! about now. One that fails is told in the log and left to the next run; the others go on.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{BigInt, Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use floorline_domain::OrgId;
use uuid::Uuid;

use super::hold_content::hold_content;
use super::let_go::{Leaving, let_go};
use crate::platform::db::{Db, Role, sql};
use crate::platform::http::ApiError;
use crate::platform::storage::Objects;

/// How old a photo becomes that nothing refers to.
const UNREFERENCED: TimeDelta = TimeDelta::days(30);
/// Rows one statement looks at.
const PAGE: i64 = 500;
/// Milliseconds for one photo: open cases are read through for its hash.
const STATEMENT_MS: u32 = 60_000;

/// What one run took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Photos that nothing referred to.
    pub photos: usize,
    /// Uploads that were never finished, or were finished long ago.
    pub uploads: usize,
}

#[derive(diesel::QueryableByName)]
struct Old {
    #[diesel(sql_type = SqlUuid)]
    org_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    sha256: String,
    #[diesel(sql_type = Bool)]
    unreferenced: bool,
}

/// Removes what is over as of `now`.
///
/// # Errors
/// Those of the database that kept a step from going on to its end; the other step was done all the same.
pub async fn remove_old(db: &Db, objects: &Objects, now: DateTime<Utc>) -> Result<Removed, ApiError> {
    let mut conn = db.get(Role::Owner).await?;
    let photos = give_up_photos(&mut conn, now).await;
    let uploads = remove_uploads(&mut conn, objects, now).await;
    let (photos, uploads) = (photos?, uploads?);
    // Those that photos became on their way out are not counted twice.
    Ok(Removed { photos, uploads: uploads.saturating_sub(photos) })
}

async fn give_up_photos(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> Result<usize, ApiError> {
    let before = now - UNREFERENCED;
    let mut after = (Uuid::nil(), Uuid::nil());
    let mut given_up = 0;
    loop {
        let page: Vec<Old> = sql(include_str!("old_photos.sql"))
            .bind::<SqlUuid, _>(after.0)
            .bind::<SqlUuid, _>(after.1)
            .bind::<Timestamptz, _>(before)
            .bind::<BigInt, _>(PAGE)
            .load(conn)
            .await?;
        let Some(last) = page.last() else { return Ok(given_up) };
        after = (last.org_id, last.id);
        for photo in page.iter().filter(|photo| photo.unreferenced) {
            match give_up(conn, photo, before, now).await {
                Ok(gone) => given_up += gone,
                Err(error) => tracing::warn!(photo.id = %photo.id, %error, "an old photo could not be given up"),
            }
        }
    }
}

/// Makes the photo an upload that is over, if it is still nobody's.
async fn give_up(
    conn: &mut AsyncPgConnection,
    photo: &Old,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<usize, ApiError> {
    conn.transaction(async |conn| {
        conn.batch_execute(&format!("SET LOCAL statement_timeout = {STATEMENT_MS}")).await?;
        hold_content(conn, OrgId(photo.org_id), &photo.sha256).await?;
        let gone = sql(include_str!("give_up_photo.sql"))
            .bind::<SqlUuid, _>(photo.org_id)
            .bind::<SqlUuid, _>(photo.id)
            .bind::<Timestamptz, _>(before)
            .bind::<Timestamptz, _>(now)
            .execute(conn)
            .await?;
        Ok(gone)
    })
    .await
}

async fn remove_uploads(
    conn: &mut AsyncPgConnection,
    objects: &Objects,
    now: DateTime<Utc>,
) -> Result<usize, ApiError> {
    let mut after = (DateTime::UNIX_EPOCH, Uuid::nil(), Uuid::nil());
    let mut removed = 0;
    loop {
        let page: Vec<Leaving> = sql(include_str!("uploads_over.sql"))
            .bind::<Timestamptz, _>(after.0)
            .bind::<SqlUuid, _>(after.1)
            .bind::<SqlUuid, _>(after.2)
            .bind::<Timestamptz, _>(now)
            .bind::<BigInt, _>(PAGE)
            .load(conn)
            .await?;
        let Some(last) = page.last() else { return Ok(removed) };
        after = (last.expires_at, last.org_id, last.id);
        for upload in &page {
            match conn.transaction(async |conn| let_go(conn, objects, upload).await).await {
                Ok(gone) => removed += usize::from(gone),
                Err(error) => tracing::warn!(upload.id = %upload.id, %error, "an old upload could not be removed"),
            }
        }
    }
}

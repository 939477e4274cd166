//! Rows of photos.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::RunQueryDsl as _;
use serde_json::Value;
use uuid::Uuid;

use super::inspect::Inspected;
use super::routes::PhotoFilter;
use super::upload_store::Upload;
use super::views::Reference;
use crate::platform::db::schema::{photo_references, photos};
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

type Result<T> = std::result::Result<T, ApiError>;

/// A photo.
#[derive(Debug, Clone, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = photos, check_for_backend(diesel::pg::Pg))]
pub(super) struct PhotoRow {
    pub(super) id: Uuid,
    pub(super) sha256: String,
    pub(super) mime: String,
    pub(super) size: i64,
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) path: String,
    pub(super) metadata: Value,
    pub(super) taken_at: Option<DateTime<Utc>>,
    pub(super) created_by: Uuid,
    pub(super) created_at: DateTime<Utc>,
}

/// A photo to be written.
#[derive(Debug, diesel::Insertable)]
#[diesel(table_name = photos)]
pub(super) struct NewPhoto {
    org_id: Uuid,
    id: Uuid,
    sha256: String,
    mime: &'static str,
    size: i64,
    width: i32,
    height: i32,
    path: String,
    metadata: Value,
    taken_at: Option<DateTime<Utc>>,
    created_by: Uuid,
    created_at: DateTime<Utc>,
}

impl NewPhoto {
    /// The photo that `upload` became.
    pub(super) fn of(upload: &Upload, inspected: Inspected, path: &str, id: Uuid, now: DateTime<Utc>) -> Result<Self> {
        Ok(Self {
            org_id: upload.org_id,
            id,
            sha256: upload.sha256.clone(),
            mime: inspected.mime,
            size: upload.length,
            width: i32::try_from(inspected.width).map_err(ApiError::internal)?,
            height: i32::try_from(inspected.height).map_err(ApiError::internal)?,
            path: path.to_owned(),
            metadata: Value::Object(inspected.metadata),
            taken_at: inspected.taken_at,
            created_by: upload.user_id,
            created_at: now,
        })
    }
}

/// Writes the photo unless its bytes are here already; the id it has.
pub(super) async fn insert(tx: &mut TenantTx, photo: &NewPhoto) -> Result<Uuid> {
    diesel::insert_into(photos::table).values(photo).on_conflict_do_nothing().execute(tx.conn()).await?;
    Ok(photos::table
        .filter(photos::org_id.eq(photo.org_id))
        .filter(photos::sha256.eq(&photo.sha256))
        .select(photos::id)
        .first(tx.conn())
        .await?)
}

pub(super) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Option<PhotoRow>> {
    let org = tx.org().0;
    Ok(photos::table.find((org, id)).select(PhotoRow::as_select()).first(tx.conn()).await.optional()?)
}

/// A page, newest first.
pub(super) async fn list(
    tx: &mut TenantTx,
    filter: &PhotoFilter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<PhotoRow>> {
    let org = tx.org().0;
    let mut query = photos::table.filter(photos::org_id.eq(org)).select(PhotoRow::as_select()).into_boxed();
    if let Some(item) = filter.item_id {
        let of_item = photo_references::table
            .filter(photo_references::org_id.eq(org))
            .filter(photo_references::item_id.eq(item))
            .select(photo_references::sha256);
        query = query.filter(photos::sha256.eq_any(of_item));
    }
    if let Some(sha256) = &filter.sha256 {
        query = query.filter(photos::sha256.eq(sha256.to_ascii_lowercase()));
    }
    if let Some(after) = after {
        query = query.filter(photos::id.lt(after));
    }
    Ok(query.order(photos::id.desc()).limit(limit + 1).load(tx.conn()).await?)
}

/// Which acts refer to these photos, by hash.
pub(super) async fn references(tx: &mut TenantTx, photos: &[PhotoRow]) -> Result<HashMap<String, Vec<Reference>>> {
    let org = tx.org().0;
    let hashes: Vec<&str> = photos.iter().map(|photo| photo.sha256.as_str()).collect();
    let rows: Vec<(String, Uuid, String, Option<String>)> = photo_references::table
        .filter(photo_references::org_id.eq(org))
        .filter(photo_references::sha256.eq_any(hashes))
        .order((photo_references::item_id, photo_references::action_id))
        .select((
            photo_references::sha256,
            photo_references::item_id,
            photo_references::action_id,
            photo_references::role,
        ))
        .load(tx.conn())
        .await?;
    let mut references: HashMap<String, Vec<Reference>> = HashMap::new();
    for (sha256, item_id, action_id, role) in rows {
        references.entry(sha256).or_default().push(Reference { item_id, action_id, role });
    }
    Ok(references)
}

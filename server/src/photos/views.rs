//! Photos as JSON.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::PhotoRow;

/// A photo.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Photo {
    /// Its id.
    id: Uuid,
    /// What its bytes hash to; acts name it by this.
    sha256: String,
    /// `image/jpeg`, `image/png`, `image/webp` or `image/tiff`, by its bytes.
    mime: String,
    /// Bytes.
    size: i64,
    /// Pixels, turned upright.
    width: i32,
    /// Pixels, turned upright.
    height: i32,
    /// When it was taken, if the camera knew its time zone.
    taken_at: Option<DateTime<Utc>>,
    /// What the camera said: `make`, `model`, `exposure_s`, `taken_at_local` … Never the place.
    metadata: Value,
    /// Which acts refer to it.
    references: Vec<Reference>,
    /// Who uploaded it first.
    created_by: Uuid,
    /// When it was here.
    created_at: DateTime<Utc>,
}

/// An act that names a photo.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Reference {
    /// The item.
    pub(super) item_id: Uuid,
    /// Such as `sew.seam`.
    pub(super) action_id: String,
    /// What it shows, such as `front`.
    pub(super) role: Option<String>,
}

impl Photo {
    pub(super) fn new(row: PhotoRow, references: Vec<Reference>) -> Self {
        let mut metadata = row.metadata;
        if let Some(fields) = metadata.as_object_mut() {
            fields.remove("gps");
        }
        Self {
            id: row.id,
            sha256: row.sha256,
            mime: row.mime,
            size: row.size,
            width: row.width,
            height: row.height,
            taken_at: row.taken_at,
            metadata,
            references,
            created_by: row.created_by,
            created_at: row.created_at,
        }
    }
}

//! Shifts as JSON.

use chrono::{DateTime, Utc};
use floorline_domain::shift;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A worker's session on the floor.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Shift {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// Their name.
    pub user_name: String,
    /// The phone it was started on; null when it was started elsewhere.
    pub device_id: Option<Uuid>,
    /// The site.
    pub site_id: Uuid,
    /// The station.
    pub location_id: Option<Uuid>,
    /// With whom.
    pub team_id: Option<Uuid>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When the worker last did something, to the minute.
    pub last_active_at: DateTime<Utc>,
    /// When it ended; null while it lasts.
    pub ended_at: Option<DateTime<Utc>>,
    /// `ended` by the worker, `superseded` by another shift of theirs, `idle` for twelve hours.
    pub end_reason: Option<String>,
}

impl Shift {
    /// The shift of a worker called `user_name`.
    pub(super) fn of(shift: &shift::Shift, user_name: &str) -> Self {
        Self {
            id: shift.id.0,
            user_id: shift.user_id.0,
            user_name: user_name.to_owned(),
            device_id: shift.device_id.map(|id| id.0),
            site_id: shift.site_id.0,
            location_id: shift.location_id.map(|id| id.0),
            team_id: shift.team_id.map(|id| id.0),
            started_at: shift.started_at,
            last_active_at: shift.last_active_at,
            ended_at: shift.ended_at,
            end_reason: shift.end_reason.map(|reason| reason.as_str().to_owned()),
        }
    }
}

/// A shift to start.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewShift {
    /// The site.
    pub site_id: Uuid,
    /// A station on it.
    pub location_id: Option<Uuid>,
    /// With whom.
    pub team_id: Option<Uuid>,
}

/// Where a shift goes on. An absent field stays; null leaves it open.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ShiftChange {
    /// Another station of the same site.
    #[serde(default, deserialize_with = "crate::platform::http::given")]
    #[schema(value_type = Option<Uuid>)]
    pub location_id: Option<Option<Uuid>>,
    /// With whom.
    #[serde(default, deserialize_with = "crate::platform::http::given")]
    #[schema(value_type = Option<Uuid>)]
    pub team_id: Option<Option<Uuid>>,
}

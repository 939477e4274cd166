//! Push as JSON.

use chrono::{DateTime, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a phone is reached.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewSubscription {
    /// `fcm` (Firebase Cloud Messaging) or `web` (Web Push).
    pub(super) kind: String,
    /// The registration token, or the endpoint that the browser's `PushSubscription` names.
    pub(super) address: String,
    /// Of a browser: its public key, base64url.
    pub(super) p256dh: Option<String>,
    /// Of a browser: its secret, base64url.
    pub(super) auth: Option<String>,
}

/// That a phone is reached. Where, only the server knows.
#[derive(Serialize, ToSchema)]
pub(super) struct SubscriptionView {
    pub(super) device_id: Uuid,
    /// `fcm` or `web`.
    pub(super) kind: &'static str,
    pub(super) updated_at: DateTime<Utc>,
}

/// How phones can be reached by this server.
#[derive(Serialize, ToSchema)]
pub(super) struct PushKey {
    /// The `applicationServerKey` for a browser's `subscribe`, base64url; null where this server does not send Web Push.
    pub(super) vapid_public_key: Option<String>,
    /// Whether this server sends over Firebase.
    pub(super) fcm: bool,
}

/// When somebody is not to be disturbed but by what is urgent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub(super) struct QuietHours {
    /// From this time of the day on, such as `22:00`.
    pub(super) start: String,
    /// Until this one, of the next day if it is earlier, such as `06:00`.
    pub(super) end: String,
    /// Whose time it is, such as `Europe/Madrid`.
    pub(super) time_zone: String,
}

/// The signed-in user's quiet hours; null where there are none.
#[derive(Serialize, ToSchema)]
pub(super) struct QuietHoursView {
    pub(super) quiet_hours: Option<QuietHours>,
}

/// A time of the day, to the minute.
pub(super) fn time_of_day(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

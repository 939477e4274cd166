//! Devices as JSON.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store::DeviceRow;

/// A device.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeviceView {
    id: Uuid,
    site_id: Uuid,
    name: String,
    platform: String,
    app_version: String,
    /// `pending`, `active` or `revoked`.
    state: String,
    /// Of a pending device: what its own screen shows.
    digits: Option<String>,
    enrolled_by: Uuid,
    approved_by: Option<Uuid>,
    approved_at: Option<DateTime<Utc>>,
    revoked_by: Option<Uuid>,
    revoked_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl From<DeviceRow> for DeviceView {
    fn from(row: DeviceRow) -> Self {
        Self {
            id: row.id,
            site_id: row.site_id,
            name: row.name,
            platform: row.platform,
            app_version: row.app_version,
            digits: (row.state == "pending").then_some(row.digits),
            state: row.state,
            enrolled_by: row.enrolled_by,
            approved_by: row.approved_by,
            approved_at: row.approved_at,
            revoked_by: row.revoked_by,
            revoked_at: row.revoked_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        }
    }
}

/// Which devices to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DeviceFilter {
    /// `pending`, `active` or `revoked`.
    pub(super) state: Option<String>,
    /// Only those of this site.
    pub(super) site_id: Option<Uuid>,
}

/// A code to make.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct NewEnrolment {
    /// The site whose work the device will do.
    pub(super) site_id: Uuid,
    /// What the device will be called.
    pub(super) name: String,
}

/// A one-time code, shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EnrolmentView {
    pub(super) id: Uuid,
    pub(super) code: String,
    /// What the QR code says.
    pub(super) url: String,
    /// The QR code, ready to show.
    pub(super) qr_svg: String,
    pub(super) expires_at: DateTime<Utc>,
}

/// What a device sends with the code it read.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ClaimBody {
    /// The code, or the whole address it came in.
    pub(super) code: String,
    /// A JWK: `kty` EC, `crv` P-256.
    #[schema(value_type = Object)]
    pub(super) public_key: Value,
    #[serde(default)]
    pub(super) platform: String,
    #[serde(default)]
    pub(super) app_version: String,
}

/// The device as it hears of itself.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClaimedDevice {
    pub(super) device_id: Uuid,
    /// The administrator must see the same.
    pub(super) digits: String,
    /// `pending`, until an administrator confirmed the digits.
    pub(super) status: String,
}

impl From<DeviceRow> for ClaimedDevice {
    fn from(row: DeviceRow) -> Self {
        Self { device_id: row.id, digits: row.digits, status: row.state }
    }
}

/// Where a device stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeviceStatus {
    pub(super) device_id: Uuid,
    /// `pending`, `active` or `revoked`.
    pub(super) status: &'static str,
    /// What people call it.
    pub(super) name: String,
    pub(super) site_id: Uuid,
    pub(super) organization_id: Uuid,
}

/// What is on the device's screen.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Approval {
    pub(super) digits: String,
}

/// Why a device is shut out.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct Revocation {
    #[serde(default)]
    pub(super) reason: String,
}

/// What to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct DeviceChange {
    pub(super) name: Option<String>,
    pub(super) site_id: Option<Uuid>,
}

/// Who wants to open a socket.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct TicketBody {
    /// The device that will write, with its proof in `DPoP`. Absent: the session only reads.
    pub(super) device_id: Option<Uuid>,
}

/// A ticket for one `hello`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TicketView {
    pub(super) ticket: String,
    /// Seconds it is good for.
    pub(super) expires_in: i64,
}

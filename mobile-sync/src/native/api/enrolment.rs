//! How a device comes to belong to an organisation, once.

use std::time::Duration;

use floorline_domain::ids::{DeviceId, LocationId};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Api;
use super::request::{Proof, read};
use crate::native::error::NativeError;

/// The device's place in an organisation, kept in its folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// Issued by the server.
    pub device_id: DeviceId,
    /// Shown on both screens and compared by a person.
    #[serde(default)]
    pub digits: String,
    /// The site the device was enrolled for, when the server says so.
    #[serde(default)]
    pub site_id: Option<LocationId>,
}

/// What the server thinks of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceStatus {
    /// Waits for an administrator.
    Pending,
    /// May sign in.
    Active,
    /// Blocked.
    Revoked,
}

#[derive(Deserialize)]
struct Status {
    status: DeviceStatus,
}

impl Api {
    /// Claims a one-time enrolment code for this device; an administrator then compares the digits.
    pub async fn claim(&self, code: &str, app_version: &str) -> Result<Enrolled, NativeError> {
        let body = json!({
            "code": code, "public_key": self.key.public_jwk(), "platform": "native", "app_version": app_version,
        });
        let response = self.send(Method::POST, "/v1/devices/enrolments/claim", Some(body), Proof::None).await?;
        let enrolled: Enrolled = read(response).await?;
        let kept = serde_json::to_vec(&enrolled).map_err(|error| NativeError::Unreachable(error.to_string()))?;
        std::fs::write(self.folder.join("device.json"), kept)?;
        Ok(enrolled)
    }

    /// The enrolment kept in the folder.
    pub fn enrolled(&self) -> Option<Enrolled> {
        serde_json::from_slice(&std::fs::read(self.folder.join("device.json")).ok()?).ok()
    }

    /// Whether the device has been approved.
    pub async fn device_status(&self, device: DeviceId) -> Result<DeviceStatus, NativeError> {
        let path = format!("/v1/devices/{device}/status");
        let status: Status = read(self.send(Method::GET, &path, None, Proof::Device).await?).await?;
        Ok(status.status)
    }

    /// Waits until an administrator has approved or blocked the device.
    pub async fn wait_until_approved(&self, device: DeviceId) -> Result<DeviceStatus, NativeError> {
        loop {
            match self.device_status(device).await {
                Ok(DeviceStatus::Pending) => {}
                Ok(status) => return Ok(status),
                Err(error) if error.status().is_some_and(|status| status < 500 && status != 429) => return Err(error),
                Err(_) => {}
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

//! `measurement`: readings with units and limits.

use serde::{Deserialize, Serialize};

/// Configuration of a measurement.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MeasurementConfig {
    #[serde(default)]
    pub readings: Vec<ReadingSpec>,
}

/// One reading to take, with limits in its unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadingSpec {
    pub name: String,
    pub unit: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nominal: Option<f64>,
    /// How far from `nominal` it may be, either way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<f64>,
}

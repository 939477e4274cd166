//! `measurement`: readings with units and limits.

use crate::json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Judged,
    content::{Reader, at},
    repeated,
};
use crate::FieldError;

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

impl MeasurementConfig {
    /// Reads `{"readings":[{"name","value","unit"}]}`: each reading asked for, once, in its unit. Outside its limits a
    /// reading did not pass, and neither did the measurement.
    pub(super) fn judge(&self, data: &Map<String, Value>) -> Result<Judged, Vec<FieldError>> {
        let mut reader = Reader::default();
        let mut taken: Vec<(&ReadingSpec, f64)> = Vec::new();
        for (path, reading) in reader.objects(data, "readings") {
            let Some(name) = reader.text(reading, &path, "name") else { continue };
            let Some(spec) = self.readings.iter().find(|spec| spec.name == name) else {
                reader.fault(&at(&path, "name"), "unknown", format!("no reading is called {name:?}"));
                continue;
            };
            if taken.iter().any(|(other, _)| other.name == name) {
                reader.fault(&at(&path, "name"), "duplicate", format!("the reading {name:?} is there twice"));
                continue;
            }
            let unit = reader.text(reading, &path, "unit");
            if let Some(unit) = unit.filter(|unit| *unit != spec.unit) {
                let message = format!("{name:?} is measured in {:?}, not in {unit:?}", spec.unit);
                reader.fault(&at(&path, "unit"), "unit", message);
            }
            match reading.get("value").and_then(Value::as_f64) {
                Some(value) => taken.push((spec, value)),
                None => reader.fault(&at(&path, "value"), "type", "a value is a number"),
            }
        }
        for spec in &self.readings {
            let named = |reading: &&Value| reading.get("name").is_some_and(|name| *name == spec.name);
            let given = data
                .get("readings")
                .and_then(Value::as_array)
                .is_some_and(|list| list.iter().any(|reading| named(&reading)));
            if !given {
                reader.fault("readings", "missing", format!("the reading {:?} is missing", spec.name));
            }
        }
        let readings: Vec<Value> = taken
            .iter()
            .map(|(spec, value)| {
                let passed = spec.accepts(*value);
                json::object! { "name" => spec.name.as_str(), "value" => *value, "unit" => spec.unit.as_str(), "passed" => passed }
            })
            .collect();
        let passed = taken.iter().all(|(spec, value)| spec.accepts(*value));
        reader.finish(Judged::new(passed, json::object! { "readings" => readings }))
    }

    pub(super) fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        if self.readings.is_empty() {
            faults.push(FieldError::new("readings", "required", "a measurement has at least one reading"));
        }
        for name in repeated(self.readings.iter().map(|spec| spec.name.as_str())) {
            faults.push(FieldError::new("readings", "duplicate", format!("the reading {name:?} is there twice")));
        }
        for (index, spec) in self.readings.iter().enumerate() {
            if let Some((code, message)) = spec.fault() {
                faults.push(FieldError::new(format!("readings[{index}]"), code, message));
            }
        }
        faults
    }
}

impl ReadingSpec {
    /// Whether a value is within every limit. Limits belong to what they allow; a billionth of slack keeps
    /// 41.2 ± 0.1 from refusing 41.3 because of how numbers are stored.
    pub fn accepts(&self, value: f64) -> bool {
        let slack = |limit: f64| 1e-9 * limit.abs().max(1.0);
        let above = |limit: f64| value >= limit - slack(limit);
        let below = |limit: f64| value <= limit + slack(limit);
        let near = self.nominal.is_none_or(|nominal| {
            let tolerance = self.tolerance.unwrap_or(f64::INFINITY);
            above(nominal - tolerance) && below(nominal + tolerance)
        });
        self.min.is_none_or(above) && self.max.is_none_or(below) && near
    }

    fn fault(&self) -> Option<(&'static str, &'static str)> {
        if self.name.trim().is_empty() || self.unit.trim().is_empty() {
            return Some(("required", "a reading has a name and a unit"));
        }
        if self.nominal.is_some() != self.tolerance.is_some() {
            return Some(("incomplete", "nominal and tolerance belong together"));
        }
        if self.tolerance.is_some_and(|tolerance| tolerance < 0.0) {
            return Some(("range", "a tolerance is not negative"));
        }
        if self.min.zip(self.max).is_some_and(|(min, max)| min > max) {
            return Some(("range", "min is above max"));
        }
        None
    }
}

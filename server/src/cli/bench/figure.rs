//! One measured figure beside its peer's.

use std::fmt;

use serde::Serialize;

/// What was measured, and the same of something everybody knows, in one run on one machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Figure {
    /// The part of the bench.
    pub(super) bench: &'static str,
    /// What is measured.
    pub(super) figure: &'static str,
    /// Ours.
    pub(super) value: f64,
    /// Of both values.
    pub(super) unit: &'static str,
    /// What it is compared with.
    pub(super) peer: String,
    /// Theirs.
    pub(super) peer_value: f64,
    /// Ours to theirs.
    pub(super) ratio: f64,
}

impl Figure {
    pub(super) fn new(figure: &'static str, value: f64, unit: &'static str, peer: &str, peer_value: f64) -> Self {
        let [value, peer_value] = [value, peer_value].map(rounded);
        Self {
            bench: "floor",
            figure,
            value,
            unit,
            peer: peer.to_owned(),
            peer_value,
            ratio: rounded(value / peer_value),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bench, figure, value, unit, peer, peer_value, ratio } = self;
        write!(f, "{bench}: {figure} {value} {unit}; {peer}: {peer_value} {unit}; ratio {ratio}")
    }
}

/// To what a reader can compare: whole numbers when large, three digits after the point when small.
fn rounded(value: f64) -> f64 {
    if value.abs() >= 100.0 { value.round() } else { (value * 1000.0).round() / 1000.0 }
}

/// The value below which the part `share` of the sorted `values` lies; 0 of none.
pub(super) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let nearest = (0..).zip(sorted).take_while(|(n, _)| f64::from(*n) <= share * f64::from(count(sorted) - 1)).last();
    nearest.map_or(0.0, |(_, value)| *value)
}

fn count(values: &[f64]) -> i32 {
    i32::try_from(values.len()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_one_line_for_people_and_one_for_machines() {
        let figure = Figure::new("verdicts", 6000.4, "1/s", "pgbench", 4000.0);
        assert_eq!(figure.to_string(), "floor: verdicts 6000 1/s; pgbench: 4000 1/s; ratio 1.5");
        assert_eq!(
            serde_json::to_string(&figure).unwrap(),
            r#"{"bench":"floor","figure":"verdicts","value":6000.0,"unit":"1/s","peer":"pgbench","peer_value":4000.0,"ratio":1.5}"#
        );
    }

    #[test]
    fn percentiles_are_values_that_were_seen() {
        let seen: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!((percentile(&seen, 0.5), percentile(&seen, 0.99), percentile(&seen, 1.0)), (50.0, 99.0, 100.0));
        assert_eq!((percentile(&[7.0], 0.99), percentile(&[], 0.5)), (7.0, 0.0));
    }
}

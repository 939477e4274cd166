//! One measured figure beside its peer's, and what it should be.

use std::fmt;

use serde::{Serialize, Serializer};

/// What was measured, and the same of something everybody knows, in one run on one machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Figure {
    /// The part of the bench.
    pub(super) bench: &'static str,
    /// What is measured.
    pub(super) figure: String,
    /// Ours.
    pub(super) value: f64,
    /// Of both values.
    pub(super) unit: &'static str,
    /// What it is compared with.
    pub(super) peer: String,
    /// Theirs.
    pub(super) peer_value: f64,
    /// Ours to theirs; not finite, and null for machines, where theirs is 0.
    pub(super) ratio: f64,
    /// What it should be; none where nothing is asked.
    aim: Option<Aim>,
    /// Whether it is.
    met: Option<bool>,
}

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Aim {
    /// Ours to theirs.
    RatioAtLeast(f64),
    /// Ours to theirs.
    RatioAtMost(f64),
    /// Ours, in the figure's unit.
    AtMost(f64),
}

impl Figure {
    pub(super) fn new(
        bench: &'static str,
        figure: impl Into<String>,
        value: f64,
        unit: &'static str,
        peer: impl Into<String>,
        peer_value: f64,
    ) -> Self {
        let ratio = rounded(value / peer_value);
        let [value, peer_value] = [value, peer_value].map(rounded);
        Self { bench, figure: figure.into(), value, unit, peer: peer.into(), peer_value, ratio, aim: None, met: None }
    }

    /// The same with what it should be.
    pub(super) fn aiming(self, aim: Aim) -> Self {
        let met = match aim {
            Aim::RatioAtLeast(least) => self.ratio >= least,
            Aim::RatioAtMost(most) => self.ratio <= most,
            Aim::AtMost(most) => self.value <= most,
        };
        Self { aim: Some(aim), met: Some(met), ..self }
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RatioAtLeast(least) => write!(f, "ratio at least {least}"),
            Self::RatioAtMost(most) => write!(f, "ratio at most {most}"),
            Self::AtMost(most) => write!(f, "at most {most}"),
        }
    }
}

impl Serialize for Aim {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bench, figure, value, unit, peer, peer_value, ratio, aim, met } = self;
        write!(f, "{bench}: {figure} {value} {unit}; {peer}: {peer_value} {unit}; ")?;
        if ratio.is_finite() { write!(f, "ratio {ratio}; ") } else { f.write_str("no ratio; ") }?;
        match aim {
            Some(aim) => write!(f, "aim: {aim}, {}", if *met == Some(true) { "met" } else { "not met" }),
            None => f.write_str("no aim"),
        }
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

/// A count as a number to divide by.
pub(super) fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts() -> Figure {
        Figure::new("floor", "verdicts", 6000.4, "1/s", "pgbench", 4000.0)
    }

    #[test]
    fn a_figure_is_one_line_for_people_and_one_for_machines() {
        let figure = verdicts().aiming(Aim::RatioAtLeast(2.0));
        assert_eq!(
            figure.to_string(),
            "floor: verdicts 6000 1/s; pgbench: 4000 1/s; ratio 1.5; aim: ratio at least 2, not met"
        );
        assert_eq!(
            serde_json::to_string(&figure).unwrap(),
            r#"{"bench":"floor","figure":"verdicts","value":6000.0,"unit":"1/s","peer":"pgbench","peer_value":4000.0,"ratio":1.5,"aim":"ratio at least 2","met":false}"#
        );
        assert!(verdicts().to_string().ends_with("ratio 1.5; no aim"));
    }

    #[test]
    fn beside_nothing_there_is_no_ratio() {
        let figure = Figure::new("scan", "read", 10.0, "%", "nobody", 0.0);
        assert_eq!(figure.to_string(), "scan: read 10 %; nobody: 0 %; no ratio; no aim");
        assert!(serde_json::to_string(&figure).unwrap().contains(r#""ratio":null"#));
    }

    #[test]
    fn an_aim_is_met_on_its_very_edge() {
        for (aim, met) in [
            (Aim::RatioAtLeast(1.5), true),
            (Aim::RatioAtLeast(1.51), false),
            (Aim::RatioAtMost(1.5), true),
            (Aim::RatioAtMost(1.49), false),
            (Aim::AtMost(6000.0), true),
            (Aim::AtMost(5999.0), false),
        ] {
            assert_eq!(verdicts().aiming(aim).met, Some(met), "{aim}");
        }
    }

    #[test]
    fn percentiles_are_values_that_were_seen() {
        let seen: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!((percentile(&seen, 0.5), percentile(&seen, 0.99), percentile(&seen, 1.0)), (50.0, 99.0, 100.0));
        assert_eq!((percentile(&[7.0], 0.99), percentile(&[], 0.5)), (7.0, 0.0));
    }
}

//! What a worker does next with an item, as anybody on the floor would tell them: what is required here, then onwards.
//!
//! Pure: the item as the phone predicts it, its workflow, who the worker is, and luck.

use floorline_domain::action::{Config, Field, FieldType, ReadingSpec};
use floorline_domain::item::{Command, Item, Status, rework_edge, route};
use floorline_domain::workflow::{Action, Stage, Workflow};
use floorline_domain::{ItemId, LocationId};
use rand::RngExt as _;
use serde_json::{Value, json};

/// Who the worker is, as far as it decides what they take on.
#[derive(Clone, Debug)]
pub(super) struct Trade {
    pub(super) roles: Vec<String>,
    /// None: goes where they are needed.
    pub(super) station: Option<LocationId>,
}

/// The next step on an item.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Move {
    /// Scan a label: this item's, or one of its components'.
    Scan { action_id: String, component: bool },
    /// Take pictures, one an angle.
    Photos { action_id: String, angles: Vec<String> },
    /// Anything that needs no camera.
    Fill { action_id: String, data: Value },
    /// Sign with a finger.
    Sign { action_id: String },
    /// Put the components in.
    Assemble,
    /// Onwards, back, or out.
    Go(Command),
}

/// How often things go wrong, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Luck {
    pub(super) fails: f64,
    pub(super) scraps: f64,
}

/// Whether the worker may and would work on the item where it is; the place they have to be at, if it matters.
pub(super) fn suits(trade: &Trade, item: &Item, stage: &Stage) -> Option<Option<LocationId>> {
    if !matches!(item.status, Status::NotStarted | Status::Active) {
        return None;
    }
    if !stage.roles.is_empty() && !stage.roles.iter().any(|role| trade.roles.contains(role)) {
        return None;
    }
    match trade.station {
        _ if stage.location_ids.is_empty() => Some(None),
        Some(station) => stage.location_ids.contains(&station).then_some(Some(station)),
        // The last named is the narrowest: a station and not the hall.
        None => Some(stage.location_ids.last().copied()),
    }
}

/// The next step, or none when this worker can do nothing more here now.
pub(super) fn next(
    trade: &Trade,
    item: &Item,
    workflow: &Workflow,
    components_ready: Option<bool>,
    luck: Luck,
) -> Option<Move> {
    let stage = workflow.stage(&item.stage)?;
    let mut rng = rand::rng();
    let scrappable = item.parent_id.is_none() && item.progress.components.is_empty() && item.status == Status::Active;
    if scrappable
        && trade.roles.iter().any(|role| role == "quality" || role == "supervisor")
        && rng.random_bool(luck.scraps)
    {
        return Some(Move::Go(Command::Scrap { reason: "Hole in the front".into() }));
    }
    if let Some(action_id) = route::missing(stage, item, None).into_iter().next() {
        let failed = item.result(&action_id).is_some_and(|record| !record.passed);
        let back = stage.rework.iter().find(|edge| {
            let used = item.progress.reworks.get(&rework_edge(&stage.key, &edge.to)).copied().unwrap_or_default();
            used < edge.max_visits
        });
        if let (true, Some(edge)) = (failed, back) {
            return Some(Move::Go(Command::Rework { to: edge.to.clone(), reason: "Did not pass".into() }));
        }
        let action = stage.actions.iter().find(|action| stage.action_id(action) == action_id)?;
        // What failed once and cannot go back is done again, properly.
        let fails = if failed { 0.0 } else { luck.fails };
        return perform(trade, action_id, action, rng.random_bool(fails));
    }
    if stage.assembly && components_ready.is_some() && item.progress.assembled.is_empty() {
        return components_ready.filter(|ready| *ready).map(|_| Move::Assemble);
    }
    (!route::ways(workflow, stage, item).is_empty()).then_some(Move::Go(Command::Advance { to: None }))
}

fn perform(trade: &Trade, action_id: String, action: &Action, fails: bool) -> Option<Move> {
    Some(match &action.config {
        Config::Scan(config) => {
            let component = matches!(config.expected, floorline_domain::action::Expected::Component);
            Move::Scan { action_id, component }
        }
        Config::Photo(config) => {
            let count = usize::try_from(config.count.unwrap_or(1)).unwrap_or(1).max(config.angles.len());
            let angle = |n: usize| config.angles.get(n).cloned().unwrap_or_else(|| format!("view {}", n + 1));
            Move::Photos { action_id, angles: (0..count).map(angle).collect() }
        }
        Config::Signature(_) => Move::Sign { action_id },
        Config::Approval(config) => {
            if config.role.as_ref().is_some_and(|role| !trade.roles.contains(role)) {
                return None;
            }
            Move::Fill { action_id, data: json!({ "approved": true, "comment": "Looks good" }) }
        }
        Config::Note(_) => Move::Fill { action_id, data: json!({ "text": "Checked against the sample" }) },
        Config::Measurement(config) => {
            let readings: Vec<Value> = config
                .readings
                .iter()
                .map(|reading| json!({ "name": reading.name, "unit": reading.unit, "value": measure(reading, fails) }))
                .collect();
            Move::Fill { action_id, data: json!({ "readings": readings }) }
        }
        Config::Inspection(config) => {
            let checks: Vec<Value> =
                config.checks.iter().map(|check| json!({ "item": check, "passed": !fails })).collect();
            Move::Fill { action_id, data: json!({ "checks": checks }) }
        }
        Config::Form(config) => {
            let fields: serde_json::Map<String, Value> =
                config.fields.iter().map(|field| (field.key.clone(), fill(field))).collect();
            Move::Fill { action_id, data: json!({ "fields": fields }) }
        }
    })
}

/// A value within the limits, or just outside of them; with two decimals, as a gauge shows it.
fn measure(reading: &ReadingSpec, fails: bool) -> f64 {
    let mut rng = rand::rng();
    let tolerance = reading.tolerance.unwrap_or(0.0);
    let low = reading.min.or(reading.nominal.map(|nominal| nominal - tolerance));
    let high = reading.max.or(reading.nominal.map(|nominal| nominal + tolerance));
    let value = match (low, high, fails) {
        (Some(low), _, true) => low - 1.0,
        (None, Some(high), true) => high + 1.0,
        (Some(low), Some(high), false) if high > low => rng.random_range(low..high).clamp(low, high),
        (Some(low), None, false) => low + 1.0,
        (low, high, _) => low.or(high).unwrap_or(1.0),
    };
    let rounded = (value * 100.0).round() / 100.0;
    if fails || reading.accepts(rounded) { rounded } else { value }
}

fn fill(field: &Field) -> Value {
    match field.field_type {
        FieldType::Text if field.pattern.is_some() => json!("TL-2048"),
        FieldType::Text => json!("as specified"),
        FieldType::Number => json!(field.min.or(field.max).unwrap_or(1.0)),
        FieldType::Select => json!(field.options.first()),
        FieldType::Checkbox => json!(true),
        FieldType::Date => json!("2026-11-20"),
    }
}

/// Components of an item that are not finished yet, by what the phone knows; those it does not know are closed.
pub(super) fn unfinished(components: &[ItemId], known: impl Fn(ItemId) -> Option<Status>) -> usize {
    components.iter().filter(|id| known(**id).is_some_and(|status| status != Status::Completed)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_reads_inside_the_limits_unless_it_shall_not() {
        let spec: ReadingSpec =
            serde_json::from_value(json!({"name": "a", "unit": "mm", "nominal": 10.0, "tolerance": 0.5})).unwrap();
        for _ in 0..200 {
            assert!(spec.accepts(measure(&spec, false)));
            assert!(!spec.accepts(measure(&spec, true)));
        }
        let exact: ReadingSpec =
            serde_json::from_value(json!({"name": "a", "unit": "pcs", "min": 6, "max": 6})).unwrap();
        assert!(exact.accepts(measure(&exact, false)));
    }
}

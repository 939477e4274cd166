//! A feed's snapshot, as the server writes it: the head, what is open at the site, the end.

use std::fmt::Write as _;

use floorline_domain::label;
use floorline_domain::shift::Shift;
use floorline_mobile_sync::topic::Topic;
use serde_json::{Value, json};

use super::tables::Tables;

/// The whole text, exactly at the topic's head; none when there is no such topic.
pub(crate) fn snapshot(tables: &Tables, topic: Topic) -> Option<String> {
    let row = tables.topics.get(&topic.to_string())?;
    let lines = if matches!(topic, Topic::Site(_)) { site(tables) } else { Vec::new() };
    let mut text = String::new();
    let head = json!({ "line": "head", "topic": topic, "epoch": row.epoch, "cursor": row.head });
    let end = json!({ "line": "end", "count": lines.len() });
    for line in [head].into_iter().chain(lines).chain([end]) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{line}");
    }
    Some(text)
}

fn site(tables: &Tables) -> Vec<Value> {
    let mut lines: Vec<Value> = tables
        .workflows
        .iter()
        .map(|(id, workflow)| json!({ "line": "workflow_version", "id": id, "workflow": **workflow }))
        .collect();
    for held in tables.items.values().filter(|held| !held.item.status.is_final()) {
        lines.push(json!({ "line": "item", "item": held.item }));
    }
    for held in tables.labels.values().filter(|held| held.label.status != label::Status::Blank) {
        let label = &held.label;
        let (kind, id) = label.target.map(|target| (target.kind(), target.id())).unzip();
        lines.push(json!({
            "line": "label", "id": label.id, "code": label.code, "target": kind, "target_id": id, "status": label.status,
        }));
    }
    for held in tables.shifts.values() {
        let Shift { id, user_id, site_id, location_id, team_id, device_id, started_at, last_active_at, .. } =
            &held.shift;
        lines.push(json!({
            "line": "shift", "id": id, "user_id": user_id, "site_id": site_id, "location_id": location_id, "team_id": team_id,
            "device_id": device_id, "started_at": started_at, "last_active_at": last_active_at,
        }));
    }
    for (id, order) in &tables.orders {
        lines.push(json!({ "line": "order", "id": id, "status": order.status }));
    }
    lines
}

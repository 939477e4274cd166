//! Feeds as tests ask for them.

use serde_json::{Value, json};

use super::{Client, Floor};

/// The feed of the north site.
pub fn site_topic(floor: &Floor) -> String {
    format!("site:{}", floor.north().site())
}

/// A whole snapshot, every line of which is one that handhelds know.
pub async fn snapshot(client: &Client, topic: &str) -> Vec<Value> {
    let answer = client.get(&format!("/v1/sync/snapshot?topic={topic}")).await;
    answer.assert_status(200);
    let lines: Vec<Value> = String::from_utf8(answer.body.clone())
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for line in &lines {
        let typed: floorline_mobile_sync::feed::SnapshotLine = serde_json::from_value(line.clone()).unwrap();
        assert!(!matches!(typed, floorline_mobile_sync::feed::SnapshotLine::Unknown), "{line}");
    }
    assert_eq!(lines[0]["line"], "head");
    let end = lines.last().unwrap();
    assert_eq!((&end["line"], &end["count"]), (&json!("end"), &json!(lines.len() - 2)));
    let etag = format!("\"{}-{}\"", lines[0]["epoch"].as_str().unwrap(), lines[0]["cursor"]);
    assert_eq!(answer.header("etag"), Some(etag.as_str()));
    client.with("if-none-match", &etag).get(&format!("/v1/sync/snapshot?topic={topic}")).await.assert_status(304);
    lines
}

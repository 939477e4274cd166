//! That the scene has its word wherever a person may write: a test that looks for the word in answers and logs proves nothing about a column without it.

use super::attack::Stage;
use super::rows::lines;
use crate::harness::Floor;

/// Columns of text without the word, and what is in them.
const NOT_WRITTEN: [(&str, &str); 72] = [
    ("audit_events.kind", "one of a fixed list"),
    ("devices.platform", "the app says it of itself"),
    ("devices.app_version", "the app says it of itself"),
    ("devices.public_key", "a key"),
    ("devices.state", "one of a fixed list"),
    ("devices.digits", "drawn by lot"),
    ("events.subject_type", "one of a fixed list"),
    ("events.kind", "one of a fixed list"),
    ("idempotency_keys.method", "one of a fixed list"),
    ("idempotency_keys.path", "an address, of ids here"),
    ("idempotency_keys.headers", "of the server's answer"),
    ("items.status", "one of a fixed list"),
    ("items.stage", "the key of a stage, by which the tests find it"),
    ("jobs.kind", "one of a fixed list"),
    ("jobs.payload", "ids and hashes"),
    ("jobs.state", "one of a fixed list"),
    ("jobs.leased_by", "a server's id"),
    ("jobs.last_error", "the server's own words"),
    ("jobs.traceparent", "numbers drawn by lot"),
    ("labels.code", "drawn by lot"),
    ("labels.kind", "one of a fixed list"),
    ("labels.status", "one of a fixed list"),
    ("leases.roles", "names of roles: roles.name has the word"),
    ("leases.permissions", "of a fixed list"),
    ("locations.kind", "one of a fixed list"),
    ("measurements.action_id", "keys of a stage and an action, by which the tests find it"),
    ("orders.status", "one of a fixed list"),
    ("orders.currency", "one of a fixed list"),
    ("organizations.kind", "one of a fixed list"),
    ("organizations.name", "told to whoever proposes a partnership"),
    ("partnerships.brand_name", "told to whoever proposes a partnership"),
    ("partnerships.factory_name", "told to whoever proposes a partnership"),
    ("partnerships.status", "one of a fixed list"),
    ("photo_references.sha256", "a hash"),
    ("photo_references.action_id", "keys of a stage and an action, by which the tests find it"),
    ("photos.sha256", "a hash"),
    ("photos.mime", "one of a fixed list"),
    ("photos.path", "where the server keeps it, by hash"),
    ("photos.metadata", "the camera's words; these pictures were made without one"),
    ("push_subscriptions.kind", "one of a fixed list"),
    ("queue_entries.state", "one of a fixed list"),
    ("queues.stage", "the key of a stage, by which the tests find it"),
    ("quiet_hours.time_zone", "of a fixed list"),
    ("roles.permissions", "of a fixed list"),
    ("scans.kind", "one of a fixed list"),
    ("scans.result", "one of a fixed list"),
    ("scans.explanation", "the server's own words"),
    ("scans.stage", "the key of a stage, by which the tests find it"),
    ("shifts.end_reason", "one of a fixed list"),
    ("sync_case_entries.outcome", "one of a fixed list"),
    ("sync_case_entries.reason", "one of a fixed list"),
    ("sync_case_entries.error", "the server's own words"),
    ("sync_cases.reason", "one of a fixed list"),
    ("sync_cases.state", "one of a fixed list"),
    ("sync_feed.topic_id", "a kind and an id"),
    ("sync_marks.topic_id", "a kind and an id"),
    ("sync_receipts.outcome", "one of a fixed list"),
    ("sync_receipts.reason", "one of a fixed list"),
    ("sync_receipts.verdict", "the server's own words"),
    ("sync_streams.kind", "one of a fixed list"),
    ("sync_streams.state", "one of a fixed list"),
    ("sync_streams.recent_scans", "hashes, and keys of stages"),
    ("sync_topics.id", "a kind and an id"),
    ("sync_topics.epoch", "drawn by lot"),
    ("uploads.sha256", "a hash"),
    ("uploads.mime", "one of a fixed list"),
    ("uploads.metadata", "in base64, in which no word can be found"),
    ("uploads.parts", "lengths and places"),
    ("users.password_hash", "a hash"),
    ("users.permissions", "of a fixed list"),
    ("users.pin_hash", "a hash"),
    ("workflow_versions.state", "one of a fixed list"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_text_that_people_write_has_the_word_in_it() {
    let floor = Floor::new().await;
    let mut stage = Stage::set(&floor).await;
    let columns = lines(
        &mut stage.rows.conn,
        "SELECT table_name::text AS name, column_name::text AS value FROM information_schema.columns
         WHERE table_schema = 'public' AND (data_type IN ('text', 'character varying', 'json', 'jsonb') OR udt_name IN ('_text', '_varchar', '_jsonb'))
         ORDER BY table_name, ordinal_position",
    )
    .await;
    let mut faults = Vec::new();
    let mut known = NOT_WRITTEN.map(|(column, _)| column).to_vec();
    for column in columns {
        let Some((table, condition)) = stage.rows.tables.iter().find(|(table, _)| *table == column.name) else {
            continue;
        };
        let both =
            [stage.victim.at.id(), stage.victim.brand.id()].map(|org| condition.replace("$ORG", &org.to_string()));
        let query = format!(
            "SELECT count(*)::text AS name, coalesce(min({1}::text), '') AS value FROM {table} \
             WHERE ({0}) AND lower({1}::text) LIKE '%{2}%'",
            both.join(" OR "),
            column.value,
            stage.victim.word
        );
        let has = lines(&mut stage.rows.conn, &query).await[0].name != "0";
        let name = format!("{table}.{}", column.value);
        let place = known.iter().position(|known| *known == name);
        place.map(|place| known.swap_remove(place));
        match (has, place.is_some()) {
            (true, true) => faults.push(format!("{name} is in NOT_WRITTEN, and a person wrote into it")),
            (false, false) => faults.push(format!(
                "{name}: write the word there in tests/isolation/scene.rs, or say in NOT_WRITTEN what it is"
            )),
            _ => {}
        }
    }
    faults.extend(known.iter().map(|gone| format!("{gone} in NOT_WRITTEN is no text of any table")));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

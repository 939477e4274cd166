//! The routes of sync and of cases.

use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::RunQueryDsl as _;
use floorline_server::platform::db::sql;
use serde_json::json;
use uuid::Uuid;

use super::Access::{Anybody, Needs};
use super::Route;
use crate::harness::Floor;

routes! {
    // The socket is protected by its hello, the fallback by the device's proof: `tests/sync` tries both.
    GET "/v1/sync" => Anybody;
    POST "/v1/sync/submit" => Anybody;
    GET "/v1/sync/feed" => Needs("sync:connect"), asking own_topic;
    GET "/v1/sync/snapshot" => Needs("sync:connect"), asking own_topic;
    GET "/v1/sync/presence" => Needs("queue:view"), asking own_site;

    GET "/v1/sync/cases" => Needs("case:view");
    GET "/v1/sync/cases/{id}" => Needs("case:view"), at case;
    POST "/v1/sync/cases/{id}/book" => Needs("case:decide"), at case, sending json!({});
    POST "/v1/sync/cases/{id}/discard" => Needs("case:decide"), at case, sending json!({ "note": "mistaken" });
    POST "/v1/sync/cases/{id}/send_back" => Needs("case:decide"), at case, sending json!({});
}

fn own_topic(floor: &Floor) -> String {
    format!("topic=org:{}&wait=0", floor.north().id())
}

fn own_site(floor: &Floor) -> String {
    format!("site_id={}", floor.north().site())
}

/// An open case of the north.
async fn case(floor: &Floor) -> Vec<String> {
    let (org, id) = (floor.north().id(), Uuid::now_v7());
    let mut tx = floor.tenant(org).await;
    sql("INSERT INTO sync_cases (org_id, id, site_id, reason, state, opened_at) SELECT $1, $2, $3, 'ON_HOLD', 'open', now()")
        .bind::<SqlUuid, _>(org.0)
        .bind::<SqlUuid, _>(id)
        .bind::<SqlUuid, _>(floor.north().site().parse::<Uuid>().unwrap())
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    vec![id.to_string()]
}

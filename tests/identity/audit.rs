//! The chain of who changed what.

use floorline_server::identity::audit::{Chain, ChainFault, append, verify, verify_all};
use floorline_server::platform::tenancy::TenantTx;
use insta::assert_json_snapshot;
use serde_json::json;

use crate::harness::{Floor, execute, now, redacted};

async fn chain(floor: &Floor) -> Chain {
    let mut tx = TenantTx::open_snapshot(&floor.app.db, floor.north().id()).await.unwrap();
    verify(&mut tx).await.unwrap()
}

async fn three_events(floor: &Floor) {
    for name in ["one", "two", "three"] {
        floor.north().admin().post("/v1/roles", json!({ "name": name, "permissions": [] })).await.assert_status(201);
    }
}

/// Changes a row behind the server's back, as only a superuser can, and only by putting the guard aside.
async fn tamper(floor: &Floor, statement: &str) {
    let statement = format!(
        "ALTER TABLE audit_events DISABLE TRIGGER USER; {statement}; ALTER TABLE audit_events ENABLE TRIGGER USER"
    );
    execute(floor.database().owner_url(), &statement).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_told_newest_first() {
    let floor = Floor::new().await;
    three_events(&floor).await;
    let page = floor.north().supervisor().get("/v1/audit?limit=2").await;
    assert_json_snapshot!(redacted(&page.json["data"]));
    let next = page.json["next_cursor"].as_str().unwrap();
    let rest = floor.north().supervisor().get(&format!("/v1/audit?limit=2&cursor={next}")).await;
    assert_eq!(rest.rows().len(), 1);
    assert_eq!(rest.rows()[0]["n"], 1);
    assert_eq!(floor.south().supervisor().get("/v1/audit").await.rows().len(), 0);
    let by_nobody = floor.north().supervisor().get(&format!("/v1/audit?actor_id={}", uuid::Uuid::nil())).await;
    assert_eq!(by_nobody.rows().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chain_holds_and_every_organisation_has_its_own() {
    let floor = Floor::new().await;
    assert_eq!(chain(&floor).await, Chain { events: 0, fault: None });
    three_events(&floor).await;
    assert_eq!(chain(&floor).await, Chain { events: 3, fault: None });
    let all = verify_all(&floor.app.db).await.unwrap();
    assert_eq!(all.len(), 4);
    assert_eq!(all.iter().map(|(_, _, chain)| chain.events).sum::<i64>(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_at_the_same_moment_follow_one_another() {
    let floor = Floor::new().await;
    let appends = (0..16).map(|n| {
        let floor = &floor;
        async move {
            let mut tx = floor.tenant(floor.north().id()).await;
            append(&mut tx, None, "test.told", json!({ "n": n }), now()).await.unwrap();
            tx.commit().await.unwrap();
        }
    });
    futures_util::future::join_all(appends).await;
    assert_eq!(chain(&floor).await, Chain { events: 16, fault: None });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_committed_was_not_told() {
    let floor = Floor::new().await;
    three_events(&floor).await;
    let mut tx = floor.tenant(floor.north().id()).await;
    append(&mut tx, None, "test.undone", json!({}), now()).await.unwrap();
    drop(tx);
    one_more_event(&floor).await;
    assert_eq!(chain(&floor).await, Chain { events: 4, fault: None });
}

async fn one_more_event(floor: &Floor) {
    floor.north().admin().post("/v1/roles", json!({ "name": "four", "permissions": [] })).await.assert_status(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_change_the_past_is_found() {
    for (statement, fault) in [
        ("UPDATE audit_events SET body = replace(body, 'two', 'too') WHERE n = 2", ChainFault::Hash(2)),
        ("UPDATE audit_events SET hash = sha256('x') WHERE n = 3", ChainFault::Hash(3)),
        ("UPDATE audit_events SET actor_id = NULL WHERE n = 1", ChainFault::Columns(1)),
        ("UPDATE audit_events SET kind = 'role.deleted' WHERE n = 2", ChainFault::Columns(2)),
        ("UPDATE audit_events SET at = at - interval '1 day' WHERE n = 2", ChainFault::Columns(2)),
        ("DELETE FROM audit_events WHERE n = 2", ChainFault::Missing(2)),
        ("DELETE FROM audit_events WHERE n = 3", ChainFault::Head { last: 2, head: 3 }),
    ] {
        let floor = Floor::new().await;
        three_events(&floor).await;
        tamper(&floor, statement).await;
        assert_eq!(chain(&floor).await.fault, Some(fault), "{statement}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_itself_cannot_change_or_remove_an_event() {
    use diesel_async::RunQueryDsl as _;
    use floorline_server::platform::db::sql;
    let floor = Floor::new().await;
    three_events(&floor).await;
    for statement in ["UPDATE audit_events SET kind = 'x'", "DELETE FROM audit_events", "TRUNCATE audit_events"] {
        let mut tx = floor.tenant(floor.north().id()).await;
        let error = sql(statement).execute(tx.conn()).await.unwrap_err().to_string();
        assert!(error.contains("permission denied"), "{statement}: {error}");
    }
}

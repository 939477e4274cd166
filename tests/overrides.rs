//! What only `item:override` allows is in the audit chain, and what anybody may is not.

use serde_json::{Value, json};

use crate::harness::{At, Client, Floor, PASSWORD};

/// One stage for assignees only: a required look, and an approval by somebody else.
async fn workflow(at: At<'_>) -> String {
    let stages = json!([{ "key": "check", "name": "Checking", "order": 1, "assigned_only": true, "actions": [
        { "key": "look", "kind": "note", "label": "Look", "required": true },
        { "key": "again", "kind": "note", "label": "Again", "required": false },
        { "key": "sign", "kind": "approval", "label": "Sign" }] }]);
    let body = json!({ "name": "Checked", "entry": "check", "stages": stages });
    let id = at.admin().post("/v1/workflows", body).await.id();
    at.admin().post(&format!("/v1/workflows/{id}/versions"), json!({})).await.assert_status(201);
    id
}

async fn item(at: At<'_>) -> String {
    let wish = json!({ "items": [{ "workflow_id": workflow(at).await, "site_id": at.site() }] });
    let made = at.supervisor().post("/v1/items/batch/create", wish).await.ok();
    format!("/v1/items/{}", made["results"][0]["item"]["id"].as_str().unwrap())
}

async fn overridden(by: &Client) -> Vec<Value> {
    by.get("/v1/audit?kind=item.overridden").await.rows().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_use_of_an_override_is_audited() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let item = item(north).await;
    // An action that is not required takes no override, and nobody has the item yet.
    by.post(&format!("{item}/actions/check.again/skip"), json!({ "reason": "Seen" })).await.assert_status(200);
    assert!(overridden(&by).await.is_empty());

    by.post(&format!("{item}/actions/check.look/skip"), json!({ "reason": "In a hurry" })).await.assert_status(200);
    let told = overridden(&by).await;
    assert_eq!((told.len(), &told[0]["actor_id"]), (1, &json!(north.person("supervisor").id)));
    assert_eq!(told[0]["detail"]["op"], "action.skip");
    assert_eq!(format!("/v1/items/{}", told[0]["detail"]["item_id"].as_str().unwrap()), item);

    let to = json!({ "user_id": north.person("operator").id });
    by.post(&format!("{item}/assign"), to).await.assert_status(200);
    by.post(&format!("{item}/advance"), json!({})).await.assert_status(200);
    let told = overridden(&by).await;
    assert_eq!((told.len(), &told[0]["detail"]["op"]), (2, &json!("item.advance")), "it is another's");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_role_allows_is_not_an_override() {
    let floor = Floor::new().await;
    let (north, by) = (floor.north(), floor.north().supervisor());
    let item = item(north).await;
    by.post(&format!("{item}/claim"), json!({})).await.assert_status(200);
    let look = json!({ "action_id": "check.look", "data": { "text": "Good" } });
    by.post(&format!("{item}/actions"), look).await.assert_status(200);
    by.post(&format!("{item}/advance"), json!({})).await.assert_status(200);
    by.post(&format!("{item}/undo"), json!({})).await.assert_status(200);
    by.post(&format!("{item}/scrap"), json!({ "reason": "Torn" })).await.assert_status(200);
    assert!(overridden(&by).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_asks_for_the_permission_to_approve_and_no_other() {
    let floor = Floor::new().await;
    let (north, admin) = (floor.north(), floor.north().admin());
    let role = admin.post("/v1/roles", json!({ "name": "approver", "permissions": ["approval:give"] })).await.id();
    let new = json!({ "email": "kim@north.example", "name": "Kim", "password": PASSWORD, "role_ids": [role] });
    admin.post("/v1/users", new).await.assert_status(201);
    let kim = floor.sign_in("kim@north.example", PASSWORD).await;
    let item = item(north).await;
    let approval = json!({ "action_id": "check.sign", "data": { "approved": true } });
    let done = kim.post(&format!("{item}/actions"), approval.clone()).await.ok();
    assert_eq!(done["item"]["progress"]["results"]["check.sign"]["passed"], true);
    let look = json!({ "action_id": "check.look", "data": { "text": "Good" } });
    kim.post(&format!("{item}/actions"), look).await.assert_status(403).assert_problem("NOT_PERMITTED");
    floor.aurora().viewer().post(&format!("{item}/actions"), approval).await.assert_status(403);
}

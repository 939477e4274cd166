//! People.

use insta::assert_json_snapshot;
use serde_json::json;

use crate::harness::{At, Client, Floor, PASSWORD, redacted};

async fn role(at: At<'_>, name: &str) -> String {
    let roles = at.admin().get("/v1/roles").await;
    let found = roles.rows().iter().find(|role| role["name"] == name).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_person_signs_in_and_works() {
    let floor = Floor::new().await;
    let operator = role(floor.north(), "operator").await;
    let new = json!({ "email": "Lan@North.Example", "name": " Lan ", "password": PASSWORD, "role_ids": [operator] });
    let made = floor.north().admin().post("/v1/users", new).await;
    made.assert_status(201);
    assert_json_snapshot!(redacted(&made.json));
    let lan = floor.sign_in("lan@north.example", PASSWORD).await;
    assert_eq!(lan.get("/v1/me").await.ok()["roles"], json!(["operator"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_makes_one_person() {
    let floor = Floor::new().await;
    let admin = floor.north().admin().key("lan");
    let new = json!({ "email": "lan@north.example", "name": "Lan" });
    let first = admin.post("/v1/users", new.clone()).await;
    let again = admin.post("/v1/users", new).await;
    assert_eq!(again.assert_status(201).header("idempotency-replayed"), Some("true"));
    assert_eq!(again.id(), first.id());
    let other = admin.post("/v1/users", json!({ "email": "other@north.example", "name": "Other" })).await;
    other.assert_status(422).assert_problem("KEY_REUSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_e_mail_belongs_to_one_person_of_the_whole_installation() {
    let floor = Floor::new().await;
    for email in ["operator@north.example", "OPERATOR@south.example"] {
        let answer = floor.north().admin().post("/v1/users", json!({ "email": email, "name": "Twin" })).await;
        answer.assert_status(409).assert_problem("DUPLICATE");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_field_is_named() {
    let floor = Floor::new().await;
    let admin = floor.north().admin();
    let answer = admin.post("/v1/users", json!({ "email": "nowhere", "name": " " })).await;
    answer.assert_status(422).assert_problem("INVALID").assert_field("email").assert_field("name");
    let short = json!({ "email": "lan@north.example", "name": "Lan", "password": "short" });
    admin.post("/v1/users", short).await.assert_status(422).assert_field("password");
    let foreign =
        json!({ "email": "lan@north.example", "name": "Lan", "role_ids": [role(floor.south(), "operator").await] });
    admin.post("/v1/users", foreign).await.assert_status(422).assert_field("role_ids");
    admin.post("/v1/users", json!({ "name": "Lan" })).await.assert_status(400).assert_problem("BAD_REQUEST");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_what_they_do_not_have() {
    let floor = Floor::new().await;
    let north = floor.north();
    let clerk = clerk(&floor).await;
    let admin_role = role(north, "admin").await;
    let friend = json!({ "email": "friend@north.example", "name": "Friend", "role_ids": [admin_role] });
    clerk.post("/v1/users", friend).await.assert_status(403).assert_problem("NOT_PERMITTED");
    let admin = format!("/v1/users/{}", north.person("admin").id);
    let version = clerk.get(&admin).await.version();
    let takeover = clerk.if_match(version).patch(&admin, json!({ "password": "known to the clerk" })).await;
    takeover.assert_status(403).assert_problem("NOT_PERMITTED");
    floor.sign_in("admin@north.example", PASSWORD).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_needs_the_version_it_changes() {
    let floor = Floor::new().await;
    let (admin, path) = (floor.north().admin(), format!("/v1/users/{}", floor.north().person("operator").id));
    let version = admin.get(&path).await.version();
    admin.patch(&path, json!({ "name": "Mai" })).await.assert_status(428).assert_problem("VERSION_REQUIRED");
    let changed = admin.if_match(version).patch(&path, json!({ "name": "Mai" })).await;
    assert_eq!(changed.assert_status(200).version(), version + 1);
    assert_eq!(changed.json["name"], "Mai");
    let late = admin.if_match(version).patch(&path, json!({ "name": "Lan" })).await;
    late.assert_status(412).assert_problem("VERSION_MISMATCH");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_deactivated_is_out_at_once_and_keeps_their_name() {
    let floor = Floor::new().await;
    let (north, operator) = (floor.north(), floor.north().operator());
    let path = format!("/v1/users/{}", north.person("operator").id);
    operator.get("/v1/me").await.assert_status(200);
    let version = north.admin().get(&path).await.version();
    north.admin().if_match(version).delete(&path).await.assert_status(204);
    operator.get("/v1/me").await.assert_status(401);
    let body = json!({ "email": "operator@north.example", "password": PASSWORD });
    floor.stranger().post("/v1/auth/login", body).await.assert_status(401);
    let still = north.admin().get(&path).await.ok();
    assert_eq!((still["active"].clone(), still["name"].clone()), (json!(false), json!("Operator")));
    let inactive = north.admin().get("/v1/users?active=false").await;
    assert_eq!(inactive.rows().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_taken_away_ends_with_the_next_request() {
    let floor = Floor::new().await;
    let (north, supervisor) = (floor.north(), floor.north().supervisor());
    supervisor.get("/v1/users").await.assert_status(200);
    let path = format!("/v1/users/{}", north.person("supervisor").id);
    let version = north.admin().get(&path).await.version();
    north.admin().if_match(version).patch(&path, json!({ "role_ids": [] })).await.assert_status(200);
    supervisor.get("/v1/users").await.assert_status(403).assert_problem("NOT_PERMITTED");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays() {
    let floor = Floor::new().await;
    let (admin, path) = (floor.south().admin(), format!("/v1/users/{}", floor.south().person("admin").id));
    let version = admin.get(&path).await.version();
    admin.if_match(version).delete(&path).await.assert_status(409).assert_problem("STATE_CONFLICT");
    admin.if_match(version).patch(&path, json!({ "role_ids": [] })).await.assert_status(409);
    admin.get("/v1/me").await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_every_login() {
    let floor = Floor::new().await;
    let (north, operator) = (floor.north(), floor.north().operator());
    let path = format!("/v1/users/{}", north.person("operator").id);
    let version = north.admin().get(&path).await.version();
    north
        .admin()
        .if_match(version)
        .patch(&path, json!({ "password": "forgotten and set anew" }))
        .await
        .assert_status(200);
    operator.get("/v1/me").await.assert_status(401);
    floor.sign_in("operator@north.example", "forgotten and set anew").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_pages_and_show_ones_own_only() {
    let floor = Floor::new().await;
    let admin = floor.north().admin();
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let from = cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = admin.get(&format!("/v1/users?limit=2{from}")).await;
        assert!(page.rows().len() <= 2);
        seen.extend(page.rows().iter().map(|user| user["email"].as_str().unwrap().to_owned()));
        cursor = page.json["next_cursor"].as_str().map(ToOwned::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.iter().all(|email| email.ends_with("@north.example")));
    admin.get("/v1/users?limit=0").await.assert_status(422).assert_field("limit");
    admin.get("/v1/users?cursor=x").await.assert_status(400).assert_problem("BAD_REQUEST");
    let operators = admin.get(&format!("/v1/users?role_id={}", role(floor.north(), "operator").await)).await;
    assert_eq!(operators.rows().len(), 2);
}

/// Someone who manages people and may do nothing else.
pub(super) async fn clerk(floor: &Floor) -> Client {
    let north = floor.north();
    let clerk = json!({ "name": "clerk", "permissions": ["user:view", "user:manage"] });
    let clerk = north.admin().post("/v1/roles", clerk).await.id();
    let new = json!({ "email": "clerk@north.example", "name": "Clerk", "password": PASSWORD, "role_ids": [clerk] });
    north.admin().post("/v1/users", new).await.assert_status(201);
    floor.sign_in("clerk@north.example", PASSWORD).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_over_or_shuts_out_who_may_do_more() {
    let floor = Floor::new().await;
    let clerk = clerk(&floor).await;
    let path = format!("/v1/users/{}", floor.north().person("supervisor").id);
    let version = clerk.get(&path).await.version();
    for change in [
        json!({ "role_ids": [], "password": "known to the clerk" }),
        json!({ "role_ids": [] }),
        json!({ "password": "known to the clerk" }),
        json!({ "email": "mine@north.example" }),
        json!({ "active": false }),
    ] {
        let refused = clerk.if_match(version).patch(&path, change.clone()).await;
        assert_eq!(refused.status, 403, "{change}: {refused}");
        refused.assert_problem("NOT_PERMITTED");
    }
    clerk.if_match(version).delete(&path).await.assert_status(403).assert_problem("NOT_PERMITTED");
    clerk.if_match(version).patch(&path, json!({ "name": "Mai" })).await.assert_status(200);
    let shown = clerk.get(&path).await.ok();
    assert_eq!((&shown["active"], &shown["roles"][0]["name"]), (&json!(true), &json!("supervisor")));
    floor.sign_in("supervisor@north.example", PASSWORD).await;

    let peer = json!({ "email": "peer@north.example", "name": "Peer", "password": PASSWORD });
    let peer = format!("/v1/users/{}", clerk.post("/v1/users", peer).await.id());
    clerk.if_match(1).patch(&peer, json!({ "password": "forgotten and set anew" })).await.assert_status(200);
    clerk.if_match(2).delete(&peer).await.assert_status(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_administrators_who_shut_each_other_out_at_once_one_stays() {
    let floor = Floor::new().await;
    let (south, first) = (floor.south(), floor.south().admin());
    let admin = role(south, "admin").await;
    let first_path = format!("/v1/users/{}", south.person("admin").id);
    for round in 0..5 {
        let email = format!("second{round}@south.example");
        let new = json!({ "email": email, "name": "Second", "password": PASSWORD, "role_ids": [admin] });
        let made = first.post("/v1/users", new).await;
        let second = floor.sign_in(&email, PASSWORD).await;
        let version = first.get(&first_path).await.version();
        let (first, second) = (first.if_match(1), second.if_match(version));
        let (second_path, gone) = (format!("/v1/users/{}", made.id()), json!({ "role_ids": [] }));
        let (one, other) = tokio::join!(first.patch(&second_path, gone.clone()), second.patch(&first_path, gone));
        let done = [one.status, other.status].iter().filter(|status| **status == 200).count();
        assert_eq!(done, 1, "{one}\n{other}");
        if other.status == 200 {
            let back = json!({ "role_ids": [admin] });
            let version = second.get(&first_path).await.version();
            second.if_match(version).patch(&first_path, back).await.assert_status(200);
            // Else a third would be there in the next round.
            floor.south().admin().if_match(1).patch(&second_path, json!({ "role_ids": [] })).await.assert_status(200);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_goes_while_it_is_given_is_refused_and_not_a_fault() {
    let floor = Floor::new().await;
    let admin = floor.north().admin();
    for round in 0..5 {
        let made = admin.post("/v1/roles", json!({ "name": format!("r{round}"), "permissions": [] })).await.id();
        let new = json!({ "email": format!("new{round}@north.example"), "name": "New", "role_ids": [made] });
        let (path, deleter) = (format!("/v1/roles/{made}"), admin.if_match(1));
        let (given, deleted) = tokio::join!(admin.post("/v1/users", new), deleter.delete(&path));
        let ends = (given.status, deleted.status);
        assert!(matches!(ends, (201, 409) | (422, 204)), "{given}\n{deleted}");
    }
}

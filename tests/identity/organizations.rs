//! Organisations.

use floorline_domain::permission::OrganizationKind;
use floorline_server::identity::create_first_admin;
use serde_json::{Value, json};

use crate::harness::Floor;

fn glassworks() -> Value {
    json!({ "name": "Glassworks", "kind": "studio",
            "administrator": { "email": "ada@glass.example", "name": "Ada", "password": "a long password" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_organisation_has_its_roles_and_its_administrator() {
    let floor = Floor::new().await;
    let made = floor.north().admin().post("/v1/organizations", glassworks()).await;
    made.assert_status(201);
    assert_eq!((made.text("kind"), made.text("name")), ("studio".into(), "Glassworks".into()));
    let ada = floor.sign_in("ada@glass.example", "a long password").await;
    let me = ada.get("/v1/me").await.ok();
    assert_eq!(me["organization_id"], made.id());
    assert_eq!(me["roles"], json!(["admin"]));
    assert!(!me["permissions"].as_array().unwrap().contains(&json!("organization:create")));
    let roles = ada.get("/v1/roles").await;
    let names: Vec<&Value> = roles.rows().iter().map(|role| &role["name"]).collect();
    assert_eq!(names, [&json!("admin"), &json!("member")]);
    assert_eq!(ada.get("/v1/users").await.rows().len(), 1);
    ada.post("/v1/organizations", glassworks()).await.assert_status(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_founds_one_organisation() {
    let floor = Floor::new().await;
    let admin = floor.north().admin().key("glass");
    let first = admin.post("/v1/organizations", glassworks()).await;
    let again = admin.post("/v1/organizations", glassworks()).await;
    assert_eq!(again.assert_status(201).header("idempotency-replayed"), Some("true"));
    assert_eq!(again.json, first.json);
    let mut other = glassworks();
    other["name"] = "Other".into();
    admin.post("/v1/organizations", other).await.assert_status(422).assert_problem("KEY_REUSED");
    let without_key = floor.north().admin().post("/v1/organizations", glassworks()).await;
    without_key.assert_status(409).assert_problem("DUPLICATE");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_field_of_a_founding_is_named() {
    let floor = Floor::new().await;
    let mut body = glassworks();
    body["kind"] = "circus".into();
    floor.north().admin().post("/v1/organizations", body).await.assert_status(422).assert_field("kind");
    let body = json!({ "name": "", "kind": "brand", "administrator": { "email": "x", "name": "", "password": "a long password" } });
    let answer = floor.north().admin().post("/v1/organizations", body).await;
    answer
        .assert_status(422)
        .assert_field("name")
        .assert_field("administrator.email")
        .assert_field("administrator.name");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sees_ones_own_organisation_and_no_other() {
    let floor = Floor::new().await;
    let own = format!("/v1/organizations/{}", floor.north().id());
    assert_eq!(floor.north().operator().get(&own).await.ok()["name"], "North Mill");
    floor.south().admin().get(&own).await.assert_status(404).assert_problem("NOT_FOUND");
    floor.aurora().admin().get(&own).await.assert_status(404);
    floor.north().admin().get("/v1/organizations/not-an-id").await.assert_status(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_merged_by_name() {
    let floor = Floor::new().await;
    let (admin, path) = (floor.north().admin(), format!("/v1/organizations/{}", floor.north().id()));
    let changed = admin
        .if_match(1)
        .patch(&path, json!({ "settings": { "strict_leases": true, "stuck_after_minutes": 60 } }))
        .await;
    assert_eq!(changed.assert_status(200).version(), 2);
    let changed =
        admin.if_match(2).patch(&path, json!({ "name": "North", "settings": { "stuck_after_minutes": null } })).await;
    assert_eq!(changed.json["settings"], json!({ "strict_leases": true }));
    assert_eq!(changed.json["name"], "North");
    let large = admin.if_match(3).patch(&path, json!({ "settings": { "x": "y".repeat(20_000) } })).await;
    large.assert_status(422).assert_field("settings");
    admin.if_match(2).patch(&path, json!({ "name": "Late" })).await.assert_status(412);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_is_stuck_is_five_minutes_to_thirty_days() {
    let floor = Floor::new().await;
    let (admin, path) = (floor.north().admin(), format!("/v1/organizations/{}", floor.north().id()));
    let set = async |version: i64, minutes: Value| {
        admin.if_match(version).patch(&path, json!({ "settings": { "stuck_after_minutes": minutes } })).await
    };
    for wrong in [json!(4), json!(43_201), json!(-60), json!(60.5), json!("60"), json!(true), json!([60])] {
        let refused = set(1, wrong).await;
        refused.assert_status(422).assert_problem("INVALID").assert_field("settings.stuck_after_minutes");
    }
    assert_eq!(admin.get(&path).await.json["settings"], json!({}), "nothing of it was kept");
    for (version, minutes) in [(1, 5), (2, 43_200)] {
        set(version, json!(minutes)).await.assert_status(200);
        assert_eq!(admin.get(&path).await.json["settings"]["stuck_after_minutes"], minutes);
    }
    assert_eq!(
        floor.south().admin().get(&format!("/v1/organizations/{}", floor.south().id())).await.json["settings"],
        json!({})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_makes_the_first_administrator() {
    let floor = Floor::new().await;
    let app = &floor.app;
    let make = async |email| {
        create_first_admin(&app.db, &app.sign_in.passwords, email, "West Yard", OrganizationKind::Factory, None).await
    };
    let founded = make("west@yard.example").await.unwrap();
    let west = floor.sign_in("west@yard.example", founded.password.as_deref().unwrap()).await;
    let me = west.get("/v1/me").await.ok();
    assert_eq!(me["organization_id"], founded.org.to_string());
    assert!(me["permissions"].as_array().unwrap().contains(&json!("organization:create")));
    west.post("/v1/organizations", glassworks()).await.assert_status(201);
    let again = make("west@yard.example").await.unwrap_err();
    assert_eq!(again.code().as_str(), "DUPLICATE");
}

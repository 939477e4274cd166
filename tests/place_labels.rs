//! Labels of places and badges of workers: made, replaced, drawn, counted, scanned, and told to the site.

use floorline_domain::label::{Code, Kind};
use floorline_mobile_sync::decode::{Budget, ImageLimits, decode, read_image};
use serde_json::{Value, json};

use crate::harness::{Answer, At, Client, Floor};

/// A place or a worker of the north with the address of its label.
struct Carrier {
    kind: Kind,
    id: String,
    label: String,
    column: &'static str,
}

fn place(floor: &Floor) -> Carrier {
    let id = floor.north().station();
    Carrier { kind: Kind::Location, label: format!("/v1/locations/{id}/label"), id, column: "location_id" }
}

fn worker(floor: &Floor) -> Carrier {
    let id = floor.north().person("operator").id.to_string();
    Carrier { kind: Kind::User, label: format!("/v1/users/{id}/badge"), id, column: "user_id" }
}

fn both(floor: &Floor) -> [Carrier; 2] {
    [place(floor), worker(floor)]
}

async fn make(at: At<'_>, carrier: &Carrier) -> Answer {
    let made = at.supervisor().post(&carrier.label, json!({})).await;
    made.assert_status(201);
    made
}

async fn label(at: At<'_>, code: &str) -> Value {
    at.operator().get(&format!("/v1/labels/{code}")).await.ok()
}

async fn scan(client: &Client, code: &str) -> Value {
    client.post("/v1/scans", json!({ "raw": format!("HTTPS://FLOOR.EXAMPLE.COM/Q/{code}") })).await.ok()
}

async fn card(client: &Client, code: &str) -> Value {
    client.with("accept", "application/json").get(&format!("/Q/{code}")).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_and_a_worker_get_an_active_label_of_their_kind() {
    let floor = Floor::new().await;
    for carrier in both(&floor) {
        let made = make(floor.north(), &carrier).await;
        assert_eq!(Code::parse(&made.text("code")).unwrap().kind(), carrier.kind);
        assert_eq!((made.text("kind"), made.text("status")), (carrier.kind.to_string(), "active".into()));
        assert_eq!((&made.json[carrier.column], &made.json["item_id"]), (&json!(carrier.id), &Value::Null));
        assert_eq!(label(floor.north(), &made.text("code")).await, made.json);
        assert_eq!((&made.json["version"], &made.json["print_count"]), (&json!(1), &json!(0)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_label_replaces_the_one_before_and_names_itself_its_successor() {
    let floor = Floor::new().await;
    for carrier in both(&floor) {
        let (first, second) = (make(floor.north(), &carrier).await, make(floor.north(), &carrier).await);
        let old = label(floor.north(), &first.text("code")).await;
        assert_eq!((&old["status"], &old["replaced_by"]), (&json!("replaced"), &second.json["id"]));
        assert_eq!((&old["version"], &old[carrier.column]), (&json!(2), &json!(carrier.id)));
        let path = |status: &str| format!("/v1/labels?{}={}&status={status}", carrier.column, carrier.id);
        let active = floor.north().operator().get(&path("active")).await;
        assert_eq!(active.rows(), &vec![second.json.clone()]);
        assert_eq!(floor.north().operator().get(&path("replaced")).await.rows().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_makes_one_label() {
    let floor = Floor::new().await;
    for carrier in both(&floor) {
        let by = floor.north().supervisor().key("labelled");
        let first = by.post(&carrier.label, json!({})).await;
        let again = by.post(&carrier.label, json!({})).await;
        assert_eq!(again.assert_status(201).header("idempotency-replayed"), Some("true"));
        assert_eq!(again.json, first.json);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_made_at_the_same_moment_leave_one_active() {
    let floor = Floor::new().await;
    let station = place(&floor);
    let made = futures_util::future::join_all((0..8).map(|_| make(floor.north(), &station))).await;
    let path = format!("/v1/labels?location_id={}", station.id);
    let rows = floor.north().operator().get(&path).await.rows().clone();
    assert_eq!(rows.len(), made.len());
    assert_eq!(rows.iter().filter(|row| row["status"] == "active").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_drawn_in_every_form_with_the_names_people_know() {
    let floor = Floor::new().await;
    for (carrier, name) in both(&floor).into_iter().zip(["Station 1", "Operator"]) {
        let viewer = floor.north().operator();
        let none = viewer.get(&format!("{}.svg", carrier.label)).await;
        none.assert_status(409).assert_problem("STATE_CONFLICT");
        let code = make(floor.north(), &carrier).await.text("code");
        for (form, kind, begins) in [
            ("svg", "image/svg+xml", &b"<svg"[..]),
            ("png", "image/png", b"\x89PNG"),
            ("pdf", "application/pdf", b"%PDF"),
            ("zpl", "application/zpl", b"^XA"),
        ] {
            let drawn = viewer.get(&format!("{}.{form}", carrier.label)).await;
            drawn.assert_status(200);
            assert_eq!(drawn.header("content-type"), Some(kind));
            assert!(drawn.body.starts_with(begins), "{form}");
            let text = String::from_utf8_lossy(&drawn.body).into_owned();
            assert!(!matches!(form, "svg" | "zpl") || text.contains(name) && text.contains(&code), "{text}");
        }
        let png = viewer.get(&format!("{}.png?module=6", carrier.label)).await;
        let picture = read_image(&png.body, ImageLimits::default()).unwrap();
        let read = decode(&picture, Budget::lasting(std::time::Duration::from_secs(60))).unwrap().text;
        assert!(read.ends_with(&format!("/Q/{code}")), "{read}");
        viewer.get(&format!("{}.gif", carrier.label)).await.assert_status(404);
        viewer.get(&format!("{}.zpl?copies=0", carrier.label)).await.assert_status(422).assert_field("copies");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn their_prints_are_counted_like_those_of_items() {
    let floor = Floor::new().await;
    let (of_place, badge) = (make(floor.north(), &place(&floor)).await, make(floor.north(), &worker(&floor)).await);
    let codes = json!({ "codes": [of_place.text("code"), badge.text("code")] });
    let counted = floor.north().operator().post("/v1/labels/prints", codes).await;
    assert_eq!(counted.json, json!({ "counted": 2, "unknown": [] }));
    for made in [of_place, badge] {
        let printed = label(floor.north(), &made.text("code")).await;
        assert_eq!((&printed["print_count"], &printed["version"]), (&json!(1), &json!(1)));
        assert!(printed["printed_at"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scanning_one_finds_the_place_or_the_worker() {
    let floor = Floor::new().await;
    let operator = floor.north().operator();
    for carrier in both(&floor) {
        let (old, new) = (make(floor.north(), &carrier).await, make(floor.north(), &carrier).await);
        for code in [new.text("code"), old.text("code")] {
            let scanned = scan(&operator, &code).await;
            assert_eq!((&scanned["result"], &scanned["value"]), (&json!("success"), &json!(carrier.id)), "{scanned}");
            assert_eq!(scanned["kind"], carrier.kind.to_string());
            assert_eq!(scanned[carrier.kind.as_str()]["id"], carrier.id);
        }
        let elsewhere = scan(&floor.south().operator(), &new.text("code")).await;
        assert_eq!(elsewhere["explanation"], "This is another factory's label.");
        let revoke = format!("/v1/labels/{}/revoke", new.text("code"));
        floor.north().supervisor().post(&revoke, json!({})).await.assert_status(200);
        // By someone else: the operator's own second scan within ten seconds is the first again.
        let other = floor.north().supervisor();
        assert_eq!(scan(&other, &new.text("code")).await["explanation"], "This label was revoked.");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opened_label_says_what_it_is_to_those_who_may_know() {
    let floor = Floor::new().await;
    let (of_place, badge) = (make(floor.north(), &place(&floor)).await, make(floor.north(), &worker(&floor)).await);
    let supervisor = floor.north().supervisor();
    let told = card(&supervisor, &of_place.text("code")).await;
    assert_eq!((&told["kind"], &told["title"]), (&json!("place"), &json!("Station 1")));
    assert_eq!(told["facts"], json!([{ "name": "What it is", "value": "station" }]));
    let told = card(&supervisor, &badge.text("code")).await;
    assert_eq!((&told["kind"], &told["title"]), (&json!("badge"), &json!("A worker's badge")));
    assert_eq!(told["facts"], json!([{ "name": "Name", "value": "Operator" }]));
    let told = card(&floor.north().operator(), &badge.text("code")).await;
    assert_eq!((&told["kind"], &told["facts"]), (&json!("badge"), &json!([])), "names are for who may see people");
    for made in [&of_place, &badge] {
        for other in [floor.stranger(), floor.south().supervisor(), floor.aurora().viewer()] {
            let card = card(&other, &made.text("code")).await;
            assert_eq!((&card["kind"], &card["facts"]), (&json!("sign_in"), &json!([])), "{card}");
        }
    }
    let successor = make(floor.north(), &place(&floor)).await.text("code");
    let old = card(&supervisor, &of_place.text("code")).await;
    assert!(old["notice"].as_str().unwrap().contains(&successor), "{old}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_site_hears_of_them() {
    let floor = Floor::new().await;
    let (client, topic) = (floor.north().operator(), format!("site:{}", floor.north().site()));
    let snapshot = client.get(&format!("/v1/sync/snapshot?topic={topic}")).await;
    let head: Value = serde_json::from_slice(snapshot.body.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    let mut told = Vec::new();
    for carrier in both(&floor) {
        make(floor.north(), &carrier).await;
        let second = make(floor.north(), &carrier).await.text("code");
        let revoke = format!("/v1/labels/{second}/revoke");
        floor.north().supervisor().post(&revoke, json!({})).await.assert_status(200);
        told.push(json!({ "type": carrier.kind.as_str(), "id": carrier.id }));
    }
    let (epoch, cursor) = (head["epoch"].as_str().unwrap(), &head["cursor"]);
    let feed = client.get(&format!("/v1/sync/feed?topic={topic}&epoch={epoch}&cursor={cursor}&wait=0")).await.ok();
    let events = feed["events"].as_array().unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    let each = ["label.made", "label.replaced", "label.made", "label.revoked"];
    assert_eq!(kinds, [each, each].concat(), "{feed}");
    for (event, target) in events.iter().zip(told.iter().flat_map(|target| [target; 4])) {
        assert_eq!(event["after"]["target"], *target, "{event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_of_use_gets_no_label() {
    let floor = Floor::new().await;
    let admin = floor.north().admin();
    for carrier in both(&floor) {
        let path = carrier.label.rsplit_once('/').unwrap().0.to_owned();
        let version = admin.get(&path).await.version();
        admin.if_match(version).delete(&path).await.assert_status(204);
        let refused = floor.north().supervisor().post(&carrier.label, json!({})).await;
        refused.assert_status(409).assert_problem("STATE_CONFLICT");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_their_factorys_alone_and_made_by_those_who_manage_labels() {
    let floor = Floor::new().await;
    for carrier in both(&floor) {
        floor
            .north()
            .operator()
            .post(&carrier.label, json!({}))
            .await
            .assert_status(403)
            .assert_problem("NOT_PERMITTED");
        let code = make(floor.north(), &carrier).await.text("code");
        let south = floor.south().supervisor();
        south.post(&carrier.label, json!({})).await.assert_status(404).assert_problem("NOT_FOUND");
        south.get(&format!("{}.svg", carrier.label)).await.assert_status(404).assert_problem("NOT_FOUND");
        south.get(&format!("/v1/labels/{code}")).await.assert_status(404);
        floor.aurora().viewer().get(&format!("{}.svg", carrier.label)).await.assert_status(403);
    }
}

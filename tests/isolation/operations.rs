//! Every operation of `floor.sync.v1`, written by a phone of another organisation and by someone who may not.

use floorline_mobile_sync::chain;
use floorline_mobile_sync::op::OPERATIONS;
use serde_json::{Value, json};

use super::attack::Stage;
use super::rows::changed;
use super::scene::Scene;
use crate::harness::socket::{Came, Handheld, Socket};
use crate::harness::{At, Floor, PASSWORD};

/// What an operation's entry says, with names taken from a scene by `name`; `item` is whose item it is about.
fn entry(op: &str, name: &dyn Fn(&str) -> String) -> Value {
    let reason = json!({ "reason": "Because" });
    let (data, action) = match op {
        "scan.record" => (json!({ "raw": name("raw") }), None),
        "action.complete" => (json!({ "readings": [] }), Some("cut.length")),
        "action.skip" => (reason, Some("sew.look")),
        "item.advance" => (json!({ "to": "sew" }), None),
        "item.pause" | "item.resume" | "item.claim" | "item.release" | "shift.end" => (json!({}), None),
        "item.flag" | "item.scrap" | "item.hold" => (reason, None),
        "item.rework" => (json!({ "to": "cut", "reason": "Because" }), None),
        "item.assign" => (json!({ "user_id": name("user") }), None),
        "item.move" => (json!({ "location_id": name("location") }), None),
        "item.assemble" => (json!({ "component_ids": [name("part")] }), None),
        "item.undo" => (json!({ "of": { "stream_id": name("stream"), "seq": 1 } }), None),
        "note.add" => (json!({ "text": "Something" }), None),
        "label.claim" => (json!({ "code": name("label"), "replace": true }), None),
        "shift.start" => (json!({ "site_id": name("site"), "location_id": name("location") }), None),
        _ => panic!("what does {op} carry? Add it to tests/isolation/operations.rs"),
    };
    let mut entry = json!({ "op": op, "data": data });
    if !matches!(op, "scan.record" | "shift.start" | "shift.end") {
        entry["item_id"] = json!(name("item"));
        entry["stage"] = json!("cut");
    }
    if let Some(action) = action {
        entry["action_id"] = json!(action);
    }
    if op == "action.complete" {
        entry["blobs"] = json!([{ "sha256": name("sha256"), "size": 10, "mime": "image/jpeg" }]);
    }
    entry
}

/// The things an operation names, found by asking it for them.
fn things(op: &str) -> Vec<String> {
    let asked = std::cell::RefCell::new(Vec::new());
    entry(op, &|noun| {
        asked.borrow_mut().push(noun.to_owned());
        uuid::Uuid::nil().to_string()
    });
    asked.into_inner()
}

fn name(scene: &Scene<'_>, noun: &str) -> String {
    if noun == "stream" { scene.handheld.pen.stream.to_string() } else { scene.name(noun).to_owned() }
}

/// The result of one entry, and everything else that came before it.
async fn act(phone: &mut Handheld<'_>, socket: &mut Socket, session: i64, entry: Value) -> (Value, String) {
    let batch = phone.pen.write([entry]);
    socket.submit(session, batch).await;
    let mut heard = String::new();
    loop {
        match socket.next().await {
            Came::Frame(frame) => {
                heard += &frame.to_string().to_lowercase();
                if frame["type"] == "result" {
                    return (frame["results"][0].clone(), heard);
                }
            }
            closed => panic!("{closed:?} after {heard}"),
        }
    }
}

async fn enrolled<'a>(floor: &'a Floor, at: At<'a>) -> (Handheld<'a>, Socket, i64) {
    let phone = Handheld::enrolled(floor, at, "supervisor").await;
    let (socket, welcome) = phone.connect(json!([])).await;
    let session = welcome["session"].as_i64().unwrap();
    (phone, socket, session)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_operation_of_a_phone_reaches_another_organisation() {
    let floor = Floor::new().await;
    let mut stage = Stage::set(&floor).await;
    let victim = stage.victim.at.id();
    let (mut phone, mut socket, session) = enrolled(&floor, floor.south()).await;
    let mut before = stage.rows.fingerprint(victim).await;
    let mut faults = Vec::new();
    for op in OPERATIONS {
        let things = things(op);
        for swapped in things.iter().map(String::as_str).chain(["everything", "actor"]) {
            let whose = |noun: &str| {
                let other = swapped == noun || swapped == "everything";
                name(if other { &stage.victim } else { &stage.attacker }, noun)
            };
            let mut entry = entry(op, &whose);
            if swapped == "actor" {
                entry["actor"] = json!(stage.victim.name("user"));
            }
            let sent = entry.to_string();
            let (verdict, heard) = act(&mut phone, &mut socket, session, entry).await;
            let leaked: Vec<_> =
                stage.secrets.iter().filter(|secret| heard.contains(*secret) && !sent.contains(*secret)).collect();
            if !leaked.is_empty() {
                faults.push(format!("{op} with another's {swapped} tells {leaked:?}: {heard}"));
            }
            // A scan of anything is one's own, and evidence may arrive later: a hash is no reference to somebody's photo.
            let harmless = matches!(
                (op, swapped),
                ("scan.record", _) | ("action.complete", "sha256") | ("shift.end" | "item.pause", "everything")
            );
            if verdict["outcome"] == "applied" && !harmless && !(things.is_empty() && swapped == "everything") {
                faults.push(format!("{op} with another's {swapped} was done: {verdict}"));
            }
        }
        let after = stage.rows.fingerprint(victim).await;
        faults.extend(changed(&before, &after).into_iter().map(|change| format!("{op} changed {change}")));
        before = after;
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_operation_of_a_phone_is_done_for_someone_who_may_only_connect() {
    let floor = Floor::new().await;
    let mut stage = Stage::set(&floor).await;
    let north = floor.north();
    let role = json!({ "name": "Onlooker", "permissions": ["sync:connect"] });
    let role = north.admin().post("/v1/roles", role).await.id();
    let user =
        json!({ "email": "onlooker@north.example", "name": "Onlooker", "password": PASSWORD, "role_ids": [role] });
    let user = north.admin().post("/v1/users", user).await.id();
    let mut phone = Handheld::enrolled(&floor, north, "operator").await;
    phone.client = floor.sign_in("onlooker@north.example", PASSWORD).await;
    phone.pen.user = user.parse().unwrap();
    let (mut socket, welcome) = phone.connect(json!([])).await;
    let session = welcome["session"].as_i64().unwrap();
    let before = stage.rows.fingerprint(north.id()).await;
    let (mut faults, mut refused) = (Vec::new(), 0);
    for op in OPERATIONS {
        let entry = entry(op, &|noun| name(&stage.victim, noun));
        let (verdict, _) = act(&mut phone, &mut socket, session, entry).await;
        // What is so already, or is impossible for anybody, is said before whether they may.
        let earlier =
            ["ALREADY_DONE", "STAGE_MOVED", "UNDO_TOO_LATE"].iter().any(|reason| verdict["reason"] == *reason);
        match verdict["reason"] == "NOT_PERMITTED" {
            true => refused += 1,
            false if earlier && verdict["outcome"] != "applied" => {}
            false => faults.push(format!("{op}: {verdict}")),
        }
    }
    let after = stage.rows.fingerprint(north.id()).await;
    assert!(refused >= 15, "{refused} of {} are refused for want of the permission", OPERATIONS.len());
    // What was refused waits as a case, and the supervisors are told.
    let told = |change: &String| change.starts_with("sync_") || change.starts_with("events:");
    faults.extend(changed(&before, &after).into_iter().filter(|change| !told(change)));
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_topic_snapshot_or_stream_of_another_organisation_is_told() {
    let floor = Floor::new().await;
    let stage = Stage::set(&floor).await;
    let (north, south) = (floor.north(), floor.south());
    let topics = [
        format!("site:{}", north.site()),
        format!("org:{}", north.id()),
        format!("order:{}", stage.victim.name("order")),
        format!("user:{}", stage.victim.name("user")),
    ];
    for (who, client) in [("a factory", south.admin()), ("a brand", floor.borealis().admin())] {
        for topic in &topics {
            for way in ["snapshot", "feed"] {
                let answer = client.get(&format!("/v1/sync/{way}?topic={topic}&wait=0")).await;
                assert!(matches!(answer.status, 403 | 404), "{who}: {answer}");
            }
        }
    }
    // A phone that asks for all of them, beside its own, and goes on with another's stream.
    let phone = Handheld::enrolled(&floor, south, "supervisor").await;
    let own = format!("site:{}", south.site());
    let asked: Vec<Value> = topics.iter().chain([&own]).map(|topic| json!({ "topic": topic, "cursor": 0 })).collect();
    let mut hello = phone.hello(json!(asked)).await;
    hello["stream_id"] = json!(stage.victim.handheld.pen.stream);
    hello["hash"] = json!(chain::start(stage.victim.handheld.pen.stream).to_string());
    let mut socket = Socket::open(&floor).await;
    socket.send(&hello).await;
    let welcome = socket.expect("welcome").await;
    assert_eq!(welcome["last_seq"], 0, "another's stream begins anew here: {welcome}");
    let told =
        |topic: &str| welcome["topics"].as_array().unwrap().iter().find(|told| told["topic"] == topic).unwrap().clone();
    for topic in &topics {
        assert_eq!(told(topic)["mode"], "denied", "{welcome}");
    }
    // It goes on as if it had been let in: with a cursor in each, and the epoch that holds there.
    let there = north.admin().get(&format!("/v1/sync/snapshot?topic={}", topics[0])).await;
    let there: Value = serde_json::from_slice(there.body.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    for topic in &topics {
        socket.send(&json!({ "type": "cursor", "topic": topic, "epoch": there["epoch"], "cursor": 0 })).await;
    }
    socket.send(&json!({ "type": "cursor", "topic": own, "epoch": told(&own)["epoch"], "cursor": 0 })).await;
    let mut heard = welcome.to_string();
    // Something happens there; then something here, which is heard.
    let path = |scene: &Scene<'_>| format!("/v1/items/{}/notes", scene.name("item"));
    north.admin().post(&path(&stage.victim), json!({ "text": "Over there" })).await.assert_status(200);
    south.admin().post(&path(&stage.attacker), json!({ "text": "Over here" })).await.assert_status(200);
    while !heard.contains("Over here") {
        match socket.next().await {
            Came::Frame(frame) => heard += &frame.to_string(),
            closed => panic!("{closed:?} after {heard}"),
        }
    }
    assert!(!heard.contains("Over there"), "{heard}");
    let (asked, heard) = (format!("{hello} {there}").to_lowercase(), heard.to_lowercase());
    let leaked: Vec<_> =
        stage.secrets.iter().filter(|secret| heard.contains(*secret) && !asked.contains(*secret)).collect();
    assert!(leaked.is_empty(), "{leaked:?} in {heard}");
}

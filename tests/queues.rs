//! Queues: what waits, in which order, and what people say of it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::queue::{Entry, Priority, order};
use floorline_server::platform::db::sql;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::harness::{Floor, redacted};

async fn queue(floor: &Floor, filter: Value) -> String {
    let mut body = json!({ "name": uuid::Uuid::new_v4().to_string(), "site_id": floor.north().site() });
    body.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
    let made = floor.north().supervisor().post("/v1/queues", body).await;
    made.assert_status(201);
    made.id()
}

async fn items(floor: &Floor, count: u32) -> Vec<Value> {
    let order = floor.north().accepted_order(count).await;
    floor.north().items_of(&order).await
}

async fn waiting(floor: &Floor, queue: &str) -> Vec<Value> {
    floor.north().operator().get(&format!("/v1/queues/{queue}/entries?limit=200")).await.rows().clone()
}

fn codes(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["code"].as_str().unwrap()).collect()
}

fn id(of: &Value) -> &str {
    of["id"].as_str().unwrap()
}

/// Through cutting, into sewing.
async fn advance(floor: &Floor, item: &Value) {
    let worker = floor.north().operator();
    let measured =
        json!({ "action_id": "cut.length", "data": { "readings": [{ "name": "length", "value": 10, "unit": "mm" }] } });
    worker.post(&format!("/v1/items/{}/actions", id(item)), measured).await.assert_status(200);
    worker.post(&format!("/v1/items/{}/advance", id(item)), json!({})).await.assert_status(200);
}

/// Puts the item's arrival in its stage back by so many minutes.
async fn age(floor: &Floor, item: &Value, minutes: i64) {
    let mut tx = floor.tenant(floor.north().id()).await;
    sql("UPDATE items SET stage_entered_at = since, state = jsonb_set(state, '{stage_entered_at}', to_jsonb(since)) \
         FROM (SELECT id AS aged, stage_entered_at - $1 * interval '1 minute' AS since FROM items WHERE id = $2::uuid) AS a WHERE id = aged")
        .bind::<BigInt, _>(minutes)
        .bind::<SqlUuid, _>(id(item).parse::<uuid::Uuid>().unwrap())
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn members_follow_from_the_items() {
    let floor = Floor::new().await;
    let items = items(&floor, 3).await;
    let (cutting, sewing) =
        (queue(&floor, json!({ "stage": "cut" })).await, queue(&floor, json!({ "stage": "sew" })).await);
    let everything = queue(&floor, json!({})).await;
    assert_eq!(codes(&waiting(&floor, &cutting).await), ["CAP-0001", "CAP-0002", "CAP-0003"]);
    assert_json_snapshot!("what_waits", redacted(&waiting(&floor, &cutting).await[0]));

    advance(&floor, &items[0]).await;
    assert_eq!(codes(&waiting(&floor, &cutting).await), ["CAP-0002", "CAP-0003"]);
    assert_eq!(codes(&waiting(&floor, &sewing).await), ["CAP-0001"]);
    assert_eq!(waiting(&floor, &everything).await.len(), 3);

    let scrap = json!({ "reason": "Torn" });
    floor.north().supervisor().post(&format!("/v1/items/{}/scrap", id(&items[1])), scrap).await.assert_status(200);
    assert_eq!(codes(&waiting(&floor, &cutting).await), ["CAP-0003"], "what is closed waits nowhere");
    let shown = floor.north().operator().get(&format!("/v1/queues/{everything}")).await;
    assert_json_snapshot!("counts", shown.json["counts"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_narrows_by_place_and_workflow() {
    let floor = Floor::new().await;
    let items = items(&floor, 2).await;
    let there = json!({ "location_id": floor.north().station() });
    let (here, other) = (
        queue(&floor, there.clone()).await,
        queue(&floor, json!({ "workflow_id": floor.north().workflow().await })).await,
    );
    assert!(waiting(&floor, &here).await.is_empty() && waiting(&floor, &other).await.is_empty());
    floor.north().operator().post(&format!("/v1/items/{}/move", id(&items[1])), there).await.assert_status(200);
    assert_eq!(codes(&waiting(&floor, &here).await), ["CAP-0002"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_say_holds_in_this_queue_alone() {
    let floor = Floor::new().await;
    let items = items(&floor, 3).await;
    let (one, other) = (queue(&floor, json!({ "stage": "cut" })).await, queue(&floor, json!({ "stage": "cut" })).await);
    let (by, entries) = (floor.north().supervisor(), format!("/v1/queues/{one}/entries"));
    let worker = floor.north().person("operator").id;

    let third = format!("{entries}/{}", id(&items[2]));
    let set = by.patch(&third, json!({ "priority": "urgent", "assigned_to": worker })).await;
    set.assert_status(200);
    assert_eq!(
        (&set.json["priority"], &set.json["assigned_to"], &set.json["by_hand"]),
        (&json!("urgent"), &json!(worker), &json!(false))
    );
    assert_eq!(codes(&waiting(&floor, &one).await), ["CAP-0003", "CAP-0001", "CAP-0002"]);
    assert_eq!(codes(&waiting(&floor, &other).await), ["CAP-0001", "CAP-0002", "CAP-0003"]);
    let mine = floor.north().operator().get(&format!("{entries}?assigned_to={worker}")).await;
    assert_eq!(codes(mine.rows()), ["CAP-0003"]);
    assert_eq!(mine.json["counts"]["assigned"], 1);
    by.patch(&third, json!({ "priority": null })).await.assert_status(200);
    assert_eq!(codes(&waiting(&floor, &one).await), ["CAP-0001", "CAP-0002", "CAP-0003"]);

    let first = format!("{entries}/{}", id(&items[0]));
    by.delete(&first).await.assert_status(204);
    by.delete(&first).await.assert_status(404);
    by.patch(&first, json!({ "priority": "low" })).await.assert_status(404);
    assert_eq!(codes(&waiting(&floor, &one).await), ["CAP-0002", "CAP-0003"]);
    advance(&floor, &items[0]).await;
    let rework = json!({ "to": "cut", "reason": "Crooked" });
    by.post(&format!("/v1/items/{}/rework", id(&items[0])), rework).await.assert_status(200);
    assert_eq!(codes(&waiting(&floor, &one).await), ["CAP-0002", "CAP-0003", "CAP-0001"], "it entered the stage again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_added_by_hand_stays_until_it_is_done() {
    let floor = Floor::new().await;
    let items = items(&floor, 2).await;
    let sewing = queue(&floor, json!({ "stage": "sew", "max_items": 1 })).await;
    let (by, entries) = (floor.north().supervisor(), format!("/v1/queues/{sewing}/entries"));
    let added = by.key("add-1").post(&entries, json!({ "item_id": id(&items[0]), "priority": "high" })).await;
    added.assert_status(201);
    assert_eq!((&added.json["by_hand"], &added.json["stage"]), (&json!(true), &json!("cut")));
    let again = by.key("add-1").post(&entries, json!({ "item_id": id(&items[0]), "priority": "high" })).await;
    assert_eq!(again.json, added.json);
    let full = by.post(&entries, json!({ "item_id": id(&items[1]) })).await;
    full.assert_status(409).assert_problem("STATE_CONFLICT");

    let kinds = events(&floor, &sewing).await;
    assert_eq!(kinds, ["queue.created", "queue.item_added"]);
    let scrap = json!({ "reason": "Torn" });
    by.post(&format!("/v1/items/{}/scrap", id(&items[0])), scrap).await.assert_status(200);
    assert!(waiting(&floor, &sewing).await.is_empty());
}

async fn events(floor: &Floor, queue: &str) -> Vec<String> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        kind: String,
    }
    let mut tx = floor.tenant(floor.north().id()).await;
    let rows: Vec<Row> = sql("SELECT e.kind FROM events e JOIN sync_feed f ON f.topic_id LIKE 'site:%' AND f.body::jsonb ->> 'kind' = e.kind \
                              AND f.body::jsonb #>> '{subject,id}' = e.subject_id::text AND (f.body::jsonb #>> '{after,version}')::bigint = e.version \
                              WHERE e.subject_id = $1::uuid ORDER BY e.version")
        .bind::<SqlUuid, _>(queue.parse::<uuid::Uuid>().unwrap())
        .load(tx.conn())
        .await
        .unwrap();
    rows.into_iter().map(|row| row.kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_the_domains_order_whatever_was_said() {
    let floor = Floor::new().await;
    let items = items(&floor, 30).await;
    let queue = queue(&floor, json!({ "stage": "cut" })).await;
    let entries = format!("/v1/queues/{queue}/entries");
    let by = floor.north().supervisor();
    for (place, item) in items.iter().enumerate().step_by(4) {
        let priority = ["low", "high", "urgent"][place % 3];
        by.patch(&format!("{entries}/{}", id(item)), json!({ "priority": priority })).await.assert_status(200);
    }
    for item in items.iter().skip(1).step_by(5) {
        by.post(&entries, json!({ "item_id": id(item) })).await.assert_status(201);
    }
    let mut seen = Vec::new();
    let mut next = Some(String::new());
    while let Some(cursor) = next {
        let page = by
            .get(format!("{entries}?limit=7&cursor={cursor}").replace("&cursor=&", "&").trim_end_matches("&cursor="))
            .await;
        seen.extend(page.rows().clone());
        assert_eq!(page.json["counts"]["total"], 30);
        next = page.json["next_cursor"].as_str().map(str::to_owned);
    }
    let read = |row: &Value| Entry {
        item_id: row["item_id"].as_str().unwrap().parse().unwrap(),
        priority: row["priority"].as_str().unwrap().parse::<Priority>().unwrap(),
        added_at: row["added_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap(),
    };
    let shown: Vec<Entry> = seen.iter().map(read).collect();
    let mut expected = shown.clone();
    order(&mut expected);
    assert_eq!(shown, expected);
    assert_eq!(shown.iter().map(|entry| entry.item_id).collect::<BTreeSet<_>>().len(), 30, "each once");
}

/// Gives items priorities of their own; no route does.
async fn prioritise(floor: &Floor, items: &[Value]) {
    let mut tx = floor.tenant(floor.north().id()).await;
    for (place, item) in items.iter().enumerate() {
        sql("UPDATE items SET priority = $1 WHERE id = $2::uuid")
            .bind::<BigInt, _>(i64::try_from(place * 7 % 4).unwrap())
            .bind::<SqlUuid, _>(id(item).parse::<uuid::Uuid>().unwrap())
            .execute(tx.conn())
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_of_all_stages_is_in_one_order_and_its_counts_are_its_members() {
    let floor = Floor::new().await;
    let items = items(&floor, 26).await;
    for item in items.iter().step_by(3) {
        advance(&floor, item).await;
    }
    prioritise(&floor, &items).await;
    let by = floor.north().supervisor();
    let (all, sewing) = (queue(&floor, json!({})).await, queue(&floor, json!({ "stage": "sew" })).await);
    let worker = floor.north().person("operator").id;
    for queue in [&all, &sewing] {
        let entries = format!("/v1/queues/{queue}/entries");
        let set = json!({ "priority": "high", "assigned_to": worker });
        by.patch(&format!("{entries}/{}", id(&items[0])), set).await.assert_status(200);
        by.delete(&format!("{entries}/{}", id(&items[3]))).await.assert_status(204);
        by.post(&entries, json!({ "item_id": id(&items[1]), "priority": "low" })).await.assert_status(201);
    }
    age(&floor, &items[0], 300).await;
    for (queue, expected) in [(all, 25), (sewing, 9)] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        let counts = loop {
            let page = by.get(&format!("/v1/queues/{queue}/entries?limit=4{cursor}")).await;
            seen.extend(page.rows().clone());
            let Some(next) = page.json["next_cursor"].as_str() else { break page.json["counts"].clone() };
            cursor = format!("&cursor={next}");
        };
        let place = |row: &Value| {
            let priority = row["priority"].as_str().unwrap().parse::<Priority>().unwrap();
            let (added_at, item_id) = (row["added_at"].as_str().unwrap(), row["item_id"].as_str().unwrap());
            Entry { item_id: item_id.parse().unwrap(), priority, added_at: added_at.parse().unwrap() }
        };
        let shown: Vec<Entry> = seen.iter().map(place).collect();
        let mut ordered = shown.clone();
        order(&mut ordered);
        assert_eq!(shown, ordered);
        assert_eq!(shown.iter().map(|entry| entry.item_id).collect::<BTreeSet<_>>().len(), expected, "each once");
        let some = |holds: &dyn Fn(&Value) -> bool| seen.iter().filter(|row| holds(row)).count();
        let of_status = |status: &str| some(&|row| row["status"] == status);
        assert_eq!(
            counts,
            json!({
                "total": expected, "not_started": of_status("not_started"), "active": of_status("active"), "stopped": 0,
                "stuck": some(&|row| row["stuck"] == true), "assigned": some(&|row| !row["assigned_to"].is_null()),
            })
        );
        assert_eq!((&counts["stuck"], &counts["assigned"]), (&json!(1), &json!(1)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_colours_and_stuck_are_told() {
    let floor = Floor::new().await;
    let items = items(&floor, 3).await;
    let queue = queue(&floor, json!({ "stage": "cut" })).await;
    age(&floor, &items[0], 17).await;
    age(&floor, &items[1], 241).await;
    let rows = waiting(&floor, &queue).await;
    let told: Vec<_> = rows.iter().map(|row| (row["sla"].as_str().unwrap(), row["stuck"].as_bool().unwrap())).collect();
    assert_eq!(told, [("red", true), ("yellow", false), ("green", false)]);
    let counts = floor.north().operator().get(&format!("/v1/queues/{queue}")).await.json["counts"].clone();
    assert_eq!((&counts["total"], &counts["stuck"]), (&json!(3), &json!(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_is_stuck_is_the_organisations_to_say() {
    let floor = Floor::new().await;
    let items = items(&floor, 2).await;
    let queue = queue(&floor, json!({ "stage": "cut" })).await;
    age(&floor, &items[0], 31).await;
    let (admin, settings) = (floor.north().admin(), format!("/v1/organizations/{}", floor.north().id()));
    let set = async |version: i64, minutes: Value| {
        let changed =
            admin.if_match(version).patch(&settings, json!({ "settings": { "stuck_after_minutes": minutes } })).await;
        changed.assert_status(200);
    };
    let told = async || {
        let page = floor.north().operator().get(&format!("/v1/queues/{queue}/entries")).await.ok();
        let rows: Vec<bool> =
            page["data"].as_array().unwrap().iter().map(|row| row["stuck"].as_bool().unwrap()).collect();
        let item = floor.north().operator().get(&format!("/v1/items/{}?expand=stage", id(&items[0]))).await.ok();
        (rows, page["counts"]["stuck"].as_i64().unwrap(), item["now"]["stuck"].as_bool().unwrap())
    };
    assert_eq!(told().await, (vec![false, false], 0, false));
    set(1, json!(30)).await;
    assert_eq!(told().await, (vec![true, false], 1, true));
    set(2, json!(32)).await;
    assert_eq!(told().await, (vec![false, false], 0, false));
    set(3, Value::Null).await;
    age(&floor, &items[0], 210).await;
    assert_eq!(told().await, (vec![true, false], 1, true), "four hours again");
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_are_made_changed_and_removed() {
    let floor = Floor::new().await;
    let by = floor.north().supervisor();
    let body = json!({ "name": "Sewing", "site_id": floor.north().site(), "stage": "sew" });
    let made = by.post("/v1/queues", body.clone()).await;
    made.assert_status(201);
    assert_json_snapshot!("queue", redacted(&made.json));
    by.post("/v1/queues", body).await.assert_status(409).assert_problem("DUPLICATE");

    let path = format!("/v1/queues/{}", made.id());
    by.patch(&path, json!({ "name": "Seams" })).await.assert_status(428);
    by.if_match(9).patch(&path, json!({ "name": "Seams" })).await.assert_status(412);
    let changed = by.if_match(1).patch(&path, json!({ "name": "Seams", "stage": null, "max_items": 5 })).await;
    changed.assert_status(200);
    assert_eq!((changed.version(), &changed.json["stage"], &changed.json["max_items"]), (2, &Value::Null, &json!(5)));
    assert_eq!(by.get("/v1/queues?active=true").await.rows().len(), 1);
    by.if_match(1).delete(&path).await.assert_status(412);
    by.if_match(2).delete(&path).await.assert_status(204);
    by.get(&path).await.assert_status(404);
    assert_eq!(events(&floor, &made.id()).await, ["queue.created", "queue.changed", "queue.deleted"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_by_name() {
    let floor = Floor::new().await;
    let by = floor.north().supervisor();
    let site = floor.north().site();
    for (body, field) in [
        (json!({ "name": "", "site_id": site }), "name"),
        (json!({ "name": "x".repeat(201), "site_id": site }), "name"),
        (json!({ "name": "A", "site_id": floor.south().site() }), "site_id"),
        (json!({ "name": "A", "site_id": floor.north().station() }), "site_id"),
        (json!({ "name": "A", "site_id": site, "location_id": floor.south().station() }), "location_id"),
        (json!({ "name": "A", "site_id": site, "workflow_id": uuid::Uuid::nil() }), "workflow_id"),
        (json!({ "name": "A", "site_id": site, "max_items": 0 }), "max_items"),
        (json!({ "name": "A", "site_id": site, "stage": "" }), "stage"),
    ] {
        by.post("/v1/queues", body).await.assert_status(422).assert_field(field);
    }
    let queue = queue(&floor, json!({})).await;
    let entries = format!("/v1/queues/{queue}/entries");
    let items = items(&floor, 1).await;
    by.post(&entries, json!({ "item_id": uuid::Uuid::nil() })).await.assert_status(422).assert_field("item_id");
    let stranger = floor.south().person("operator").id;
    let foreign = json!({ "item_id": id(&items[0]), "assigned_to": stranger });
    by.post(&entries, foreign).await.assert_status(422).assert_field("assigned_to");
    by.post(&entries, json!({ "item_id": id(&items[0]), "priority": "medium" })).await.assert_problem("BAD_REQUEST");
    by.get(&format!("{entries}?cursor=bm9uc2Vuc2U")).await.assert_problem("BAD_REQUEST");
    by.get(&format!("{entries}?limit=0")).await.assert_status(422).assert_field("limit");
    floor.north().operator().post(&entries, json!({ "item_id": id(&items[0]) })).await.assert_status(403);
}

//! What is removed of uploads and photos, and what stays while others need it.

use chrono::{TimeDelta, Utc};
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use floorline_server::photos::{Removed, remove_old};
use floorline_server::platform::db::sql;
use floorline_server::platform::storage::sha256;
use serde_json::json;

use crate::harness::upload::{announce, begin, jpeg, send, tus, upload};
use crate::harness::{Floor, eventually, execute};

#[tokio::test(flavor = "multi_thread")]
async fn uploads_left_alone_and_photos_nothing_refers_to_are_removed() {
    let floor = Floor::new().await;
    let operator = floor.as_("operator");
    let (abandoned, unneeded, needed, young) = (jpeg(1), jpeg(2), jpeg(3), jpeg(4));
    let place = begin(&operator, &abandoned).await;
    send(&operator, &place, 0, &abandoned[..50]).await.assert_status(204);
    for bytes in [&unneeded, &needed, &young] {
        let id = upload(&operator, bytes).await;
        operator.get(&format!("/v1/photos/{id}/content?size=thumb")).await.assert_status(200);
    }
    let mut tx = floor.tenant(floor.north().id()).await;
    for (text, bytes) in [
        ("UPDATE photos SET created_at = now() - interval '31 days' WHERE sha256 = $1", &unneeded),
        ("UPDATE photos SET created_at = now() - interval '31 days' WHERE sha256 = $1", &needed),
    ] {
        sql(text).bind::<Text, _>(sha256(bytes)).execute(tx.conn()).await.unwrap();
    }
    let case = "WITH made AS (INSERT INTO sync_cases (org_id, id, reason, state, opened_at) \
                SELECT o.id, gen_random_uuid(), 'NOT_PERMITTED', 'open', now() FROM organizations o RETURNING org_id, id) \
                INSERT INTO sync_case_entries (org_id, case_id, stream_id, seq, hash, outcome, reason, body) \
                SELECT org_id, id, id, 1, '\\x00', 'parked', 'NOT_PERMITTED', convert_to($1, 'UTF8') FROM made";
    let body = json!({ "blobs": [{ "sha256": sha256(&needed) }] }).to_string();
    sql(case).bind::<Text, _>(body).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();

    let removed = remove_old(&floor.app.db, &floor.app.objects, Utc::now()).await.unwrap();
    assert_eq!(removed, Removed::default(), "whoever uploaded them today was told that they are here");
    let removed = remove_old(&floor.app.db, &floor.app.objects, Utc::now() + TimeDelta::hours(25)).await.unwrap();
    assert_eq!(removed, Removed { photos: 1, uploads: 4 }, "one was abandoned, three were finished a day ago");
    assert_eq!(tus(&operator).send("HEAD", &place, None).await.status, 404);
    let left: Vec<_> = operator.get("/v1/photos").await.rows().iter().map(|row| row["sha256"].clone()).collect();
    assert_eq!(left, [json!(sha256(&young)), json!(sha256(&needed))]);
    let org = floor.north().id();
    let size = async |path: String| floor.app.objects.size(&path).await.unwrap();
    for (bytes, there) in [(&unneeded, false), (&needed, true), (&young, true), (&abandoned, false)] {
        let hash = sha256(bytes);
        assert_eq!(size(format!("{org}/photos/{}/{hash}", &hash[..2])).await.is_some(), there);
        assert_eq!(size(format!("{org}/copies/{hash}/thumb")).await.is_some(), there);
    }
}

/// Holds the bytes of a hash as the server does, in a transaction of the test.
async fn hold(floor: &Floor, bytes: &[u8]) -> AsyncPgConnection {
    let mut holder = AsyncPgConnection::establish(floor.database().owner_url()).await.unwrap();
    holder.batch_execute("BEGIN").await.unwrap();
    sql("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind::<Text, _>(format!("photo:{}:{}", floor.north().id(), sha256(bytes)))
        .execute(&mut holder)
        .await
        .unwrap();
    holder
}

/// Waits until `task` waits for bytes that are held, or has ended without.
async fn waits<T>(floor: &Floor, task: &tokio::task::JoinHandle<T>) {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let mut watcher = AsyncPgConnection::establish(floor.database().owner_url()).await.unwrap();
    let waiting =
        "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'";
    eventually("a wait for the bytes", async || {
        let waiting: Count = diesel::sql_query(waiting).get_result(&mut watcher).await.unwrap();
        (waiting.count > 0 || task.is_finished()).then_some(())
    })
    .await;
}

fn object(floor: &Floor, bytes: &[u8]) -> String {
    format!("{}/photos/{}/{}", floor.north().id(), &sha256(bytes)[..2], sha256(bytes))
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_became_a_photo_while_old_ones_were_removed_stay() {
    let floor = Floor::new().await;
    let (operator, bytes) = (floor.as_("operator"), jpeg(1));
    let id = upload(&operator, &bytes).await;
    let mut holder = hold(&floor, &bytes).await;
    // The photo was given up, and somebody is just making it a photo again.
    execute(floor.database().owner_url(), "UPDATE uploads SET expires_at = now() - interval '1 day'; CREATE TABLE kept AS TABLE photos; DELETE FROM photos").await;
    holder.batch_execute("INSERT INTO photos SELECT * FROM kept").await.unwrap();
    let (db, objects) = (floor.app.db.clone(), floor.app.objects.clone());
    let removing = tokio::spawn(async move { remove_old(&db, &objects, Utc::now()).await.unwrap() });
    waits(&floor, &removing).await;
    holder.batch_execute("COMMIT").await.unwrap();
    assert_eq!(removing.await.unwrap(), Removed { photos: 0, uploads: 1 });
    assert_eq!(floor.app.objects.get(&object(&floor, &bytes), 1 << 20).await.unwrap(), bytes);
    operator.get(&format!("/v1/photos/{id}/content?size=thumb")).await.assert_status(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_being_removed_are_asked_for_again() {
    let floor = Floor::new().await;
    let (operator, bytes) = (floor.as_("operator"), jpeg(1));
    upload(&operator, &bytes).await;
    let mut holder = hold(&floor, &bytes).await;
    let announcing = tokio::spawn({
        let (operator, bytes) = (operator.clone(), bytes.clone());
        async move { announce(&operator, u64::try_from(bytes.len()).unwrap(), &sha256(&bytes)).await }
    });
    waits(&floor, &announcing).await;
    holder.batch_execute("DELETE FROM photos; COMMIT").await.unwrap();
    let answer = announcing.await.unwrap();
    answer.assert_status(201);
    assert_eq!(answer.header("upload-offset"), Some("0"), "nothing of it is here");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_removed_as_its_last_bytes_come_becomes_no_photo() {
    let floor = Floor::new().await;
    let (operator, bytes) = (floor.as_("operator"), jpeg(1));
    let place = begin(&operator, &bytes).await;
    let mut holder = hold(&floor, &bytes).await;
    let sending = tokio::spawn({
        let (operator, bytes) = (operator.clone(), bytes.clone());
        async move { send(&operator, &place, 0, &bytes).await }
    });
    waits(&floor, &sending).await;
    holder.batch_execute("DELETE FROM uploads; COMMIT").await.unwrap();
    sending.await.unwrap().assert_status(409).assert_problem("STATE_CONFLICT");
    assert!(operator.get("/v1/photos").await.rows().is_empty());
    assert_eq!(floor.app.objects.size(&object(&floor, &bytes)).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_given_up_after_its_bytes_were_put_together_leaves_none() {
    let floor = Floor::new().await;
    let (operator, bytes) = (tus(&floor.as_("operator")), jpeg(1));
    let place = begin(&operator, &bytes).await;
    let mut holder = AsyncPgConnection::establish(floor.database().owner_url()).await.unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE photos IN EXCLUSIVE MODE").await.unwrap();
    send(&operator, &place, 0, &bytes).await.assert_status(503).assert_problem("ROW_LOCKED");
    holder.batch_execute("COMMIT").await.unwrap();
    assert!(floor.app.objects.size(&object(&floor, &bytes)).await.unwrap().is_some());
    operator.send("DELETE", &place, None).await.assert_status(204);
    assert_eq!(floor.app.objects.size(&object(&floor, &bytes)).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_old_upload_that_cannot_be_removed_keeps_no_other() {
    let floor = Floor::new().await;
    let operator = floor.as_("operator");
    for seed in [1, 2] {
        let place = begin(&operator, &jpeg(seed)).await;
        send(&operator, &place, 0, &jpeg(seed)[..50]).await.assert_status(204);
    }
    let _holder = hold(&floor, &jpeg(1)).await;
    let removed = remove_old(&floor.app.db, &floor.app.objects, Utc::now() + TimeDelta::hours(25)).await.unwrap();
    assert_eq!(removed, Removed { photos: 0, uploads: 1 });
}

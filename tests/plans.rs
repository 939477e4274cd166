//! What is asked often has an index: the plans of such questions, made as the role that asks them, without knowing the values.

use std::future::ready;

use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use floorline_server::platform::tenancy::TenantTx;
use futures_util::FutureExt as _;

use crate::harness::database::Database;

const NOBODY: &str = "'00000000-0000-0000-0000-000000000000'";

/// The role, the question with its parameters' types, and the index that must answer it.
const QUESTIONS: [(&str, &str, &str, &str); 13] = [
    (
        "floorline_app",
        "uuid, uuid, uuid, bigint",
        include_str!("../server/src/floor/sync/snapshot/items.sql"),
        "items_open_by_site",
    ),
    (
        "floorline_app",
        "uuid, uuid, uuid, bigint",
        include_str!("../server/src/floor/sync/snapshot/workflow_versions.sql"),
        "items_open_by_version",
    ),
    (
        "floorline_app",
        "uuid, uuid, uuid, bigint",
        include_str!("../server/src/floor/sync/snapshot/labels.sql"),
        "labels_of_places_and_people",
    ),
    (
        "floorline_app",
        "uuid, uuid, uuid, bigint",
        include_str!("../server/src/floor/sync/snapshot/shifts.sql"),
        "shifts_one_active",
    ),
    (
        "floorline_app",
        "uuid, text, uuid, uuid, uuid, uuid, bigint",
        include_str!("../server/src/floor/cases/list_in_state.sql"),
        "sync_cases_by_state",
    ),
    (
        "floorline_app",
        "uuid, uuid, uuid, timestamptz",
        "SELECT id FROM leases WHERE org_id = $1 AND user_id = $2 AND device_id = $3 AND issued_at > $4 ORDER BY issued_at DESC LIMIT 1",
        "leases_recent",
    ),
    (
        "floorline_owner",
        "timestamptz, timestamptz, bigint",
        include_str!("../server/src/floor/sync/prune/verdicts.sql"),
        "sync_receipts_with_verdict",
    ),
    (
        "floorline_owner",
        "timestamptz, bigint",
        include_str!("../server/src/floor/sync/prune/receipts.sql"),
        "sync_receipts_without_verdict",
    ),
    (
        "floorline_owner",
        "timestamptz, bigint",
        "SELECT ctid FROM logins WHERE expires_at < $1 ORDER BY expires_at LIMIT $2",
        "logins_expired",
    ),
    (
        "floorline_brand",
        "uuid, uuid",
        "SELECT * FROM brand_order_lines WHERE factory_id = $1 AND order_id = $2 ORDER BY position",
        "order_lines_org_id_order_id_position_key",
    ),
    (
        "floorline_brand",
        "uuid, uuid, uuid, bigint",
        "SELECT * FROM brand_items WHERE factory_id = $1 AND order_id = $2 AND id > $3 ORDER BY id LIMIT $4",
        "items_by_order",
    ),
    ("floorline_brand", "text", "SELECT * FROM brand_topics WHERE id = $1", "sync_topics_by_id"),
    (
        "floorline_brand",
        "uuid, text, bigint, bigint",
        "SELECT cursor, body FROM brand_feed WHERE factory_id = $1 AND topic_id = $2 AND cursor > $3 ORDER BY cursor LIMIT $4",
        "sync_feed_default_pkey",
    ),
];

/// What the engine asks in every batch: its parameters' types, the statement, and the keys its plan must go by.
const BY_KEYS: [(&str, &str, &[&str]); 5] = [
    (
        "uuid, uuid[], uuid[]",
        include_str!("../server/src/floor/engine/load/lock_items.sql"),
        &["(org_id = $1) AND (id = ANY ($2))", "(org_id = $1) AND (parent_id = ANY ($3))"],
    ),
    (
        "uuid, text[], uuid[]",
        include_str!("../server/src/floor/engine/load/lock_labels.sql"),
        &["Index Cond: (code = ANY ($2))", "(org_id = $1) AND (item_id = ANY ($3))"],
    ),
    (
        "uuid, uuid[], bigint[], uuid[], bigint[], bytea[], uuid[], text[], text[], uuid[], uuid[], uuid[], text, timestamptz",
        include_str!("../server/src/floor/engine/load/look_up.sql"),
        &[
            "(org_id = $1) AND (stream_id = k.stream_id) AND (seq = k.seq)",
            "(org_id = $1) AND (stream_id = k_1.stream_id) AND (seq = k_1.seq)",
            "(org_id = $1) AND (origin_stream_id = k_2.stream_id) AND (origin_seq = k_2.seq)",
            "(org_id = $1) AND (id = ANY ($7))",
            "Index Cond: (code = ANY ($8))",
            "(org_id = $1) AND (raw = ANY ($9))",
            "(org_id = $1) AND (code = ANY ($9))",
        ],
    ),
    (
        "uuid, uuid[], uuid[], uuid[], uuid[], smallint[], text[], text[], bigint[], bigint[], timestamptz[], timestamptz[], timestamptz[], text[]",
        include_str!("../server/src/floor/engine/write/write_items.sql"),
        &["(org_id = $1) AND (id = r.id)"],
    ),
    (
        "uuid, timestamptz, uuid[], text[], uuid[], uuid[], uuid[], uuid[], bigint[]",
        include_str!("../server/src/floor/engine/write/write_labels.sql"),
        &["(org_id = $1) AND (id = r.id)", "(org_id = $1) AND (id = r.item_id)"],
    ),
];

/// A young floor's thousand items, each with a label and an act.
const GROW: &str = "SET session_replication_role = replica;
    INSERT INTO items (org_id, id, code, workflow_version_id, site_id, status, stage, version, stage_entered_at, created_at, updated_at, state)
    SELECT '$ORG', gen_random_uuid(), 'GROWN-' || n, gen_random_uuid(), gen_random_uuid(), 'active', 'cut', 1, now(), now(), now(),
           jsonb_build_object('filling', repeat('x', 600)) FROM generate_series(1, 1000) AS n;
    INSERT INTO labels (org_id, id, code, kind, status, item_id, created_at, updated_at)
    SELECT org_id, gen_random_uuid(), 'M' || upper(substr(md5(id::text), 1, 14)), 'item', 'active', id, now(), now()
    FROM items WHERE code LIKE 'GROWN-%';
    INSERT INTO sync_receipts (org_id, stream_id, seq, hash, outcome, verdict, occurred_at, applied_at)
    SELECT '$ORG', gen_random_uuid(), 1, sha256(n::text::bytea), 'applied', '{}', now(), now() FROM generate_series(1, 1000) AS n;
    SET session_replication_role = DEFAULT";

async fn by_keys(database: &Database) -> TenantTx {
    TenantTx::open_by_keys(&database.db, database.org, &|_| ready(Ok(())).boxed()).await.unwrap().0
}

async fn explain(conn: &mut AsyncPgConnection, name: &str, types: &str) -> String {
    #[derive(diesel::QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text)]
        line: String,
    }
    let values = vec!["NULL"; types.split(',').count()].join(", ");
    let explained = format!("SELECT line FROM explained('EXECUTE {name} ({values})') AS line");
    let lines: Vec<Line> = diesel::sql_query(explained).load(conn).await.unwrap();
    lines.into_iter().map(|line| line.line + "\n").collect()
}

async fn mode(conn: &mut AsyncPgConnection) -> String {
    #[derive(diesel::QueryableByName)]
    struct Mode {
        #[diesel(sql_type = Text)]
        mode: String,
    }
    let mode: Mode =
        diesel::sql_query("SELECT current_setting('plan_cache_mode') AS mode").get_result(conn).await.unwrap();
    mode.mode
}

async fn plan(admin: &mut AsyncPgConnection, role: &str, types: &str, question: &str) -> String {
    // No table has a row to speak of, so that a plan shows what could be used and not what pays.
    admin
        .batch_execute(&format!(
            "BEGIN; SET LOCAL ROLE {role}; SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL app.org_id = {NOBODY};
             SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off;
             PREPARE question ({types}) AS {question}"
        ))
        .await
        .unwrap();
    let plan = explain(admin, "question", types).await;
    admin.batch_execute("DEALLOCATE question; ROLLBACK").await.unwrap();
    plan
}

/// A superuser's connection, with a function that tells plans.
async fn explaining(database: &Database) -> AsyncPgConnection {
    let mut admin = database.admin().await;
    admin
        .batch_execute(
            "CREATE FUNCTION explained(question text) RETURNS SETOF text LANGUAGE plpgsql AS $$
             BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || question; END $$",
        )
        .await
        .unwrap();
    admin
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_often_is_answered_from_an_index() {
    let database = Database::new().await;
    let mut admin = explaining(&database).await;
    for (role, types, question, index) in QUESTIONS {
        let plan = plan(&mut admin, role, types, question).await;
        assert!(plan.contains(&format!("using {index}")), "{question}\n{plan}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_engine_asks_is_planned_once_and_by_keys_as_soon_as_tables_have_grown() {
    let database = Database::new().await;
    let mut admin = explaining(&database).await;
    // A connection from before there was anything, with plans for any values that it keeps.
    let mut tx = by_keys(&database).await;
    assert_eq!(mode(tx.conn()).await, "auto");
    tx.conn().batch_execute("SET LOCAL plan_cache_mode = force_generic_plan").await.unwrap();
    for (n, (types, statement, keys)) in BY_KEYS.iter().enumerate() {
        tx.conn().batch_execute(&format!("PREPARE asked_{n} ({types}) AS {statement}")).await.unwrap();
        let plan = explain(tx.conn(), &format!("asked_{n}"), types).await;
        assert!(
            !keys.iter().all(|keys| plan.contains(keys)),
            "already by keys, which makes this test a vain one: {plan}"
        );
    }
    tx.commit().await.unwrap();

    admin.batch_execute(&GROW.replace("$ORG", &database.org.to_string())).await.unwrap();
    let mut tx = by_keys(&database).await;
    assert_eq!(mode(tx.conn()).await, "auto", "nobody has counted the rows");
    tx.commit().await.unwrap();

    admin.batch_execute("ANALYZE items, labels, sync_receipts").await.unwrap();
    let mut tx = by_keys(&database).await;
    assert_eq!(mode(tx.conn()).await, "force_generic_plan");
    for (n, (types, statement, keys)) in BY_KEYS.iter().enumerate() {
        let plan = explain(tx.conn(), &format!("asked_{n}"), types).await;
        for keys in *keys {
            assert!(plan.contains(keys), "{keys}\n{statement}\n{plan}");
        }
    }
    tx.commit().await.unwrap();
    let mut tx = TenantTx::open(&database.db, database.org).await.unwrap();
    assert_eq!(mode(tx.conn()).await, "auto", "it ends with the transaction");
}

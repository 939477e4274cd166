//! What is asked often has an index: the plans of such questions, made as the role that asks them, without knowing the values.

use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};

use crate::harness::database::Database;

const NOBODY: &str = "'00000000-0000-0000-0000-000000000000'";

/// The role, the question with its parameters' types, and the index that must answer it.
const QUESTIONS: [(&str, &str, &str, &str); 12] = [
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

async fn plan(admin: &mut AsyncPgConnection, role: &str, types: &str, question: &str) -> String {
    #[derive(diesel::QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text)]
        line: String,
    }
    // No table has a row to speak of, so that a plan shows what could be used and not what pays.
    admin
        .batch_execute(&format!(
            "BEGIN; SET LOCAL ROLE {role}; SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL app.org_id = {NOBODY};
             SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off;
             PREPARE question ({types}) AS {question}"
        ))
        .await
        .unwrap();
    let values = vec!["NULL"; types.split(',').count()].join(", ");
    let explained = format!("SELECT line FROM explained('EXECUTE question ({values})') AS line");
    let lines: Vec<Line> = diesel::sql_query(explained).load(admin).await.unwrap();
    admin.batch_execute("DEALLOCATE question; ROLLBACK").await.unwrap();
    lines.into_iter().map(|line| line.line + "\n").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_often_is_answered_from_an_index() {
    let database = Database::new().await;
    let mut admin = database.admin().await;
    admin
        .batch_execute(
            "CREATE FUNCTION explained(question text) RETURNS SETOF text LANGUAGE plpgsql AS $$
             BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || question; END $$",
        )
        .await
        .unwrap();
    for (role, types, question, index) in QUESTIONS {
        let plan = plan(&mut admin, role, types, question).await;
        assert!(plan.contains(&format!("using {index}")), "{question}\n{plan}");
    }
}

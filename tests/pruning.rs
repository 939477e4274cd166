//! Pruning and partitions: what has ended goes, what has not stays, and nothing that goes wrong in one place stops the rest.

use chrono::{TimeDelta, Utc};
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use floorline_server::floor::sync::prune;
use floorline_server::platform::db::{Role, migrate};

use crate::harness::database::Database;

async fn count(admin: &mut AsyncPgConnection, what: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let count: Count = diesel::sql_query(format!("SELECT count(*) AS n FROM {what}")).get_result(admin).await.unwrap();
    count.n
}

/// One of each kind that has ended, and one that has not.
async fn with_ends(database: &Database) -> AsyncPgConnection {
    let mut admin = database.admin().await;
    let org = database.org;
    admin
        .batch_execute(&format!(
            "INSERT INTO leases (org_id, id, user_id, device_id, roles, permissions, issued_at, expires_at)
             SELECT '{org}', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), '{{}}', '{{}}', now(), now() - age
             FROM unnest(ARRAY['61 days', '59 days']::interval[]) AS age;
             INSERT INTO logins (org_id, id, user_id, created_at, refreshed_at, expires_at)
             SELECT '{org}', gen_random_uuid(), (SELECT id FROM users WHERE org_id = '{org}' LIMIT 1), now(), now(), now() - age
             FROM unnest(ARRAY['61 days', '59 days']::interval[]) AS age;
             INSERT INTO enrolments (org_id, id, site_id, name, code_hash, created_by, created_at, expires_at)
             SELECT '{org}', gen_random_uuid(), gen_random_uuid(), 'Phone', age::text::bytea, gen_random_uuid(), now(), now() - age
             FROM unnest(ARRAY['61 days', '59 days']::interval[]) AS age;
             INSERT INTO idempotency_keys (org_id, user_id, method, path, key, request_hash, created_at)
             SELECT '{org}', gen_random_uuid(), 'POST', '/v1/scans', age::text, '', now() - age
             FROM unnest(ARRAY['25 hours', '23 hours']::interval[]) AS age;
             INSERT INTO sync_marks (org_id, topic_id, hour, cursor, committed_at)
             SELECT '{org}', 'site:x', now() - age, 1, now() - age FROM unnest(ARRAY['61 days', '59 days']::interval[]) AS age;
             INSERT INTO sync_feed (org_id, topic_id, cursor, day, reader_org_id, body)
             SELECT '{org}', 'site:x', age, current_date - age, '{org}', '{{}}' FROM unnest(ARRAY[400, 6]) AS age"
        ))
        .await
        .unwrap();
    admin
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_long_ago_goes_and_what_has_not_stays() {
    let database = Database::new().await;
    let mut admin = with_ends(&database).await;
    let logins = count(&mut admin, "logins").await;
    let pruned = prune(&database.db, Utc::now()).await.unwrap();
    let went = [pruned.leases, pruned.logins, pruned.enrolments, pruned.answers, pruned.marks];
    assert_eq!(went, [1; 5], "{pruned:?}");
    assert_eq!(count(&mut admin, "logins").await, logins - 1);
    for table in ["leases", "enrolments", "idempotency_keys", "sync_marks"] {
        assert_eq!(count(&mut admin, table).await, 1, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strayed_into_the_default_partition_goes_too() {
    let database = Database::new().await;
    let mut admin = with_ends(&database).await;
    assert_eq!(count(&mut admin, "sync_feed_default").await, 2, "neither day has a partition");
    assert_eq!(prune(&database.db, Utc::now()).await.unwrap().feed, 1);
    assert_eq!(count(&mut admin, "sync_feed WHERE day = current_date - 6").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_fails_keeps_no_other_from_its_work() {
    let database = Database::new().await;
    let mut admin = with_ends(&database).await;
    admin.batch_execute("ALTER TABLE sync_receipts RENAME TO elsewhere").await.unwrap();
    assert!(prune(&database.db, Utc::now()).await.is_err(), "it is said at the end");
    for table in ["leases", "enrolments", "idempotency_keys", "sync_marks"] {
        assert_eq!(count(&mut admin, table).await, 1, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_prunes_at_a_time() {
    let database = Database::new().await;
    let mut admin = with_ends(&database).await;
    // "prune" in ASCII, as steps.rs has it.
    admin.batch_execute("SELECT pg_advisory_lock(x'7072756e65'::bigint)").await.unwrap();
    assert_eq!(prune(&database.db, Utc::now()).await.unwrap(), Default::default());
    admin.batch_execute("SELECT pg_advisory_unlock_all()").await.unwrap();
    assert_eq!(prune(&database.db, Utc::now()).await.unwrap().leases, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_nobody_acknowledged_do_not_hide_those_behind_them() {
    let database = Database::new().await;
    let mut admin = database.admin().await;
    let org = database.org;
    // More than one chunk of the first, then one of the second.
    admin
        .batch_execute(&format!(
            "INSERT INTO sync_streams (org_id, id, kind, device_id, last_hash, acked_seq, last_at)
             VALUES ('{org}', '00000000-0000-4000-8000-000000000001', 'device', gen_random_uuid(), '', 0, now()),
                    ('{org}', '00000000-0000-4000-8000-000000000002', 'device', gen_random_uuid(), '', 1, now());
             INSERT INTO sync_receipts (org_id, stream_id, seq, hash, outcome, verdict, occurred_at, applied_at)
             SELECT '{org}', '00000000-0000-4000-8000-000000000001', n, '', 'applied', '{{}}', now(), now() - interval '50 days' + n * interval '1 s'
             FROM generate_series(1, 5001) AS n;
             INSERT INTO sync_receipts (org_id, stream_id, seq, hash, outcome, verdict, occurred_at, applied_at)
             VALUES ('{org}', '00000000-0000-4000-8000-000000000002', 1, '', 'applied', '{{}}', now(), now() - interval '40 days')"
        ))
        .await
        .unwrap();
    assert_eq!(prune(&database.db, Utc::now()).await.unwrap().verdicts, 1);
    assert_eq!(prune(&database.db, Utc::now() + TimeDelta::days(500)).await.unwrap().receipts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_a_day_to_come_moves_into_its_partition_when_that_is_made() {
    let database = Database::new().await;
    let mut admin = database.admin().await;
    let org = database.org;
    admin
        .batch_execute(&format!(
            "DO $$ BEGIN EXECUTE 'DROP TABLE sync_feed_' || to_char(current_date + 3, 'YYYYMMDD') || ', scans_' || to_char(current_date + 5, 'YYYYMMDD'); END $$;
             INSERT INTO sync_feed (org_id, topic_id, cursor, day, reader_org_id, body) VALUES ('{org}', 'site:x', 1, current_date + 3, '{org}', '{{}}')"
        ))
        .await
        .unwrap();
    let (mut one, mut other) = (database.db.get(Role::Owner).await.unwrap(), database.admin().await);
    other.batch_execute("SET ROLE floorline_owner").await.unwrap();
    let (made, also) = tokio::join!(migrate::partitions_ahead(&mut one), migrate::partitions_ahead(&mut other));
    assert!(made.is_ok() && also.is_ok(), "two servers do it at once: {made:?} {also:?}");
    assert_eq!(count(&mut admin, "sync_feed_default").await, 0);
    assert_eq!(count(&mut admin, "sync_feed WHERE day = current_date + 3").await, 1);
    let partitions = "pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                      WHERE inhparent IN ('sync_feed'::regclass, 'scans'::regclass, 'measurements'::regclass)
                        AND c.relrowsecurity AND c.relforcerowsecurity AND c.relname ~ '[0-9]{8}$'";
    assert_eq!(count(&mut admin, partitions).await, 3 * 16);
}

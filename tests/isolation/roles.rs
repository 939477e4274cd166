//! The four database roles, tried against everything the catalogue lists: what row-level security and grants hold when a store forgets its `WHERE`.

use std::collections::BTreeMap;

use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
use floorline_domain::OrgId;

use super::attack::Stage;
use super::rows::{Line, NOBODYS, lines};
use crate::harness::{Floor, PrivateDatabase};

/// What a statement came to: the rows it showed or changed, or why it was refused.
async fn tried(conn: &mut AsyncPgConnection, statement: &str) -> Result<usize, String> {
    conn.batch_execute("SAVEPOINT trial").await.unwrap();
    let outcome = diesel_async::RunQueryDsl::execute(diesel::sql_query(statement), conn).await;
    conn.batch_execute("ROLLBACK TO SAVEPOINT trial").await.unwrap();
    outcome.map_err(|error| error.to_string())
}

/// A refusal by grants or by row-level security, and by nothing that merely happened to be in the way.
fn is_refusal(error: &str) -> bool {
    error.contains("permission denied") || error.contains("row-level security policy")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_role_shows_and_changes_nothing_of_another_organisation_in_any_table() {
    let floor = Floor::new().await;
    let mut stage = Stage::set(&floor).await;
    let (victim, attacker) = (stage.victim.at.id(), stage.attacker.at.id());
    let before = stage.rows.fingerprint(victim).await;
    let mut faults = Vec::new();
    for (table, condition) in stage.rows.tables.clone() {
        let theirs = condition.replace("$ORG", &victim.to_string());
        let row = format!("SELECT row_to_json(t)::text AS value, '' AS name FROM {table} t WHERE {theirs} LIMIT 1");
        let row = lines(&mut stage.rows.conn, &row).await.remove(0).value.replace('\'', "''");
        let mut tx = floor.tenant(attacker).await;
        let shown = tried(tx.conn(), &format!("SELECT FROM {table} WHERE {theirs}")).await;
        let own = condition.replace("$ORG", &attacker.to_string());
        let all = tried(tx.conn(), &format!("SELECT FROM {table} WHERE NOT ({own})")).await;
        let key = key(&table);
        let changed = tried(tx.conn(), &format!("UPDATE {table} SET {key} = {key} WHERE {theirs}")).await;
        let deleted = tried(tx.conn(), &format!("DELETE FROM {table} WHERE {theirs}")).await;
        for (what, outcome) in [("shown", shown), ("shown at all", all), ("changed", changed), ("deleted", deleted)] {
            if !matches!(&outcome, Ok(0)) && !outcome.as_ref().is_err_and(|error| is_refusal(error)) {
                faults.push(format!("{table}: rows of another organisation are {what}: {outcome:?}"));
            }
        }
        let put = tried(
            tx.conn(),
            &format!("INSERT INTO {table} SELECT * FROM json_populate_record(NULL::{table}, '{row}')"),
        )
        .await;
        let given = tried(tx.conn(), &format!("UPDATE {table} SET {key} = '{victim}' WHERE {own}")).await;
        let emptied = tried(tx.conn(), &format!("TRUNCATE {table} CASCADE")).await;
        for (what, outcome) in [("put there", put), ("given away", given), ("emptied", emptied)] {
            if !outcome.as_ref().is_err_and(|error| is_refusal(error)) {
                faults.push(format!("{table}: a row of another organisation is {what}: {outcome:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(stage.rows.fingerprint(victim).await, before);
}

/// The column that says whose a row is.
fn key(table: &str) -> &'static str {
    match table {
        "organizations" => "id",
        "partnerships" => "factory_id",
        _ => "org_id",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_organisation_every_table_that_has_rows_is_an_error() {
    let floor = Floor::new().await;
    let stage = Stage::set(&floor).await;
    let mut views = Vec::new();
    for role in ["floorline_app", "floorline_brand"] {
        // Never set on this connection; set by a transaction before; said to be nothing.
        let url = floor.database().url();
        for how in
            ["", "BEGIN; SELECT set_config('app.org_id', gen_random_uuid()::text, true); COMMIT", "SET app.org_id = ''"]
        {
            let mut fresh = AsyncPgConnection::establish(url).await.unwrap();
            fresh.batch_execute(&format!("SET ROLE {role}; {how}")).await.unwrap();
            views = lines(&mut fresh, "SELECT relname::text AS name, '' AS value FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'").await;
            fresh.batch_execute("BEGIN").await.unwrap();
            let tables = stage.rows.tables.iter().map(|(table, _)| table.as_str());
            for table in tables.chain(views.iter().map(|view| view.name.as_str())) {
                let outcome = tried(&mut fresh, &format!("SELECT FROM {table}")).await;
                assert!(outcome.is_err(), "{role} after {how:?}: {table} answers {outcome:?}");
            }
        }
    }
    assert!(views.len() >= 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_brand_sees_its_own_orders_through_its_views_and_writes_nothing() {
    let floor = Floor::new().await;
    let mut stage = Stage::set(&floor).await;
    let shown = |brand: OrgId| {
        let floor = &floor;
        async move {
            let mut found = BTreeMap::new();
            for view in
                ["brand_orders", "brand_order_lines", "brand_items", "brand_topics", "brand_feed", "brand_factories"]
            {
                let mut tx = floorline_server::platform::tenancy::BrandTx::open(&floor.app.db, brand).await.unwrap();
                let rows = lines(tx.conn(), &format!("SELECT t::text AS name, '' AS value FROM {view} t")).await;
                found.insert(view, rows.into_iter().map(|row| row.name).collect::<Vec<_>>());
            }
            found
        }
    };
    let (own, others) = (shown(floor.aurora().id()).await, shown(floor.borealis().id()).await);
    assert!(own.values().all(|rows| !rows.is_empty()), "the brand sees its own: {own:?}");
    let others = format!("{others:?}");
    let leaked: Vec<_> = stage.secrets.iter().filter(|secret| others.contains(*secret)).collect();
    assert!(leaked.is_empty(), "another brand sees {leaked:?}");
    // Every column it may read is one of its views', or the key by which the policies tell whose a row is; a partnership is its own.
    let beyond = lines(
        &mut stage.rows.conn,
        "SELECT c.relname::text AS name, a.attname::text AS value
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
           AND has_column_privilege('floorline_brand', c.oid, a.attnum, 'SELECT')
           AND a.attname NOT IN ('org_id', 'brand_id', 'reader_org_id') AND (c.relname, a.attname) <> ('partnerships', 'id')
           AND NOT EXISTS (SELECT FROM information_schema.view_column_usage u
                           WHERE u.view_name LIKE 'brand\\_%' AND u.table_name = c.relname AND u.column_name = a.attname)",
    )
    .await;
    assert_eq!(told(&beyond), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_holds_what_it_needs_and_no_more() {
    let database = PrivateDatabase::cloned().await;
    let mut conn = AsyncPgConnection::establish(database.owner_url()).await.unwrap();
    let writing = lines(
        &mut conn,
        "SELECT r.rolname || ' ' || p.privilege AS value, c.relname::text AS name
         FROM pg_class c, pg_roles r, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS p (privilege)
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND r.rolname IN ('floorline_brand', 'floorline_poll')
           AND (has_table_privilege(r.oid, c.oid, p.privilege)
                OR p.privilege IN ('INSERT', 'UPDATE') AND has_any_column_privilege(r.oid, c.oid, p.privilege))",
    );
    assert_eq!(told(&writing.await), Vec::<String>::new(), "these two only read");
    let polled = lines(
        &mut conn,
        "SELECT c.relname::text AS name, string_agg(a.attname, ', ' ORDER BY a.attname) AS value
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND a.attnum > 0 AND NOT a.attisdropped
           AND has_column_privilege('floorline_poll', c.oid, a.attnum, 'SELECT') GROUP BY c.relname ORDER BY c.relname",
    );
    assert_eq!(told(&polled.await), ["jobs: id, leased_until, org_id, run_at, state", "sync_topics: epoch, head, id"]);
    let above = lines(
        &mut conn,
        "SELECT rolname::text AS name, 'is above row-level security' AS value FROM pg_roles
         WHERE rolname IN ('floorline_app', 'floorline_brand', 'floorline_poll')
           AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication OR rolcanlogin)
         UNION ALL SELECT c.relname::text, 'belongs to ' || pg_get_userbyid(c.relowner) FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND pg_get_userbyid(c.relowner) IN ('floorline_app', 'floorline_brand', 'floorline_poll', 'floorline')
         UNION ALL SELECT r.rolname::text, 'is a member of ' || g.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member JOIN pg_roles g ON g.oid = m.roleid
         WHERE r.rolname IN ('floorline_app', 'floorline_brand', 'floorline_poll')
         UNION ALL SELECT r.rolname::text, 'may create in public' FROM pg_roles r
         WHERE r.rolname IN ('floorline_app', 'floorline_brand', 'floorline_poll') AND has_schema_privilege(r.oid, 'public', 'CREATE')",
    );
    assert_eq!(told(&above.await), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_functions_that_see_past_an_organisation_are_the_look_ups() {
    let floor = Floor::new().await;
    let mut stage = Stage::set(&floor).await;
    let definers = lines(
        &mut stage.rows.conn,
        "SELECT p.oid::regprocedure::text AS name, pg_get_function_result(p.oid) || ' for ' ||
                (SELECT string_agg(r.rolname, ', ' ORDER BY r.rolname) FROM pg_roles r
                 WHERE r.rolname LIKE 'floorline\\_%' AND r.rolname <> 'floorline_owner' AND has_function_privilege(r.oid, p.oid, 'EXECUTE')) AS value
         FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef ORDER BY 1",
    );
    assert_eq!(
        told(&definers.await),
        [
            "brand_may(text,uuid,uuid,uuid): uuid for floorline_app, floorline_brand",
            "find_device(uuid): TABLE(org_id uuid, id uuid) for floorline_app",
            "find_device_by_key(jsonb,uuid): TABLE(org_id uuid, id uuid) for floorline_app",
            "find_enrolment(bytea): TABLE(org_id uuid, id uuid) for floorline_app",
            "find_label(text): TABLE(org_id uuid, id text) for floorline_app",
            "find_login(text): TABLE(org_id uuid, id uuid) for floorline_app",
            "find_organization(uuid): TABLE(id uuid, kind text, name text) for floorline_app",
            "find_refresh(uuid): TABLE(org_id uuid, id uuid) for floorline_app",
            "find_ticket(bytea): TABLE(org_id uuid, id uuid) for floorline_app",
        ]
    );
    // In another brand's name, and for an order that is not its own, there is no way to the factory.
    let mut tx = floor.tenant(floor.borealis().id()).await;
    for (brand, order) in
        [(floor.aurora().id(), stage.victim.name("order")), (floor.borealis().id(), stage.victim.name("order"))]
    {
        for action in ["create", "amend", "cancel", "anything"] {
            let query = format!(
                "SELECT coalesce(brand_may('{action}', '{brand}', '{}', '{order}')::text, '') AS name, '' AS value",
                stage.victim.at.id()
            );
            assert_eq!(lines(tx.conn(), &query).await[0].name, "", "{query}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_no_organisation_are_few_and_hold_nothing_of_one() {
    let database = PrivateDatabase::cloned().await;
    let mut conn = AsyncPgConnection::establish(database.owner_url()).await.unwrap();
    let query = format!(
        "SELECT c.relname::text AS name, string_agg(a.attname, ', ' ORDER BY a.attnum) AS value FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relname IN ('{}') AND a.attnum > 0 AND NOT a.attisdropped GROUP BY c.relname ORDER BY c.relname",
        NOBODYS.join("', '")
    );
    let columns = lines(&mut conn, &query);
    assert_eq!(
        told(&columns.await),
        [
            "installation: id, server_epoch, system_identifier, timeline, created_at, database_oid",
            "sync_attempts: stream_id, seq, n, first_at",
        ]
    );
}

fn told(lines: &[Line]) -> Vec<String> {
    lines.iter().map(|Line { name, value }| format!("{name}: {value}")).collect()
}

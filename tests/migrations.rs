//! The schema: every step goes up and down, the checked-in description matches, and no table forgets its organisation.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use diesel::QueryableByName;
use diesel::sql_types::{Bool, Text};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use floorline_server::platform::db::{Role, migrate};
use floorline_server::platform::tenancy::TenantTx;

use crate::harness::PrivateDatabase;
use crate::harness::database::Database;

/// Tables without `org_id`: organisations themselves, pairs of them, and two that hold nothing of anybody.
const WITHOUT_ORGANISATION: [&str; 4] = ["installation", "organizations", "partnerships", "sync_attempts"];

#[derive(QueryableByName, Debug, PartialEq, Eq)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

async fn connect(database: &PrivateDatabase) -> AsyncPgConnection {
    AsyncPgConnection::establish(database.owner_url()).await.unwrap()
}

async fn lines(conn: &mut AsyncPgConnection, query: &str) -> Vec<String> {
    let found: Vec<Line> = diesel::sql_query(query).load(conn).await.unwrap();
    found.into_iter().map(|found| found.line).collect()
}

/// Everything a migration can make, one line each.
async fn everything(database: &PrivateDatabase) -> Vec<String> {
    const QUERY: &str = "
        SELECT line FROM (
            SELECT format('column %s.%s %s %s %s', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull,
                          pg_get_expr(adbin, adrelid)) AS line
            FROM pg_attribute JOIN pg_class c ON c.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
            WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p', 'v')
            UNION ALL
            SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT format('index %s', indexdef) FROM pg_indexes WHERE schemaname = 'public'
            UNION ALL SELECT format('view %s %s', viewname, definition) FROM pg_views WHERE schemaname = 'public'
            UNION ALL SELECT format('policy %s %s %s %s %s %s', tablename, policyname, roles, cmd, qual, with_check)
            FROM pg_policies WHERE schemaname = 'public'
            UNION ALL SELECT format('table %s %s %s %s', relname, relrowsecurity, relforcerowsecurity, relacl)
            FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')
            UNION ALL SELECT format('trigger %s', pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal
            UNION ALL SELECT format('function %s %s', oid::regprocedure, md5(prosrc))
            FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        ) AS all_lines
        WHERE line NOT LIKE '%__diesel_schema_migrations%' AND line NOT LIKE '%diesel_%set_updated_at%'
        ORDER BY line";
    lines(&mut connect(database).await, QUERY).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_goes_up_and_down_and_up_again() {
    let database = PrivateDatabase::empty().await;
    let names = migrate::names();
    assert_eq!(migrate::up(database.owner_url()).await.unwrap().len(), names.len());
    assert_eq!(
        migrate::up(database.owner_url()).await.unwrap(),
        Vec::<String>::new(),
        "a second run has nothing to do"
    );
    let full = everything(&database).await;
    for steps in 1..=names.len() {
        assert_eq!(migrate::down(database.owner_url(), Some(steps)).await.unwrap().len(), steps);
        assert_eq!(migrate::up(database.owner_url()).await.unwrap().len(), steps);
        assert_eq!(everything(&database).await, full, "after {steps} steps down and up");
    }
    migrate::down(database.owner_url(), None).await.unwrap();
    assert_eq!(everything(&database).await, Vec::<String>::new(), "nothing is left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_that_start_together_migrate_once() {
    let database = PrivateDatabase::empty().await;
    let (one, other) = tokio::join!(migrate::up(database.owner_url()), migrate::up(database.owner_url()));
    assert_eq!(one.unwrap().len() + other.unwrap().len(), migrate::names().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_has_row_level_security_and_its_organisation_first_in_every_key() {
    let database = PrivateDatabase::cloned().await;
    let mut conn = connect(&database).await;
    let open = lines(
        &mut conn,
        "SELECT relname::text AS line FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname NOT LIKE '\\_\\_%'
           AND NOT (relrowsecurity AND relforcerowsecurity)",
    );
    assert_eq!(open.await, Vec::<String>::new(), "partitions inherit nothing: they need it, too");
    let keys = lines(
        &mut conn,
        "SELECT DISTINCT c.relname::text || ' ' || x.indexrelid::regclass::text AS line
         FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.indkey[0]
         WHERE c.relnamespace = 'public'::regnamespace AND x.indisunique AND NOT c.relispartition
           AND c.relname NOT LIKE '\\_\\_%' AND a.attname NOT IN ('org_id')
         ORDER BY line",
    );
    let open = |key: &String| WITHOUT_ORGANISATION.iter().any(|table| key.starts_with(&format!("{table} ")));
    let over_all: Vec<String> = keys.await.into_iter().filter(|key| !open(key)).collect();
    // Random codes, and e-mail: looked up before an organisation is known, by functions that return ids only.
    assert_eq!(
        over_all,
        ["enrolments enrolments_code", "labels labels_code", "tickets tickets_hash", "users users_email"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_are_granted_to_nobody_but_the_owner() {
    let database = PrivateDatabase::cloned().await;
    let mut conn = connect(&database).await;
    let granted = lines(
        &mut conn,
        "SELECT relname::text || ' ' || relacl::text AS line FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relispartition AND relkind = 'r' AND relacl::text ~ 'floorline_(app|brand|poll)='",
    );
    assert_eq!(granted.await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_organisation_every_table_is_an_error_or_empty() {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        found: bool,
    }
    let database = Database::new().await;
    let mut admin = database.admin().await;
    let tables = lines(
        &mut admin,
        "SELECT DISTINCT table_name::text AS line FROM information_schema.role_table_grants
         WHERE grantee = 'floorline_app' AND privilege_type = 'SELECT' AND table_schema = 'public' AND table_name <> 'installation'",
    )
    .await;
    assert!(tables.len() > 30, "{tables:?}");
    let mut app = database.db.get(Role::App).await.unwrap();
    // What an earlier transaction leaves behind: the setting exists, and is empty.
    app.batch_execute("BEGIN; SELECT set_config('app.org_id', gen_random_uuid()::text, true); COMMIT").await.unwrap();
    for table in tables {
        let query = format!("SELECT EXISTS (SELECT FROM {table}) AS found");
        let rows: Result<Found, _> = diesel::sql_query(query).get_result(&mut *app).await;
        assert!(rows.is_err() || rows.is_ok_and(|row| !row.found), "{table} shows rows to nobody in particular");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_writes_the_one_log_and_rewrites_none_of_it() {
    let database = Database::new().await;
    for rewriting in ["UPDATE events SET kind = 'item.completed'", "DELETE FROM events", "TRUNCATE events"] {
        let mut tx = TenantTx::open(&database.db, database.org).await.unwrap();
        let refused = tx.conn().batch_execute(rewriting).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied"), "{rewriting}: {refused}");
    }
}

/// `schema.rs` is what Diesel's own tool would print, had it not needed libpq. `INSTA_UPDATE=always` rewrites it.
#[tokio::test(flavor = "multi_thread")]
async fn the_description_of_the_schema_matches_the_schema() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src/platform/db/schema.rs");
    let expected = describe(&mut connect(&PrivateDatabase::cloned().await).await).await;
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(&file, &expected).unwrap();
    }
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let written = std::fs::read_to_string(&file).unwrap();
    assert_eq!(words(&written), words(&expected), "run it with INSTA_UPDATE=always and read the diff");
}

async fn describe(conn: &mut AsyncPgConnection) -> String {
    #[derive(QueryableByName)]
    struct Column {
        #[diesel(sql_type = Text)]
        table: String,
        #[diesel(sql_type = Text)]
        key: String,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = Bool)]
        required: bool,
    }
    const QUERY: &str = "
        SELECT c.relname::text AS table, a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS kind, a.attnotnull AS required,
               (SELECT string_agg(k.attname, ', ' ORDER BY n) FROM pg_index x, unnest(x.indkey::int2[]) WITH ORDINALITY AS u (attnum, n)
                JOIN pg_attribute k ON k.attnum = u.attnum WHERE x.indrelid = c.oid AND x.indisprimary AND k.attrelid = c.oid) AS key
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND a.attnum > 0 AND NOT a.attisdropped AND c.relname NOT LIKE '\\_\\_%'
        ORDER BY c.relname::text COLLATE \"C\", a.attnum";
    let columns: Vec<Column> = diesel::sql_query(QUERY).load(conn).await.unwrap();
    let mut tables: BTreeMap<String, String> = BTreeMap::new();
    for column in columns {
        let Column { table, key, name, kind, required } = column;
        let body =
            tables.entry(table.clone()).or_insert_with(|| format!("diesel::table! {{\n    {table} ({key}) {{\n"));
        let kind = rust_kind(&kind);
        let kind = if required { kind.to_owned() } else { format!("Nullable<{kind}>") };
        if name == "type" {
            body.push_str("        #[sql_name = \"type\"]\n");
        }
        writeln!(body, "        {name} -> {kind},").unwrap();
    }
    let mut text = "// Generated from the database after all migrations (`tests/migrations.rs` compares and can rewrite it). Do not edit.\n\n".to_owned();
    for body in tables.values() {
        write!(text, "{body}    }}\n}}\n\n").unwrap();
    }
    let names: String = tables.keys().fold(String::new(), |names, name| names + "    " + name + ",\n");
    text + "diesel::allow_tables_to_appear_in_same_query!(\n" + &names + ");\n"
}

fn rust_kind(kind: &str) -> &'static str {
    match kind {
        "uuid" => "Uuid",
        "text" => "Text",
        "bigint" => "Int8",
        "integer" => "Int4",
        "smallint" => "Int2",
        "boolean" => "Bool",
        "jsonb" => "Jsonb",
        "bytea" => "Bytea",
        "timestamp with time zone" => "Timestamptz",
        "date" => "Date",
        "time without time zone" => "Time",
        "double precision" => "Float8",
        "text[]" => "Array<Text>",
        kind if kind.starts_with("numeric") => "Numeric",
        unknown => panic!("schema.rs has no word for {unknown} yet"),
    }
}

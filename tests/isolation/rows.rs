//! What is in the database of one organisation: for comparing before and after, and for telling whether something of it got out.

use std::collections::{BTreeMap, BTreeSet};

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use floorline_domain::OrgId;

use crate::harness::Floor;

#[derive(QueryableByName)]
pub struct Line {
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub value: String,
}

/// A superuser's view, whom row-level security does not hold.
pub struct Rows {
    pub conn: AsyncPgConnection,
    /// Every table, with the condition for a row of the organisation `$ORG`.
    pub tables: Vec<(String, String)>,
}

/// Whose rows belong to nobody in particular.
pub const NOBODYS: [&str; 2] = ["installation", "sync_attempts"];

impl Rows {
    pub async fn of(floor: &Floor) -> Self {
        let mut conn = AsyncPgConnection::establish(floor.database().owner_url()).await.unwrap();
        let tables = lines(
            &mut conn,
            "SELECT c.relname::text AS name, coalesce(string_agg(a.attname, ',' ORDER BY a.attname), '') AS value
             FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('org_id', 'brand_id', 'factory_id', 'kind') AND NOT a.attisdropped
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname NOT LIKE '\\_\\_%'
             GROUP BY c.relname ORDER BY c.relname",
        )
        .await;
        let condition = |table: &Line| match (table.name.as_str(), table.value.contains("org_id")) {
            (_, true) => Some("org_id = '$ORG'".to_owned()),
            ("organizations", _) => Some("id = '$ORG'".to_owned()),
            ("partnerships", _) => Some("'$ORG' IN (brand_id, factory_id)".to_owned()),
            (name, _) if NOBODYS.contains(&name) => None,
            (name, _) => panic!("whose are the rows of {name}? Say so in tests/isolation/rows.rs"),
        };
        let tables: Vec<_> = tables.iter().filter_map(|table| Some((table.name.clone(), condition(table)?))).collect();
        assert!(tables.len() > 30, "{tables:?}");
        Self { conn, tables }
    }

    /// One hash a table over all rows of the organisation.
    pub async fn fingerprint(&mut self, org: OrgId) -> BTreeMap<String, String> {
        let of = |(table, condition): &(String, String)| {
            format!(
                "SELECT '{table}' AS name, count(*) || ' rows ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') AS value \
                 FROM {table} t WHERE {}",
                condition.replace("$ORG", &org.to_string())
            )
        };
        let query = self.tables.iter().map(of).collect::<Vec<_>>().join(" UNION ALL ");
        lines(&mut self.conn, &query).await.into_iter().map(|line| (line.name, line.value)).collect()
    }

    /// Every id in a row of the organisation, but for those that `others` have in rows of theirs.
    pub async fn ids(&mut self, org: OrgId, others: &[OrgId]) -> BTreeSet<String> {
        let columns = lines(
            &mut self.conn,
            "SELECT c.relname::text AS name, a.attname::text AS value FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
               AND a.attnum > 0 AND a.atttypid = 'uuid'::regtype",
        )
        .await;
        let mut all = BTreeMap::from([(org, BTreeSet::new())]);
        for whose in others.iter().chain([&org]) {
            for Line { name: table, value: column } in &columns {
                let Some((_, condition)) = self.tables.iter().find(|(name, _)| name == table) else { continue };
                let condition = condition.replace("$ORG", &whose.to_string());
                let query = format!(
                    "SELECT DISTINCT {column}::text AS name, '' AS value FROM {table} WHERE {condition} AND {column} IS NOT NULL"
                );
                let ids = lines(&mut self.conn, &query).await.into_iter().map(|line| line.name);
                all.entry(*whose).or_default().extend(ids);
            }
        }
        let mut ids = all.remove(&org).unwrap();
        for theirs in all.values() {
            ids.retain(|id| !theirs.contains(id));
        }
        ids.remove(&uuid::Uuid::nil().to_string());
        ids
    }
}

/// The rows of a query for two texts, `name` and `value`.
pub async fn lines(conn: &mut AsyncPgConnection, query: &str) -> Vec<Line> {
    diesel::sql_query(query).load(conn).await.unwrap_or_else(|error| panic!("{query}: {error}"))
}

/// The tables whose fingerprints differ.
pub fn changed(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let differs = |(table, value): (&String, &String)| {
        (after.get(table) != Some(value)).then(|| format!("{table}: {value} became {:?}", after.get(table)))
    };
    before.iter().filter_map(differs).collect()
}

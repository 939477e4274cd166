//! Reads a history: the database's half from PostgreSQL, as its owner and at one moment; a phone's half from its own store.
//!
//! Rows come as JSON, so that each is read by the type it becomes; they are taken from the connection one by one.

use anyhow::Context as _;
use diesel::sql_types::{Array, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use floorline_domain::OrgId;
use floorline_mobile_sync::native::{NativeError, Phone};
use futures_util::TryStreamExt as _;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::history::{Device, History};

#[derive(diesel::QueryableByName)]
struct Installation {
    #[diesel(sql_type = Text)]
    server_epoch: String,
    #[diesel(sql_type = Bool)]
    receipts_pruned: bool,
}

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    row: String,
}

/// What the database at `url` holds of these organisations, or of all. The login must be one whom row-level security shows everything.
/// Rows that name another organisation's are found when both are read.
///
/// # Errors
/// Those of the database; a row that is not what its table promises.
pub async fn database(url: &str, organizations: Option<&[OrgId]>) -> anyhow::Result<History> {
    let mut conn = AsyncPgConnection::establish(url).await.context("the database cannot be read")?;
    conn.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let installation: Installation = diesel::sql_query(include_str!("installation.sql")).get_result(&mut conn).await?;
    let of: Option<Vec<Uuid>> = organizations.map(|ids| ids.iter().map(|org| org.0).collect());
    let mut read = Reading { conn: &mut conn, of };
    let history = History {
        server_epoch: installation.server_epoch,
        receipts_pruned: installation.receipts_pruned,
        streams: read.rows(include_str!("streams.sql")).await.context("sync_streams")?,
        receipts: read.rows(include_str!("receipts.sql")).await.context("sync_receipts")?,
        events: read.rows(include_str!("events.sql")).await.context("events")?,
        topics: read.rows(include_str!("topics.sql")).await.context("sync_topics")?,
        feed: read.rows(include_str!("feed.sql")).await.context("sync_feed")?,
        items: read.rows(include_str!("items.sql")).await.context("items")?,
        workflows: read.rows(include_str!("workflows.sql")).await.context("workflow_versions")?,
        cases: read.rows(include_str!("cases.sql")).await.context("sync_cases")?,
        case_entries: read.rows(include_str!("case_entries.sql")).await.context("sync_case_entries")?,
        owned: read.rows(include_str!("owned.sql")).await.context("users, devices, locations, orders")?,
        devices: Vec::new(),
        canaries: Vec::new(),
        bases: Vec::new(),
    };
    conn.batch_execute("COMMIT").await?;
    Ok(history)
}

/// What a phone holds. Its journal says what it was told last; what it was told before is for the caller to know.
///
/// # Errors
/// Those of its store.
pub async fn phone(phone: &Phone) -> Result<Device, NativeError> {
    Ok(Device {
        id: phone.device_id(),
        destroyed: false,
        copied: false,
        journal: phone.journal().await?,
        told: Vec::new(),
    })
}

struct Reading<'c> {
    conn: &'c mut AsyncPgConnection,
    of: Option<Vec<Uuid>>,
}

impl Reading<'_> {
    async fn rows<T: DeserializeOwned>(&mut self, text: &'static str) -> anyhow::Result<Vec<T>> {
        let query = diesel::sql_query(text).bind::<Nullable<Array<SqlUuid>>, _>(self.of.clone());
        let mut stream = query.load_stream::<Row>(self.conn).await?;
        let mut rows = Vec::new();
        while let Some(Row { row }) = stream.try_next().await? {
            rows.push(serde_json::from_str(&row).with_context(|| row.clone())?);
        }
        Ok(rows)
    }
}

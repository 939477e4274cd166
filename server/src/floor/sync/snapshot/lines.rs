//! The rows of a snapshot, written as lines by the database: whole items are not worth reading into Rust and back.

use diesel::OptionalExtension as _;
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::OrderId;
use floorline_mobile_sync::feed::SnapshotLine;
use floorline_mobile_sync::wire::Topic;
use uuid::Uuid;

use super::reading::Source;
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::{BrandTx, TenantTx};

/// Rows read at once.
const PAGE: i64 = 500;

/// A part of a snapshot: a statement that takes organisation, subject, the key before its first row, and a number of rows.
pub(super) struct Section(&'static str);

/// A line and the key it is paged by.
#[derive(diesel::QueryableByName)]
pub(super) struct Line {
    #[diesel(sql_type = SqlUuid)]
    pub(super) key: Uuid,
    #[diesel(sql_type = Text)]
    pub(super) line: String,
}

#[derive(diesel::QueryableByName)]
struct HeadRow {
    #[diesel(sql_type = Text)]
    epoch: String,
    #[diesel(sql_type = BigInt)]
    head: i64,
}

#[derive(diesel::QueryableByName)]
struct BrandRow {
    #[diesel(sql_type = Text)]
    epoch: String,
    #[diesel(sql_type = BigInt)]
    head: i64,
    #[diesel(sql_type = Text)]
    po_number: String,
    #[diesel(sql_type = Text)]
    status: String,
}

/// What a snapshot of `topic` holds, in order.
pub(super) fn sections(topic: Topic, source: &Source) -> Vec<Section> {
    let texts: &[&'static str] = match (topic, source) {
        (Topic::Site(_), _) => &[
            include_str!("workflow_versions.sql"),
            include_str!("items.sql"),
            include_str!("labels.sql"),
            include_str!("users.sql"),
            include_str!("locations.sql"),
            include_str!("site_orders.sql"),
            include_str!("queues.sql"),
            include_str!("shifts.sql"),
        ],
        (Topic::Org(_), _) => &[include_str!("pending_orders.sql")],
        (Topic::Order(_), Source::Owner(_)) => &[include_str!("order.sql"), include_str!("order_items.sql")],
        // Its order came with the head.
        (Topic::Order(_), Source::Brand(_)) => &[include_str!("brand_order_items.sql")],
        (Topic::User(_), _) => &[include_str!("user_cases.sql")],
    };
    texts.iter().copied().map(Section).collect()
}

/// One page of a section.
pub(super) async fn page(
    source: &mut Source,
    section: &Section,
    topic: Topic,
    after: Uuid,
) -> Result<Vec<Line>, ApiError> {
    let subject = match topic {
        Topic::Site(id) => id.0,
        Topic::Org(id) => id.0,
        Topic::Order(id) => id.0,
        Topic::User(id) => id.0,
    };
    let (reader, conn) = match source {
        Source::Owner(tx) => (tx.org().0, tx.conn()),
        Source::Brand(tx) => (tx.brand().0, tx.conn()),
    };
    let rows = sql(section.0)
        .bind::<SqlUuid, _>(reader)
        .bind::<SqlUuid, _>(subject)
        .bind::<SqlUuid, _>(after)
        .bind::<BigInt, _>(PAGE)
        .load(conn)
        .await?;
    Ok(rows)
}

/// The topic's epoch and head within the snapshot's transaction, and a first line that comes with them.
pub(super) async fn head(
    source: &mut Source,
    topic: Topic,
) -> Result<Option<(String, i64, Option<SnapshotLine>)>, ApiError> {
    match (source, topic) {
        (Source::Owner(tx), _) => owner_head(tx, topic).await,
        (Source::Brand(tx), Topic::Order(order)) => brand_order(tx, topic, order).await,
        (Source::Brand(_), _) => Ok(None),
    }
}

async fn owner_head(tx: &mut TenantTx, topic: Topic) -> Result<Option<(String, i64, Option<SnapshotLine>)>, ApiError> {
    let org = tx.org().0;
    let row: Option<HeadRow> = sql("SELECT epoch, head FROM sync_topics WHERE org_id = $1 AND id = $2")
        .bind::<SqlUuid, _>(org)
        .bind::<Text, _>(topic.to_string())
        .get_result(tx.conn())
        .await
        .optional()?;
    Ok(row.map(|row| (row.epoch, row.head, None)))
}

/// A brand's order with its topic's epoch and head.
async fn brand_order(
    tx: &mut BrandTx,
    topic: Topic,
    order: OrderId,
) -> Result<Option<(String, i64, Option<SnapshotLine>)>, ApiError> {
    let row: Option<BrandRow> =
        sql("SELECT t.epoch, t.head, o.po_number, o.status FROM brand_topics t, brand_orders o WHERE t.id = $1 AND o.id = $2")
            .bind::<Text, _>(topic.to_string())
            .bind::<SqlUuid, _>(order.0)
            .get_result(tx.conn())
            .await
            .optional()?;
    Ok(row.map(|row| {
        let line = SnapshotLine::Order { id: order, po_number: Some(row.po_number), status: row.status };
        (row.epoch, row.head, Some(line))
    }))
}

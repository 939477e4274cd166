//! What waits in a queue, in the order of work.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};
use diesel::sql_types::{BigInt, Bool, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::WorkflowVersionId;
use floorline_domain::queue::{Priority, is_stuck, sla};
use uuid::Uuid;

use super::store;
use super::views::{Waiting, WaitingPage};
use crate::floor::engine::{Engine, rank};
use crate::identity::stuck_after;
use crate::platform::db::sql;
use crate::platform::http::{ApiError, Code, Page, PageQuery, is_sensible};
use crate::platform::tenancy::TenantTx;

#[derive(Debug, diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = SmallInt)]
    priority: i16,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    assigned_to: Option<Uuid>,
    #[diesel(sql_type = Timestamptz)]
    added_at: DateTime<Utc>,
    #[diesel(sql_type = Bool)]
    by_hand: bool,
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    order_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    parent_id: Option<Uuid>,
    #[diesel(sql_type = SqlUuid)]
    workflow_version_id: Uuid,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Text)]
    stage: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    location_id: Option<Uuid>,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Timestamptz)]
    stage_entered_at: DateTime<Utc>,
}

/// Where a page begins: after an item's priority, time and id. Cursors say the priority with its sign turned, so that they sort as the list does.
#[derive(Clone, Copy, Debug, PartialEq)]
struct After {
    priority: i16,
    at: DateTime<Utc>,
    id: Uuid,
}

impl After {
    /// Before every item.
    const START: Self = Self { priority: i16::MAX, at: DateTime::<Utc>::UNIX_EPOCH, id: Uuid::nil() };

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let after = Self {
            priority: parts.next()?.parse::<i16>().ok()?.checked_neg()?,
            at: parts.next()?.parse().ok()?,
            id: parts.next()?.parse().ok()?,
        };
        (parts.next().is_none() && is_sensible(&after.at)).then_some(after)
    }
}

impl Row {
    fn key(&self) -> String {
        let at = self.added_at.to_rfc3339_opts(SecondsFormat::Micros, true);
        format!("{} {at} {}", -self.priority, self.id)
    }
}

/// A page of the queue with its counts.
pub(super) async fn page(
    tx: &mut TenantTx,
    engine: &Engine,
    queue: Uuid,
    assigned_to: Option<Uuid>,
    page: &PageQuery,
    now: DateTime<Utc>,
) -> Result<WaitingPage, ApiError> {
    let limit = page.limit()?;
    let strange = || ApiError::new(Code::BadRequest, "cursor is not one of this list's.");
    let after = match page.after()? {
        Some(text) => After::read(&text).ok_or_else(strange)?,
        None => After::START,
    };
    let rows = load(tx, queue, assigned_to, after, limit + 1).await?;
    let Page { data, next_cursor } = Page::from_rows(rows, limit, Row::key, |row| row);
    let data = views(tx, engine, data, now).await?;
    let counts = store::counts(tx, &[queue], now).await?.remove(&queue).unwrap_or_default();
    Ok(WaitingPage { data, next_cursor, counts })
}

/// One item as it waits here, if it does.
pub(super) async fn find(
    tx: &mut TenantTx,
    engine: &Engine,
    queue: Uuid,
    item: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Waiting>, ApiError> {
    let org = tx.org().0;
    let rows = sql(include_str!("member.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(queue)
        .bind::<SqlUuid, _>(item)
        .load(tx.conn())
        .await?;
    Ok(views(tx, engine, rows, now).await?.pop())
}

async fn load(
    tx: &mut TenantTx,
    queue: Uuid,
    assigned_to: Option<Uuid>,
    after: After,
    most: i64,
) -> Result<Vec<Row>, ApiError> {
    let org = tx.org().0;
    Ok(sql(include_str!("members.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<SqlUuid, _>(queue)
        .bind::<Nullable<SqlUuid>, _>(assigned_to)
        .bind::<SmallInt, _>(after.priority)
        .bind::<Timestamptz, _>(after.at)
        .bind::<SqlUuid, _>(after.id)
        .bind::<BigInt, _>(most)
        .load(tx.conn())
        .await?)
}

async fn views(
    tx: &mut TenantTx,
    engine: &Engine,
    rows: Vec<Row>,
    now: DateTime<Utc>,
) -> Result<Vec<Waiting>, ApiError> {
    let versions: BTreeSet<_> = rows.iter().map(|row| WorkflowVersionId(row.workflow_version_id)).collect();
    let (workflows, stuck_after) = (engine.workflows(tx, versions).await?, stuck_after(tx).await?);
    let waiting = rows.into_iter().map(|row| {
        let workflow = workflows.get(&WorkflowVersionId(row.workflow_version_id));
        let stage = workflow.and_then(|workflow| workflow.stage(&row.stage));
        let expected_minutes = stage.and_then(|stage| stage.expected_minutes);
        Waiting {
            item_id: row.id,
            code: row.code,
            order_id: row.order_id,
            parent_id: row.parent_id,
            status: row.status,
            stage_name: stage.map_or_else(|| row.stage.clone(), |stage| stage.name.clone()),
            stage: row.stage,
            location_id: row.location_id,
            version: row.version,
            priority: priority(row.priority),
            assigned_to: row.assigned_to,
            added_at: row.added_at,
            by_hand: row.by_hand,
            stage_entered_at: row.stage_entered_at,
            expected_minutes,
            sla: sla(row.stage_entered_at, expected_minutes, now),
            stuck: is_stuck(row.stage_entered_at, stuck_after, now),
        }
    });
    Ok(waiting.collect())
}

/// The priority the database sorts as `stored`.
pub(super) fn priority(stored: i16) -> Priority {
    Priority::ALL.iter().copied().find(|priority| rank(*priority) == stored).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_nonsense_is_not() {
        let text = "-3 2026-11-20T10:00:00.000001Z 0198c0de-0000-7000-8000-000000000000";
        let after = After::read(text).unwrap();
        assert_eq!((after.priority, after.at.timestamp_subsec_micros()), (3, 1));
        assert_eq!(After::read(&text.replace("2026", "-9999")), None, "no database knows that year");
        let lowest = text.replace("-3", "-32768");
        for nonsense in
            ["", "1", &lowest, "x 2026-11-20T10:00:00Z 0198c0de-0000-7000-8000-000000000000", &format!("{text} 1")]
        {
            assert_eq!(After::read(nonsense), None, "{nonsense}");
        }
    }
}

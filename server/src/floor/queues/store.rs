//! Rows of queues and of what people said in them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _, SelectableHelper as _};
use diesel_async::RunQueryDsl as _;
use uuid::Uuid;

use super::routes::QueueFilter;
use super::views::{Counts, Queue};
use crate::identity::stuck_after;
use crate::platform::db::schema::queue_entries::dsl as e;
use crate::platform::db::schema::queues::dsl as q;
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

type Result<T> = std::result::Result<T, ApiError>;

pub(super) async fn find(tx: &mut TenantTx, id: Uuid) -> Result<Queue> {
    let org = tx.org().0;
    q::queues
        .find((org, id))
        .select(Queue::as_select())
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| ApiError::not_found("queue"))
}

/// A queue under lock: whatever changes it or its entries begins with this.
pub(super) async fn lock(tx: &mut TenantTx, id: Uuid) -> Result<Queue> {
    let org = tx.org().0;
    q::queues
        .find((org, id))
        .select(Queue::as_select())
        .for_no_key_update()
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| ApiError::not_found("queue"))
}

pub(super) async fn list(
    tx: &mut TenantTx,
    filter: &QueueFilter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Queue>> {
    let org = tx.org().0;
    let mut query = q::queues.filter(q::org_id.eq(org)).select(Queue::as_select()).into_boxed();
    if let Some(site) = filter.site_id {
        query = query.filter(q::site_id.eq(site));
    }
    if let Some(location) = filter.location_id {
        query = query.filter(q::location_id.eq(location));
    }
    if let Some(team) = filter.team_id {
        query = query.filter(q::team_id.eq(team));
    }
    if let Some(workflow) = filter.workflow_id {
        query = query.filter(q::workflow_id.eq(workflow));
    }
    if let Some(stage) = &filter.stage {
        query = query.filter(q::stage.eq(stage));
    }
    if let Some(active) = filter.active {
        query = query.filter(q::active.eq(active));
    }
    if let Some(after) = after {
        query = query.filter(q::id.gt(after));
    }
    Ok(query.order(q::id).limit(limit + 1).load(tx.conn()).await?)
}

pub(super) async fn insert(tx: &mut TenantTx, row: &Queue, by: Uuid) -> Result<()> {
    let org = tx.org().0;
    diesel::insert_into(q::queues)
        .values((
            (q::org_id.eq(org), q::id.eq(row.id), q::name.eq(&row.name), q::site_id.eq(row.site_id)),
            (q::location_id.eq(row.location_id), q::team_id.eq(row.team_id), q::workflow_id.eq(row.workflow_id)),
            (
                q::stage.eq(&row.stage),
                q::max_items.eq(row.max_items),
                q::active.eq(row.active),
                q::events.eq(row.events),
            ),
            (q::created_by.eq(by), q::created_at.eq(row.created_at), q::updated_at.eq(row.updated_at)),
            q::version.eq(row.version),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

pub(super) async fn update(tx: &mut TenantTx, row: &Queue) -> Result<()> {
    let org = tx.org().0;
    diesel::update(q::queues.find((org, row.id)))
        .set((
            q::name.eq(&row.name),
            q::location_id.eq(row.location_id),
            q::team_id.eq(row.team_id),
            q::workflow_id.eq(row.workflow_id),
            q::stage.eq(&row.stage),
            q::max_items.eq(row.max_items),
            q::active.eq(row.active),
            q::events.eq(row.events),
            q::updated_at.eq(row.updated_at),
            q::version.eq(row.version),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Removes a queue with what was said in it; the log keeps both.
pub(super) async fn delete(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let org = tx.org().0;
    diesel::delete(q::queues.find((org, id))).execute(tx.conn()).await?;
    Ok(())
}

/// Which of the things a queue refers to are there.
#[derive(Debug, diesel::QueryableByName)]
pub(super) struct Known {
    #[diesel(sql_type = Bool)]
    pub(super) site: bool,
    #[diesel(sql_type = Bool)]
    pub(super) location: bool,
    #[diesel(sql_type = Bool)]
    pub(super) workflow: bool,
}

pub(super) async fn known(tx: &mut TenantTx, queue: &Queue) -> Result<Known> {
    let org = tx.org().0;
    Ok(sql("WITH asked (org_id, site, location, workflow) AS (SELECT $1::uuid, $2::uuid, $3::uuid, $4::uuid) \
            SELECT EXISTS (SELECT FROM locations l WHERE l.org_id = a.org_id AND l.id = a.site AND l.kind = 'site' AND l.active) AS site, \
                   EXISTS (SELECT FROM locations l WHERE l.org_id = a.org_id AND l.id = a.location AND l.site_id = a.site) AS location, \
                   EXISTS (SELECT FROM workflows w WHERE w.org_id = a.org_id AND w.id = a.workflow) AS workflow \
            FROM asked a")
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(queue.site_id)
    .bind::<Nullable<SqlUuid>, _>(queue.location_id)
    .bind::<Nullable<SqlUuid>, _>(queue.workflow_id)
    .get_result(tx.conn())
    .await?)
}

/// How much waits in each of these queues.
pub(super) async fn counts(tx: &mut TenantTx, queues: &[Uuid], now: DateTime<Utc>) -> Result<BTreeMap<Uuid, Counts>> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = BigInt)]
        total: i64,
        #[diesel(sql_type = BigInt)]
        not_started: i64,
        #[diesel(sql_type = BigInt)]
        active: i64,
        #[diesel(sql_type = BigInt)]
        stopped: i64,
        #[diesel(sql_type = BigInt)]
        stuck: i64,
        #[diesel(sql_type = BigInt)]
        assigned: i64,
    }
    let (org, stuck_since) = (tx.org().0, now - stuck_after(tx).await?);
    let rows: Vec<Row> = sql(include_str!("counts.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Array<SqlUuid>, _>(queues)
        .bind::<Timestamptz, _>(stuck_since)
        .load(tx.conn())
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let Row { id, total, not_started, active, stopped, stuck, assigned } = row;
            (id, Counts { total, not_started, active, stopped, stuck, assigned })
        })
        .collect())
}

/// What people said of an item in a queue.
#[derive(Debug, Clone, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = crate::platform::db::schema::queue_entries, check_for_backend(diesel::pg::Pg))]
pub(super) struct Entry {
    pub(super) item_id: Uuid,
    pub(super) state: String,
    pub(super) priority: Option<i16>,
    pub(super) assigned_to: Option<Uuid>,
    pub(super) added_by: Uuid,
    pub(super) added_at: DateTime<Utc>,
    pub(super) version: i64,
}

/// What was said of this item, locked.
pub(super) async fn lock_entry(tx: &mut TenantTx, queue: Uuid, item: Uuid) -> Result<Option<Entry>> {
    let org = tx.org().0;
    Ok(e::queue_entries
        .find((org, queue, item))
        .select(Entry::as_select())
        .for_no_key_update()
        .first(tx.conn())
        .await
        .optional()?)
}

pub(super) async fn put_entry(tx: &mut TenantTx, queue: Uuid, entry: &Entry) -> Result<()> {
    let org = tx.org().0;
    let said = (
        e::state.eq(&entry.state),
        e::priority.eq(entry.priority),
        e::assigned_to.eq(entry.assigned_to),
        e::added_by.eq(entry.added_by),
        e::added_at.eq(entry.added_at),
        e::version.eq(entry.version),
    );
    diesel::insert_into(e::queue_entries)
        .values((e::org_id.eq(org), e::queue_id.eq(queue), e::item_id.eq(entry.item_id), said))
        .on_conflict((e::org_id, e::queue_id, e::item_id))
        .do_update()
        .set(said)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Forgets what was said of items that are closed; gives how much is left.
pub(super) async fn tidy_entries(tx: &mut TenantTx, queue: Uuid) -> Result<i64> {
    let org = tx.org().0;
    sql("WITH asked (org_id, queue_id) AS (SELECT $1::uuid, $2::uuid) \
         DELETE FROM queue_entries e USING asked a, items i WHERE e.org_id = a.org_id AND e.queue_id = a.queue_id \
         AND i.org_id = e.org_id AND i.id = e.item_id AND i.status IN ('completed', 'scrapped', 'cancelled')")
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(queue)
    .execute(tx.conn())
    .await?;
    Ok(e::queue_entries.filter(e::org_id.eq(org)).filter(e::queue_id.eq(queue)).count().get_result(tx.conn()).await?)
}

/// Whether the item is open and on this site; none when it is not here.
pub(super) async fn item_fits(tx: &mut TenantTx, item: Uuid, site: Uuid) -> Result<Option<bool>> {
    use crate::platform::db::schema::items::dsl as i;
    let org = tx.org().0;
    let found: Option<(Uuid, String)> =
        i::items.find((org, item)).select((i::site_id, i::status)).first(tx.conn()).await.optional()?;
    let closed = ["completed", "scrapped", "cancelled"];
    Ok(found.map(|(at, status)| at == site && !closed.contains(&status.as_str())))
}

/// Whether this is someone who works here.
pub(super) async fn is_worker(tx: &mut TenantTx, user: Uuid) -> Result<bool> {
    use crate::platform::db::schema::users::dsl as u;
    let org = tx.org().0;
    let active: Option<bool> = u::users.find((org, user)).select(u::active).first(tx.conn()).await.optional()?;
    Ok(active == Some(true))
}

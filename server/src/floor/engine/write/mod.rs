//! Brings what a batch changed to the database: one statement a table, whatever the number of entries, sent one behind the other.

mod ledger;

use chrono::{DateTime, Utc};
use diesel::sql_types::{
    Array, BigInt, Binary, Bool, Date, Double, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use floorline_domain::OrgId;
use floorline_domain::label::Target;
use floorline_domain::queue::Priority;
use uuid::Uuid;

pub(super) use self::ledger::{events, finish};
use self::ledger::{seal, write_and_move_heads};
use super::committed::Committed;
use super::core::{HeldItem, HeldLabel, Judged, Ledger, Settled, World};
use crate::platform::db::{Statement, execute_all, sql};
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Writes everything a batch did but for its end, and moves the heads; gives what is stored last.
pub(super) async fn effects(tx: &mut TenantTx, judged: &mut Judged<'_>) -> Result<Settled, ApiError> {
    let heads = write_and_move_heads(tx, rows(&judged.world, &judged.ledger)?, &judged.ledger).await?;
    judged.settle(heads)
}

/// Writes the end, sealed streams, then feed rows, receipts and watermarks, and commits.
pub(super) async fn end(tx: TenantTx, ledger: &Ledger, settled: &Settled) -> Result<Committed, ApiError> {
    execute_all(tx.pipe(), seal(tx.org(), &settled.sealed)).await?;
    finish(tx, ledger, &settled.receipts, &settled.watermarks).await?;
    Ok(Committed::of(ledger, &settled.receipts))
}

/// What writes everything that needs no cursor, but for events; in the order of locks.
fn rows<'w>(world: &'w World, ledger: &Ledger) -> Result<Vec<Statement<'w>>, ApiError> {
    let (org, now) = (ledger.org(), ledger.now());
    let orders = write_orders(org, now, world);
    let items = write_items(org, world)?;
    let labels = write_labels(org, now, world);
    let shifts = write_shifts(org, world).chain(touch_shifts(org, now, world));
    let scans = write_scans(org, world);
    let measurements = write_measurements(org, world);
    let photos = write_photo_references(org, now, world);
    let rest = scans.into_iter().chain(measurements).chain(photos).chain(write_cases(org, now, world));
    Ok(orders.into_iter().chain(items).chain(labels).chain(shifts).chain(rest).collect())
}

fn write_orders(org: OrgId, now: DateTime<Utc>, world: &World) -> Option<Statement<'_>> {
    let rows: Vec<_> = world.orders.iter().filter(|(_, order)| order.changed).collect();
    if rows.is_empty() {
        return None;
    }
    Some(
        sql(include_str!("write_orders.sql"))
            .bind::<SqlUuid, _>(org.0)
            .bind::<Timestamptz, _>(now)
            .bind::<Array<SqlUuid>, _>(rows.iter().map(|(id, _)| id.0).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|(_, order)| order.status.as_str()).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|(_, order)| order.version).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rows.iter().map(|(_, order)| order.completed).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rows.iter().map(|(_, order)| order.scrapped).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rows.iter().map(|(_, order)| order.cancelled).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rows.iter().map(|(_, order)| order.started).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rows.iter().map(|(_, order)| order.reworks).collect::<Vec<_>>())
            .bind::<Array<Nullable<Timestamptz>>, _>(rows.iter().map(|(_, order)| order.started_at).collect::<Vec<_>>())
            .bind::<Array<Nullable<Timestamptz>>, _>(rows.iter().map(|(_, order)| order.closed_at).collect::<Vec<_>>()),
    )
}

fn write_items(org: OrgId, world: &World) -> Result<Option<Statement<'_>>, ApiError> {
    let rows: Vec<&HeldItem> = world.items.values().filter(|held| held.changed).collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let states = rows
        .iter()
        .map(|held| serde_json::to_string(&held.item))
        .collect::<Result<Vec<_>, _>>()
        .map_err(ApiError::internal)?;
    let statement = sql(include_str!("write_items.sql"))
        .bind::<SqlUuid, _>(org.0)
        .bind::<Array<SqlUuid>, _>(rows.iter().map(|held| held.item.id.0).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(rows.iter().map(|held| held.item.site_id.0).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(
            rows.iter().map(|held| held.item.location_id.map(|id| id.0)).collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<SqlUuid>>, _>(
            rows.iter().map(|held| held.item.assigned_to.map(|id| id.0)).collect::<Vec<_>>(),
        )
        .bind::<Array<SmallInt>, _>(rows.iter().map(|held| rank(held.item.priority)).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(rows.iter().map(|held| held.item.status.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(rows.iter().map(|held| held.item.stage.as_str()).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(rows.iter().map(|held| held.item.version).collect::<Vec<_>>())
        .bind::<Array<Nullable<BigInt>>, _>(rows.iter().map(|held| held.item.hold_version).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(rows.iter().map(|held| held.item.stage_entered_at).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(rows.iter().map(|held| held.item.updated_at).collect::<Vec<_>>())
        .bind::<Array<Nullable<Timestamptz>>, _>(rows.iter().map(|held| held.item.completed_at).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(states);
    Ok(Some(statement))
}

/// A priority as the database sorts it.
pub const fn rank(priority: Priority) -> i16 {
    match priority {
        Priority::Low => 0,
        Priority::Normal => 1,
        Priority::High => 2,
        Priority::Urgent => 3,
    }
}

fn write_labels(org: OrgId, now: DateTime<Utc>, world: &World) -> Vec<Statement<'_>> {
    let mut rows: Vec<&HeldLabel> = world.held_labels.values().filter(|held| held.changed).collect();
    // What gives a thing up goes first: a thing has one active label at every moment.
    rows.sort_by_key(|held| held.label.status == floorline_domain::label::Status::Active);
    let halves = rows.chunk_by(|a, b| a.label.status == b.label.status).map(|half| {
        let target = |wanted: fn(Target) -> Option<Uuid>| {
            half.iter().map(|held| held.label.target.and_then(wanted)).collect::<Vec<_>>()
        };
        sql(include_str!("write_labels.sql"))
            .bind::<SqlUuid, _>(org.0)
            .bind::<Timestamptz, _>(now)
            .bind::<Array<SqlUuid>, _>(half.iter().map(|held| held.label.id.0).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(half.iter().map(|held| held.label.status.as_str()).collect::<Vec<_>>())
            .bind::<Array<Nullable<SqlUuid>>, _>(target(|target| {
                matches!(target, Target::Item(_)).then(|| target.id())
            }))
            .bind::<Array<Nullable<SqlUuid>>, _>(target(|target| {
                matches!(target, Target::Location(_)).then(|| target.id())
            }))
            .bind::<Array<Nullable<SqlUuid>>, _>(target(|target| {
                matches!(target, Target::User(_)).then(|| target.id())
            }))
            .bind::<Array<Nullable<SqlUuid>>, _>(
                half.iter().map(|held| held.label.replaced_by.map(|id| id.0)).collect::<Vec<_>>(),
            )
            .bind::<Array<BigInt>, _>(half.iter().map(|held| held.version).collect::<Vec<_>>())
    });
    halves.collect()
}

/// Few and rare, and their order matters: a shift ends before the next begins.
fn write_shifts(org: OrgId, world: &World) -> impl Iterator<Item = Statement<'_>> {
    world.shift_rows.iter().map(move |held| {
        let shift = &held.shift;
        sql(include_str!("write_shift.sql"))
            .bind::<SqlUuid, _>(org.0)
            .bind::<SqlUuid, _>(shift.id.0)
            .bind::<SqlUuid, _>(shift.user_id.0)
            .bind::<Nullable<SqlUuid>, _>(shift.device_id.map(|id| id.0))
            .bind::<SqlUuid, _>(shift.site_id.0)
            .bind::<Nullable<SqlUuid>, _>(shift.location_id.map(|id| id.0))
            .bind::<Nullable<SqlUuid>, _>(shift.team_id.map(|id| id.0))
            .bind::<Timestamptz, _>(shift.started_at)
            .bind::<Timestamptz, _>(shift.last_active_at)
            .bind::<Nullable<Timestamptz>, _>(shift.ended_at)
            .bind::<Nullable<Text>, _>(shift.end_reason.map(|reason| reason.as_str()))
            .bind::<BigInt, _>(held.version)
    })
}

fn touch_shifts(org: OrgId, now: DateTime<Utc>, world: &World) -> Option<Statement<'_>> {
    if world.touched.is_empty() {
        return None;
    }
    Some(
        sql(include_str!("touch_shifts.sql"))
            .bind::<SqlUuid, _>(org.0)
            .bind::<Timestamptz, _>(now)
            .bind::<Array<SqlUuid>, _>(world.touched.iter().map(|id| id.0).collect::<Vec<_>>()),
    )
}

fn write_scans(org: OrgId, world: &World) -> Option<Statement<'_>> {
    let rows = &world.scans;
    if rows.is_empty() {
        return None;
    }
    Some(
        sql(include_str!("write_scans.sql"))
            .bind::<SqlUuid, _>(org.0)
            .bind::<Array<SqlUuid>, _>(rows.iter().map(|_| Uuid::now_v7()).collect::<Vec<_>>())
            .bind::<Array<Date>, _>(rows.iter().map(|row| row.at.date_naive()).collect::<Vec<_>>())
            .bind::<Array<Timestamptz>, _>(rows.iter().map(|row| row.at).collect::<Vec<_>>())
            .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.user.0).collect::<Vec<_>>())
            .bind::<Array<Nullable<SqlUuid>>, _>(rows.iter().map(|row| row.device.map(|id| id.0)).collect::<Vec<_>>())
            .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.stream.0).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.seq).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.raw.as_str()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.kind).collect::<Vec<_>>())
            .bind::<Array<Nullable<Text>>, _>(rows.iter().map(|row| row.value.as_deref()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.result).collect::<Vec<_>>())
            .bind::<Array<Nullable<Text>>, _>(rows.iter().map(|row| row.explanation.as_deref()).collect::<Vec<_>>())
            .bind::<Array<Nullable<SqlUuid>>, _>(rows.iter().map(|row| row.item.map(|id| id.0)).collect::<Vec<_>>())
            .bind::<Array<Nullable<Text>>, _>(rows.iter().map(|row| row.stage.as_deref()).collect::<Vec<_>>()),
    )
}

fn write_measurements(org: OrgId, world: &World) -> Option<Statement<'_>> {
    let rows = &world.measurements;
    if rows.is_empty() {
        return None;
    }
    Some(
        sql(include_str!("write_measurements.sql"))
            .bind::<SqlUuid, _>(org.0)
            .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.item.0).collect::<Vec<_>>())
            .bind::<Array<Date>, _>(rows.iter().map(|row| row.at.date_naive()).collect::<Vec<_>>())
            .bind::<Array<BigInt>, _>(rows.iter().map(|row| row.version).collect::<Vec<_>>())
            .bind::<Array<Integer>, _>(rows.iter().map(|row| row.ordinal).collect::<Vec<_>>())
            .bind::<Array<Timestamptz>, _>(rows.iter().map(|row| row.at).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.action_id.as_str()).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>())
            .bind::<Array<Double>, _>(rows.iter().map(|row| row.value).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.unit.as_str()).collect::<Vec<_>>())
            .bind::<Array<Bool>, _>(rows.iter().map(|row| row.passed).collect::<Vec<_>>())
            .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.user.0).collect::<Vec<_>>()),
    )
}

fn write_photo_references(org: OrgId, now: DateTime<Utc>, world: &World) -> Option<Statement<'_>> {
    let rows = &world.photo_references;
    if rows.is_empty() {
        return None;
    }
    Some(
        sql(include_str!("write_photo_references.sql"))
            .bind::<SqlUuid, _>(org.0)
            .bind::<Timestamptz, _>(now)
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.sha256.as_str()).collect::<Vec<_>>())
            .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.item.0).collect::<Vec<_>>())
            .bind::<Array<Text>, _>(rows.iter().map(|row| row.action_id.as_str()).collect::<Vec<_>>())
            .bind::<Array<Nullable<SqlUuid>>, _>(rows.iter().map(|row| row.brand.map(|id| id.0)).collect::<Vec<_>>())
            .bind::<Array<Nullable<Text>>, _>(rows.iter().map(|row| row.role.as_deref()).collect::<Vec<_>>()),
    )
}

fn write_cases(org: OrgId, now: DateTime<Utc>, world: &World) -> Vec<Statement<'_>> {
    let rows = &world.cases;
    if rows.is_empty() {
        return Vec::new();
    }
    let opened: Vec<_> = rows.iter().filter(|case| case.opens).collect();
    let cases = sql(include_str!("write_cases.sql"))
        .bind::<SqlUuid, _>(org.0)
        .bind::<Timestamptz, _>(now)
        .bind::<Array<SqlUuid>, _>(opened.iter().map(|case| case.id.0).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(opened.iter().map(|case| case.actor.map(|id| id.0)).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(opened.iter().map(|case| case.site.map(|id| id.0)).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(opened.iter().map(|case| case.item.map(|id| id.0)).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(opened.iter().map(|case| case.reason.as_str()).collect::<Vec<_>>());
    let entries = sql(include_str!("write_case_entries.sql"))
        .bind::<SqlUuid, _>(org.0)
        .bind::<Array<SqlUuid>, _>(rows.iter().map(|case| case.id.0).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(rows.iter().map(|case| case.stream.0).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(rows.iter().map(|case| case.seq).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(rows.iter().map(|case| case.hash.0.to_vec()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(rows.iter().map(|case| case.outcome.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(rows.iter().map(|case| case.reason.as_str()).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(rows.iter().map(|case| case.body.as_slice()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(rows.iter().map(|case| case.error.as_deref()).collect::<Vec<_>>());
    vec![cases, entries]
}

//! Brings what a batch changed to the database: one statement a table, whatever the number of entries.

mod ledger;

use diesel::sql_types::{
    Array, BigInt, Binary, Bool, Date, Double, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::RunQueryDsl as _;
use floorline_domain::label::Target;
use floorline_domain::queue::Priority;
use uuid::Uuid;

use self::ledger::seal;
pub(super) use self::ledger::{events, finish};
use super::committed::Committed;
use super::core::{HeldItem, HeldLabel, Judged, Ledger, Settled, World};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Writes everything a batch did but for its end, and moves the heads; gives what is stored last.
pub(super) async fn effects(tx: &mut TenantTx, judged: &mut Judged<'_>) -> Result<Settled, ApiError> {
    rows(tx, &judged.world, &judged.ledger).await?;
    let heads = events(tx, &judged.ledger).await?;
    judged.settle(heads)
}

/// Writes the end: sealed streams, then feed rows, receipts and watermarks. Only COMMIT may follow.
pub(super) async fn end(tx: &mut TenantTx, ledger: &Ledger, settled: &Settled) -> Result<Committed, ApiError> {
    seal(tx, &settled.sealed).await?;
    finish(tx, ledger, &settled.receipts, &settled.watermarks).await?;
    Ok(Committed::of(ledger, &settled.receipts))
}

/// Writes everything that needs no cursor, but for events.
async fn rows(tx: &mut TenantTx, world: &World, ledger: &Ledger) -> Result<(), ApiError> {
    write_orders(tx, world, ledger).await?;
    write_items(tx, world).await?;
    write_labels(tx, world, ledger).await?;
    write_shifts(tx, world).await?;
    touch_shifts(tx, world, ledger).await?;
    write_scans(tx, world).await?;
    write_measurements(tx, world).await?;
    write_photo_references(tx, world, ledger).await?;
    write_cases(tx, world, ledger).await
}

async fn write_orders(tx: &mut TenantTx, world: &World, ledger: &Ledger) -> Result<(), ApiError> {
    let rows: Vec<_> = world.orders.iter().filter(|(_, order)| order.changed).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let org = tx.org().0;
    sql(include_str!("write_orders.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Timestamptz, _>(ledger.now())
        .bind::<Array<SqlUuid>, _>(rows.iter().map(|(id, _)| id.0).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(rows.iter().map(|(_, order)| order.status.as_str()).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(rows.iter().map(|(_, order)| order.version).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(rows.iter().map(|(_, order)| order.completed).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(rows.iter().map(|(_, order)| order.scrapped).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(rows.iter().map(|(_, order)| order.cancelled).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(rows.iter().map(|(_, order)| order.started).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(rows.iter().map(|(_, order)| order.reworks).collect::<Vec<_>>())
        .bind::<Array<Nullable<Timestamptz>>, _>(rows.iter().map(|(_, order)| order.started_at).collect::<Vec<_>>())
        .bind::<Array<Nullable<Timestamptz>>, _>(rows.iter().map(|(_, order)| order.closed_at).collect::<Vec<_>>())
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn write_items(tx: &mut TenantTx, world: &World) -> Result<(), ApiError> {
    let rows: Vec<&HeldItem> = world.items.values().filter(|held| held.changed).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let states = rows
        .iter()
        .map(|held| serde_json::to_string(&held.item))
        .collect::<Result<Vec<_>, _>>()
        .map_err(ApiError::internal)?;
    let org = tx.org().0;
    sql(include_str!("write_items.sql"))
        .bind::<SqlUuid, _>(org)
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
        .bind::<Array<Text>, _>(states)
        .execute(tx.conn())
        .await?;
    Ok(())
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

async fn write_labels(tx: &mut TenantTx, world: &World, ledger: &Ledger) -> Result<(), ApiError> {
    let mut rows: Vec<&HeldLabel> = world.held_labels.values().filter(|held| held.changed).collect();
    if rows.is_empty() {
        return Ok(());
    }
    // What gives a thing up goes first: a thing has one active label at every moment.
    rows.sort_by_key(|held| held.label.status == floorline_domain::label::Status::Active);
    for half in rows.chunk_by(|a, b| a.label.status == b.label.status) {
        let target = |wanted: fn(Target) -> Option<Uuid>| {
            half.iter().map(|held| held.label.target.and_then(wanted)).collect::<Vec<_>>()
        };
        let org = tx.org().0;
        sql(include_str!("write_labels.sql"))
            .bind::<SqlUuid, _>(org)
            .bind::<Timestamptz, _>(ledger.now())
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
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

async fn write_shifts(tx: &mut TenantTx, world: &World) -> Result<(), ApiError> {
    // Few and rare, and their order matters: a shift ends before the next begins.
    for held in &world.shift_rows {
        let shift = &held.shift;
        let org = tx.org().0;
        sql(include_str!("write_shift.sql"))
            .bind::<SqlUuid, _>(org)
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
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

async fn touch_shifts(tx: &mut TenantTx, world: &World, ledger: &Ledger) -> Result<(), ApiError> {
    if world.touched.is_empty() {
        return Ok(());
    }
    let org = tx.org().0;
    sql(include_str!("touch_shifts.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Timestamptz, _>(ledger.now())
        .bind::<Array<SqlUuid>, _>(world.touched.iter().map(|id| id.0).collect::<Vec<_>>())
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn write_scans(tx: &mut TenantTx, world: &World) -> Result<(), ApiError> {
    let rows = &world.scans;
    if rows.is_empty() {
        return Ok(());
    }
    let org = tx.org().0;
    sql(include_str!("write_scans.sql"))
        .bind::<SqlUuid, _>(org)
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
        .bind::<Array<Nullable<Text>>, _>(rows.iter().map(|row| row.stage.as_deref()).collect::<Vec<_>>())
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn write_measurements(tx: &mut TenantTx, world: &World) -> Result<(), ApiError> {
    let rows = &world.measurements;
    if rows.is_empty() {
        return Ok(());
    }
    let org = tx.org().0;
    sql(include_str!("write_measurements.sql"))
        .bind::<SqlUuid, _>(org)
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
        .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.user.0).collect::<Vec<_>>())
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn write_photo_references(tx: &mut TenantTx, world: &World, ledger: &Ledger) -> Result<(), ApiError> {
    let rows = &world.photo_references;
    if rows.is_empty() {
        return Ok(());
    }
    let org = tx.org().0;
    sql(include_str!("write_photo_references.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Timestamptz, _>(ledger.now())
        .bind::<Array<Text>, _>(rows.iter().map(|row| row.sha256.as_str()).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.item.0).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(rows.iter().map(|row| row.action_id.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(rows.iter().map(|row| row.brand.map(|id| id.0)).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(rows.iter().map(|row| row.role.as_deref()).collect::<Vec<_>>())
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn write_cases(tx: &mut TenantTx, world: &World, ledger: &Ledger) -> Result<(), ApiError> {
    let rows = &world.cases;
    if rows.is_empty() {
        return Ok(());
    }
    let opened: Vec<_> = rows.iter().filter(|case| case.opens).collect();
    let org = tx.org().0;
    sql(include_str!("write_cases.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Timestamptz, _>(ledger.now())
        .bind::<Array<SqlUuid>, _>(opened.iter().map(|case| case.id.0).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(opened.iter().map(|case| case.actor.map(|id| id.0)).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(opened.iter().map(|case| case.site.map(|id| id.0)).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(opened.iter().map(|case| case.item.map(|id| id.0)).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(opened.iter().map(|case| case.reason.as_str()).collect::<Vec<_>>())
        .execute(tx.conn())
        .await?;
    sql(include_str!("write_case_entries.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Array<SqlUuid>, _>(rows.iter().map(|case| case.id.0).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(rows.iter().map(|case| case.stream.0).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(rows.iter().map(|case| case.seq).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(rows.iter().map(|case| case.hash.0.to_vec()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(rows.iter().map(|case| case.outcome.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(rows.iter().map(|case| case.reason.as_str()).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(rows.iter().map(|case| case.body.as_slice()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(rows.iter().map(|case| case.error.as_deref()).collect::<Vec<_>>())
        .execute(tx.conn())
        .await?;
    Ok(())
}

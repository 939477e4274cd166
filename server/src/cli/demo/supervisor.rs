//! The supervisor at the desk: holds an item now and then, and decides every case.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};

use super::desk::Desk;
use super::stage_world::{Order, list, text};
use super::tally::Tally;

/// How long an item stays on hold.
const HELD_FOR: Duration = Duration::from_secs(4);

/// Looks after a floor until the demonstration is over.
pub(super) async fn supervise(desk: Arc<Desk>, orders: Vec<String>, tally: Arc<Tally>) -> anyhow::Result<()> {
    let mut held: Option<(String, Instant)> = None;
    while !tally.is_over() {
        held = match held {
            Some((item, since)) if since.elapsed() >= HELD_FOR || tally.is_calm() => {
                desk.ask(&format!("/v1/items/{item}/release"), json!({ "reason": "Checked, it is fine" })).await?;
                None
            }
            None if !tally.is_calm() && rand::rng().random_bool(0.15) => hold_one(&desk, &orders).await?,
            held => held,
        };
        decide_cases(&desk, &tally).await?;
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    if let Some((item, _)) = held {
        desk.ask(&format!("/v1/items/{item}/release"), json!({ "reason": "Checked, it is fine" })).await?;
    }
    Ok(())
}

async fn hold_one(desk: &Desk, orders: &[String]) -> anyhow::Result<Option<(String, Instant)>> {
    let Some(order) = orders.choose(&mut rand::rng()) else { return Ok(None) };
    let page = desk.get(&format!("/v1/items?order_id={order}&status=active&limit=50")).await?;
    let Some(item) = list(&page).choose(&mut rand::rng()) else { return Ok(None) };
    let id = text(item, "id")?;
    let held = desk.ask(&format!("/v1/items/{id}/hold"), json!({ "reason": "Dye lot in question" })).await?;
    Ok(held.map(|_| (id, Instant::now())))
}

/// Decides every open case: some are booked, some sent back, the rest discarded with a reason.
pub(super) async fn decide_cases(desk: &Desk, tally: &Tally) -> anyhow::Result<usize> {
    let page = desk.get("/v1/sync/cases?state=open&limit=200").await?;
    let open = list(&page);
    for case in open {
        let id = text(case, "id")?;
        let roll = rand::rng().random_range(0..10);
        let waits_for_hold = case.get("reason").and_then(Value::as_str) == Some("ON_HOLD");
        if waits_for_hold && !tally.is_calm() && roll < 7 {
            // It comes back by itself when the hold is lifted.
            continue;
        }
        let booked = if roll < 3 {
            desk.ask(&format!("/v1/sync/cases/{id}/book"), json!({ "note": "Seen on the floor" })).await?
        } else {
            None
        };
        if booked.is_none() {
            let verb = if roll < 6 { "send_back" } else { "discard" };
            desk.ask(&format!("/v1/sync/cases/{id}/{verb}"), json!({ "note": "Somebody else did it" })).await?;
        }
        tally.cases.add_one();
    }
    Ok(open.len())
}

/// How far an order is.
pub(super) async fn progress(desk: &Desk, order: &Order) -> anyhow::Result<(String, u64)> {
    let view = desk.get(&format!("/v1/orders/{}", order.id)).await?;
    let figure = |key: &str| {
        view.get("progress").and_then(|progress| progress.get(key)).and_then(Value::as_u64).unwrap_or_default()
    };
    Ok((text(&view, "status")?, figure("completed") + figure("scrapped") + figure("cancelled")))
}

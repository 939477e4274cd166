//! Someone who works whatever happens: on any item, so that people are in each other's way, and now and then without a network.

use std::sync::Arc;
use std::time::Duration;

use floorline_domain::item::Command;
use floorline_mobile_sync::client::Act;
use floorline_mobile_sync::native::NativeError;
use floorline_mobile_sync::op::Operation;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::world::{Hand, STAGES};

/// How often a phone leaves the network, for each act.
const LEAVES: f64 = 0.02;

/// Works until told to stop; then the phone is online and sends what it has.
pub(super) async fn work(hand: Arc<Hand>, seed: u64, stop: CancellationToken) {
    let mut rng = StdRng::seed_from_u64(seed);
    hand.phone.go_online();
    while !stop.is_cancelled() {
        match hand.phone.act(draw(&hand, &mut rng)).await {
            // A phone that says no has saved nothing.
            Ok(_) | Err(NativeError::Refused(_)) => {}
            Err(error) => tracing::warn!(error = %error, "a phone complained"),
        }
        let mut pause = Duration::from_millis(rng.random_range(80..600));
        if rng.random_bool(LEAVES) {
            hand.phone.go_offline();
            pause = Duration::from_millis(rng.random_range(1_000..6_000));
        }
        stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        hand.phone.go_online();
    }
}

fn draw(hand: &Hand, rng: &mut StdRng) -> Act {
    let stage = STAGES.choose(rng).copied().unwrap_or_default();
    let word = format!("{} {}", hand.canary, rng.random_range(0..u32::MAX));
    let command = match rng.random_range(0..100) {
        0..40 => {
            let width = f64::from(rng.random_range(980..1_020)) / 10.0;
            let data = json!({ "readings": [{ "name": "width", "value": width, "unit": "mm" }] });
            Command::CompleteAction { action_id: format!("{stage}.width"), data, evidence: Vec::new() }
        }
        40..55 => Command::Advance { to: None },
        55..75 => Command::AddNote { text: word },
        75..82 => Command::Flag { reason: word },
        82..90 => Command::Rework { to: "cut".to_owned(), reason: word },
        90..96 => return Act::new(Operation::ScanRecord { raw: word }, None),
        _ => {
            let start = Operation::ShiftStart { site_id: hand.site, location_id: None, team_id: None };
            return Act::new(start, None);
        }
    };
    // Who sees no floor believes anything of an item.
    let stage = (!hand.follows).then(|| stage.to_owned());
    Act { stage, ..Act::new(Operation::Item(command), hand.items.choose(rng).copied()) }
}

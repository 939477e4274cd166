//! What a person sees while the demonstration plays: orders filling up, items at each stage, phones with and without a network.

use std::collections::BTreeMap;
use std::time::Duration;

use floorline_domain::item::Status;
use floorline_mobile_sync::resume::LinkState;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::stage_world::Floor;
use super::tally::Tally;

/// The terminal, or a plain line now and then where there is none.
pub(super) struct View {
    all: MultiProgress,
    orders: Vec<ProgressBar>,
    floors: Vec<ProgressBar>,
    phones: ProgressBar,
}

impl View {
    pub(super) fn new(floors: &[Floor]) -> Self {
        let all = MultiProgress::new();
        let bar = ProgressStyle::with_template("  {prefix:<14} {bar:32.green/dim} {pos:>4}/{len:<4} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let line =
            ProgressStyle::with_template("  {prefix:<14} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        let mut orders = Vec::new();
        for order in floors.iter().flat_map(|floor| &floor.orders) {
            let progress =
                all.add(ProgressBar::new(order.total)).with_style(bar.clone()).with_prefix(order.number.clone());
            progress.enable_steady_tick(Duration::from_millis(500));
            orders.push(progress);
        }
        let plain = |prefix: &str| all.add(ProgressBar::new(1)).with_style(line.clone()).with_prefix(prefix.to_owned());
        let lines = floors.iter().map(|floor| plain(floor.name.split(' ').next().unwrap_or_default())).collect();
        let phones = plain("phones");
        Self { all, orders, floors: lines, phones }
    }

    /// An order's status and how many of its items are closed.
    pub(super) fn order(&self, n: usize, status: &str, closed: u64) {
        if let Some(bar) = self.orders.get(n) {
            bar.set_position(closed);
            bar.set_message(status.to_owned());
        }
    }

    /// The items at each stage of a floor, as its supervisor's phone has them from the feed.
    pub(super) async fn floor(&self, n: usize, floor: &Floor) {
        let (Some(line), Some(board)) = (self.floors.get(n), floor.hands.first()) else { return };
        let Ok(seen) = board.phone.floor().await else { return };
        let mut stages = BTreeMap::<&str, usize>::new();
        for item in seen.items.iter().map(|seen| &seen.item).filter(|item| !item.status.is_final()) {
            let place = if item.status == Status::OnHold { "on hold" } else { item.stage.as_str() };
            *stages.entry(place).or_default() += 1;
        }
        let text: Vec<String> = stages.iter().map(|(stage, items)| format!("{stage} {items}")).collect();
        line.set_message(text.join(" · "));
    }

    /// Phones with and without a network, and what they have not sent.
    pub(super) async fn phones(&self, floors: &[Floor], tally: &Tally) -> String {
        let (mut online, mut silent, mut unsent) = (0, 0, 0);
        for hand in floors.iter().flat_map(|floor| &floor.hands) {
            let Ok(standing) = hand.phone.standing().await else { continue };
            if standing.link == LinkState::Live {
                online += 1
            } else {
                silent += 1
            }
            unsent += standing.unsent;
        }
        let cases = tally.cases.get();
        let confirmed: u64 = tally.outcomes().values().sum();
        let latency = tally.latency_ms(0.5).map_or_else(String::new, |ms| format!(" · p50 {ms} ms"));
        let text = format!(
            "{online} online, {silent} away, {unsent} acts unsent · {confirmed} confirmed{latency} · {cases} cases decided"
        );
        self.phones.set_message(text.clone());
        text
    }

    /// A line above the bars.
    pub(super) fn say(&self, text: &str) {
        // A terminal that went away is no reason to stop.
        drop(self.all.println(text));
    }

    /// Takes the bars away.
    pub(super) fn clear(&self) {
        drop(self.all.clear());
    }

    /// Whether anybody sees the bars.
    pub(super) fn is_hidden(&self) -> bool {
        self.all.is_hidden()
    }
}

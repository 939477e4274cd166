//! Hints over `LISTEN` and `NOTIFY`, on one connection that does nothing else.

use std::convert::Infallible;

use anyhow::Context as _;

use super::super::Hub;
use super::{Tries, Way, heard, told};

/// The channel. Whoever may log in to the database may listen there.
const CHANNEL: &str = "floorline_topics";

/// Opens a line, and tells and hears on it until it ends.
pub(super) async fn carry(hub: &Hub, tries: &mut Tries) -> anyhow::Result<Infallible> {
    let hears = hub.clone();
    let mut line = hub.db().line(CHANNEL, move |text| heard(&hears, Way::Notify, text)).await?;
    tries.opened(hub, Way::Notify);
    let mut nats = hub.outbox().nats();
    loop {
        let by_nats = *nats.borrow_and_update();
        tokio::select! {
            () = line.ended() => anyhow::bail!("the connection ended"),
            changed = nats.changed() => changed.context("the hub is gone")?,
            moved = hub.outbox().next(), if !by_nats => {
                line.say(&moved.text(hub.node())).await?;
                told(Way::Notify);
            }
        }
    }
}

//! `floor.sync.v1`: the WebSocket and HTTP faces of the one door, for phones and for boards.
//!
//! - `socket.rs` takes the upgrade and the hello, `conversation.rs` runs what follows; [`core`] is the protocol itself, pure and
//!   tested without sockets.
//! - `hello.rs` answers a hello, the same for a socket and for `fallback.rs`, the way in where WebSockets are blocked.
//! - `snapshot.rs` and `feed.rs` give readers their start and their way on.
//! - `unsent/` takes in what was exported from a phone that cannot send it itself.
//! - `prune.rs` ends what need not be kept for ever.
//!
//! Other features reach in only to have sockets look again ([`Sockets::check_device`], [`Sockets::check_user`]).

mod check;
mod conversation;
pub mod core;
mod fallback;
mod feed;
mod following;
mod fragments;
mod hello;
mod leases;
mod outbound;
mod presence;
mod prune;
mod scope;
mod snapshot;
mod socket;
mod sockets;
mod store;
mod unsent;
mod views;

use std::sync::Arc;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use utoipa_actix_web::service_config::ServiceConfig;

pub use self::prune::{Pruned, prune};
pub use self::sockets::Sockets;
use crate::floor::engine::{Engine, Head};
use crate::platform::config::Realtime;
use crate::platform::db::Db;
use crate::platform::realtime::Hub;

/// The oldest app that is served.
const MINIMUM_APP: &str = "0.1.0";

/// The room's routes.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(socket::connect)
        .service(fallback::submit_batch)
        .service(feed::read_feed)
        .service(snapshot::read_snapshot)
        .service(views::read_presence)
        .service(unsent::hand_in_unsent);
}

/// The node's fan-out, woken by each commit of `engine`. Must be called inside the runtime.
pub fn start(db: &Db, engine: &Engine, settings: &Realtime) -> Hub {
    let hub = Hub::start(db.clone(), settings);
    hub.spawn(wake(hub.clone(), engine.committed()));
    hub
}

async fn wake(hub: Hub, mut committed: broadcast::Receiver<Arc<Vec<Head>>>) {
    loop {
        match committed.recv().await {
            Ok(heads) => {
                for head in heads.iter() {
                    if let Ok(topic) = head.topic.parse() {
                        hub.committed(&topic, head.head);
                    }
                }
            }
            Err(RecvError::Lagged(missed)) => {
                tracing::debug!(count = missed, "commits missed by the hub");
                hub.committed_unheard();
            }
            Err(RecvError::Closed) => return,
        }
    }
}

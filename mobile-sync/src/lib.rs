//! The handheld's half of Floorline, and the one definition of what travels between it and the server.
//!
//! [`wire`] holds the messages of `floor.sync.v1`, [`entry`], [`op`] and [`verdict`] what is in them, [`chain`] the hash
//! chain over a stream, [`limits`] every number.
//!
//! [`client`] is the handheld as a state machine without input or output: [`outbox`], [`resume`] (the connection's life),
//! the base under [`floor`], [`overlay`] (prediction by the server's own rules), over a [`store`].
//! [`native`] drives it on tokio with SQLite, [`web`] lets a browser drive it. [`decode`] reads QR codes out of pictures.

mod app_version;
mod base;
pub mod chain;
mod chance;
pub mod client;
pub mod decode;
pub mod entry;
pub mod feed;
pub mod floor;
pub mod limits;
#[cfg(feature = "native")]
pub mod native;
pub mod op;
pub mod outbox;
pub mod overlay;
pub mod resume;
pub mod session;
mod sorted;
pub mod store;
pub mod strict;
pub mod topic;
pub mod verdict;
pub mod web;
pub mod wire;

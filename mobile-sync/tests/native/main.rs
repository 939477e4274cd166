//! The native driver: real files, real sockets, a scripted server.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::large_enum_variant, reason = "tests")]

mod phone;
#[path = "../core/server.rs"]
mod protocol;
mod server;
mod store;

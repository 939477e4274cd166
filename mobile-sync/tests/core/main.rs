//! The client core against a scripted server, in virtual time.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::large_enum_variant, reason = "tests")]

mod connection;
mod faults;
mod floor;
mod hard_gate;
mod phone;
mod rewind;
mod server;
mod streams;
mod vectors;

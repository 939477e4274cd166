//! The client core against a scripted server, in virtual time.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::large_enum_variant, reason = "tests")]

mod cases;
mod connection;
mod faults;
mod floor;
mod hard_gate;
mod people;
mod phone;
mod rewind;
mod scans;
mod server;
mod streams;
mod trimming;
mod vectors;

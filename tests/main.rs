//! The integration tests: one binary, one module a feature.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that fails says so by panicking"
)]
#![allow(unreachable_pub, reason = "a test binary exports nothing")]

mod acme;
mod cases;
mod checker;
mod components;
mod coverage;
mod database;
mod embedded_postgres;
mod engine;
mod handheld;
mod harness;
mod harness_itself;
mod health;
mod identity;
mod isolation;
mod items;
mod jobs;
mod labels;
mod locations;
mod migrations;
mod nodes;
mod objects;
mod offered_again;
mod openapi;
mod order_bounds;
mod order_lifecycle;
mod orders;
mod origins;
mod overrides;
mod photos;
mod place_labels;
mod plans;
mod pruning;
mod push;
mod queues;
mod rate_limits;
mod resolver;
mod rewind;
mod rolling_restart;
mod scans;
mod serving;
mod shifts;
mod sync_feed;
mod sync_protocol;
mod sync_snapshots;
mod sync_sockets;
mod tls;
mod traces;
mod unhealthy_database;
mod unsent;
mod uploads;
mod uploads_removed;
mod workflows;

//! The integration tests: one binary, one module a feature.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that fails says so by panicking"
)]

mod embedded_postgres;
mod harness;
mod jobs;
mod objects;

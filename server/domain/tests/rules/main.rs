//! The rules, shown one by one: a table for every status machine, a test for every gate, properties for what must hold
//! whatever happens. One binary, one module a subject.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test that fails may panic"
)]

mod actions;
mod floor;
mod item_components;
mod item_gates;
mod item_races;
mod item_routes;
mod item_transitions;
mod item_undo;
mod item_walks;
mod labels;
mod order_checks;
mod order_transitions;
mod permissions;
mod queues_and_shifts;
mod refusals;
mod wire;
mod workflow_faults;
mod workflows;

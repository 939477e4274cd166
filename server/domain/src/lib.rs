//! The rules of the floor: what may happen to an item, an order, a label, a shift, and what follows from it.
//!
//! Pure on purpose. There is no IO, no clock and no randomness in here: times, ids and random numbers come in as values.
//! So one set of rules serves three places: the server decides with it, the handheld predicts with it, a simulation
//! checks both. Each state machine has `decide(state, command, …) -> Result<events, Refusal>`, which looks nothing up,
//! and `apply(state, event) -> state`, which cannot fail.

pub mod action;
pub mod field_error;
pub mod ids;
pub mod item;
pub mod json;
pub mod label;
pub mod order;
pub mod permission;
pub mod queue;
pub mod refusal;
pub mod scan;
pub mod shift;
mod words;
pub mod workflow;

pub use field_error::FieldError;
pub use ids::*;
pub use refusal::{Outcome, Reason, Refusal};
pub use words::UnknownWord;

//! Partnerships between a brand and a factory. One side proposes, the other accepts, either ends it; orders need an active one.
//!
//! The row belongs to both and is read by both. It carries each side's name, so that neither has to read the other's organisation.

mod routes;
mod store;
mod views;

pub(super) use self::routes::routes;

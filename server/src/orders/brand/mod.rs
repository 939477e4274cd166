//! What a brand may see of its orders: the brand views and nothing else, read in a transaction that can see nothing else.
//!
//! A brand writes through `/v1/orders`; this is where it looks.

mod routes;
mod store;
pub(super) mod views;

pub(super) use self::routes::routes;

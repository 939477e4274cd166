//! Cases: what people did and the rules refused, kept until someone decides.
//!
//! The engine opens a case for every rejected or parked entry. Here they are read and decided: **booked** (its entries go through the door
//! again, with `item:override` and the original actor), **discarded** with a reason, or **sent back** to the person. A later event may
//! settle one as well: what was parked because an item was on hold is tried again when the hold lifts ([`mod@retry`]).

mod book;
mod close;
mod look_up;
mod retry;
mod routes;
mod store;
mod views;

pub use self::retry::{RETRY, retry, retry_known};
pub use self::routes::routes;

//! Shifts: who works where, now. One at a time for each worker; starting a second ends the first.
//!
//! Starting, moving and ending go through the engine, from a phone and from here alike. A shift that nobody uses for twelve hours is ended
//! by a job that was queued when it began ([`mod@end_idle`]).

mod end_idle;
mod routes;
mod store;
mod views;

pub use self::end_idle::{END_IDLE, end_idle};
pub use self::routes::routes;

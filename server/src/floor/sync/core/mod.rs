//! The protocol of one connection, without a socket, a database or a clock: `hello` compared with what is stored ([`Memory`]), pages of stored
//! verdicts ([`page`]), the session after its welcome ([`Session`]), and where a reader stands in each feed ([`Subscribed`]).
//!
//! Sockets run it over PostgreSQL; the simulator runs the same over a store in memory.

mod memory;
mod results;
mod session;
mod subscriptions;

pub use self::memory::{Memory, remembered};
pub use self::results::{ResultsPage, page};
pub use self::session::{Session, Step, Writing, is_batch};
pub use self::subscriptions::{State, Subscribed, mode, reset_frame};

//! Handhelds: each has a key of its own that never leaves it, is let in by an administrator, and can be shut out at once.
//!
//! An administrator makes a code ([`enrol`]); the device sends it with its public key; both screens show the same six digits and the
//! administrator confirms them. From then on the device proves itself with every request that concerns it alone ([`DeviceProof`]), and buys
//! the one-time tickets that open a socket ([`redeem_ticket`]).

mod change;
mod code;
mod enrol;
mod key;
mod proof;
mod revoke;
mod routes;
mod signed;
mod store;
mod tickets;
mod views;

pub use self::proof::DeviceProof;
pub(super) use self::proof::ProofMemory;
pub(super) use self::routes::routes;
pub use self::signed::Signed;
pub(super) use self::store::lock_at_work;
pub use self::store::{Device, DeviceState};
pub(super) use self::store::{lock, lock_active};
pub use self::tickets::{Session, device_session, redeem_ticket};

//! Push: what wakes a phone in a pocket, or says in one line what it is needed for.
//!
//! Never the truth: the feeds are, and a phone that wakes reads them. A notice may come late, twice or not at all; it names what it is about by ids and carries
//! nothing that a lock screen must not show. Two ways lead to a phone: Firebase Cloud Messaging (HTTP v1, `fcm`) for a native app, and Web Push (RFC 8030, encrypted by RFC 8291,
//! signed by RFC 8292, `web`) for a browser.
//!
//! 1. A phone [registers](routes()) where it is reached, for its signed-in user; the next worker on a shared phone takes the address over.
//! 2. Whoever changes something queues a [`Notice`] in the transaction of the change (`Ledger::tell`), as the job [`TELL`].
//! 3. [`tell()`] makes one job [`SEND`] for each phone its person is signed in on; [`send()`] sends it, unless it is [quiet](quiet_hours) there.
//!
//! An address that its service does not know any more is dropped with its registration.

mod content;
mod fcm;
mod notice;
mod outcome;
mod quiet_hours;
mod register;
mod routes;
mod send;
mod sender;
mod service_account;
mod store;
mod subscription;
mod tell;
mod vapid;
mod views;
mod web;

pub use self::notice::{News, Notice};
pub use self::quiet_hours::quiet_until;
pub(super) use self::routes::routes;
pub use self::send::{SEND, send};
pub use self::sender::Push;
pub use self::tell::{TELL, tell};

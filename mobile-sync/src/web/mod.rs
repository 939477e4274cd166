//! The handheld in a browser: the client core, its store and what screens show, behind calls that take and return JSON.
//!
//! A page may not wait, and IndexedDB answers later: so the store here is a [`Mirror`] in memory that notes what was changed. Every call
//! returns these changes beside its answer; whoever called writes them in one durable transaction, and only then says "saved" and does
//! the effects. If that fails, this core is thrown away and another one opened from what is kept: the same contract as [`Store`](crate::store::Store)'s.
//!
//! Nothing here is particular to WebAssembly but `bindings`, so that the same calls are tested natively and both builds are
//! held against the same recorded vectors.

mod asked;
#[cfg(feature = "web")]
mod bindings;
mod core;
mod kept;
mod mirror;
mod told;
mod view;

pub use self::core::{Answer, Core};
pub use self::mirror::Mirror;

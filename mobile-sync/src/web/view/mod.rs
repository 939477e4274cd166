//! What screens show, as JSON: `server/web/src/core/contract.ts` says the same in TypeScript.

mod act;
mod item;
mod lists;
mod names;
mod state;

pub(super) use self::act::{ActLine, acts, journal};
pub(super) use self::item::item;
pub(super) use self::lists::{items, queues};
pub(super) use self::names::{resolved, scanned};
pub(super) use self::state::State;

//! The one door: entries go in, one stored verdict per entry comes out. Nothing else changes an item.

mod ledger;

pub use self::ledger::{Actor, Cause, Ledger, Receipt, Record, Subject, Topic, Watermark};

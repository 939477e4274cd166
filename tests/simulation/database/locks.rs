//! Row locks.

use std::collections::BTreeMap;

use floorline_domain::{CaseId, ItemId, LabelId, OrderId, StreamId, UserId};

/// A transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TxId(pub(crate) u64);

/// A row that is locked, in the protocol's order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Stream(StreamId),
    Case(CaseId),
    Order(OrderId),
    Item(ItemId),
    Label(LabelId),
    Shift(UserId),
    Topic(String),
}

/// Who holds which row.
#[derive(Debug, Default)]
pub(crate) struct Locks(BTreeMap<Key, TxId>);

impl Locks {
    /// Takes the rows one after another; false at the first that another transaction holds. What was taken stays taken.
    pub(crate) fn take(&mut self, tx: TxId, keys: impl IntoIterator<Item = Key>) -> bool {
        for key in keys {
            if *self.0.entry(key).or_insert(tx) != tx {
                return false;
            }
        }
        true
    }

    /// Whether nobody holds the row.
    pub(crate) fn is_free(&self, key: &Key) -> bool {
        !self.0.contains_key(key)
    }

    /// The transaction ends.
    pub(crate) fn release(&mut self, tx: TxId) {
        self.0.retain(|_, holder| *holder != tx);
    }
}

//! The database: tables in memory, row locks that are held until a transaction ends, commits that happen whole or not at all.
//!
//! What the server does over it is the server's own code; this stands where PostgreSQL stands.

mod commit;
mod history;
mod load;
mod locks;
mod snapshot;
mod tables;

pub(crate) use self::commit::{Commit, prepare};
pub(crate) use self::load::{Found, load, look_up, row_keys};
pub(crate) use self::locks::{Key, Locks, TxId};
pub(crate) use self::snapshot::snapshot;
pub(crate) use self::tables::{CaseRow, ReceiptRow, StreamRow, Tables, TopicRow};

/// The database of the installation.
pub(crate) struct Database {
    pub(crate) tables: Tables,
    pub(crate) locks: Locks,
    /// It takes connections.
    pub(crate) up: bool,
    /// Each start of it ends what was open before.
    pub(crate) life: u32,
    /// The next commits whose outcome nobody is told; whether they happen.
    pub(crate) unknown_commits: Vec<bool>,
    /// The copy that was put away last.
    pub(crate) backup: Option<Box<Tables>>,
    transactions: u64,
}

impl Database {
    pub(crate) fn new(tables: Tables) -> Self {
        Self {
            tables,
            locks: Locks::default(),
            up: true,
            life: 0,
            unknown_commits: Vec::new(),
            backup: None,
            transactions: 0,
        }
    }

    /// A new transaction.
    pub(crate) fn begin(&mut self) -> TxId {
        self.transactions += 1;
        TxId(self.transactions)
    }

    /// Stops at once: what is open is gone.
    pub(crate) fn stop(&mut self) {
        self.up = false;
        self.life += 1;
        self.locks = Locks::default();
    }
}

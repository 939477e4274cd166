//! What can go wrong, how often it did, and what could not be tried on this machine.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Every byte comes late.
    Latency,
    /// Connections carry nothing any more, and nobody is told.
    BlackHole,
    /// Connections are reset in the middle of a frame.
    Reset,
    /// A few bytes at a time.
    Slicing,
    /// `kill -9` of a server.
    Kill,
    /// Each server in turn is asked to stop, as a deployment does (SIGTERM), and started again.
    Replace,
    /// A server stands still for half a minute, with all it holds, and goes on.
    Pause,
    /// PostgreSQL stops at once (`pg_ctl stop -m immediate`) and recovers.
    DatabaseStop,
    /// Nobody gets a connection to PostgreSQL.
    Connections,
    /// No room for another row.
    DiskFull,
    /// A dump taken under load replaces the database.
    Restore,
}

impl Kind {
    /// Those that are drawn while everybody works; the restore comes at the end.
    pub(super) const DRAWN: [Self; 10] = [
        Self::Latency,
        Self::BlackHole,
        Self::Reset,
        Self::Slicing,
        Self::Kill,
        Self::Replace,
        Self::Pause,
        Self::DatabaseStop,
        Self::Connections,
        Self::DiskFull,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::BlackHole => "black_hole",
            Self::Reset => "reset_mid_frame",
            Self::Slicing => "slicing",
            Self::Kill => "kill_server",
            Self::Replace => "rolling_restart",
            Self::Pause => "stop_server_30s",
            Self::DatabaseStop => "stop_database_immediate",
            Self::Connections => "connection_limit",
            Self::DiskFull => "disk_full",
            Self::Restore => "restore",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What came of trying a fault.
pub(super) enum Struck {
    /// It happened; in a few words.
    Hit(String),
    /// It did not, because.
    NotRun(String),
}

/// Counts faults.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<BTreeMap<Kind, Count>>);

#[derive(Debug, Default)]
struct Count {
    hits: u64,
    not_run: Option<String>,
}

impl Faults {
    pub(super) fn note(&self, kind: Kind, struck: &Struck) {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = faults.entry(kind).or_default();
        match struck {
            Struck::Hit(_) => count.hits += 1,
            Struck::NotRun(why) => count.not_run = Some(why.clone()),
        }
    }

    /// By kind: how often, or why not. A fault that did not happen is never counted.
    pub(super) fn json(&self) -> Value {
        let faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = faults.iter().map(|(kind, count)| {
            let said = match &count.not_run {
                Some(why) if count.hits == 0 => json!(format!("not run: {why}")),
                _ => json!(count.hits),
            };
            (kind.name().to_owned(), said)
        });
        Value::Object(told.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_run_is_no_count() {
        let faults = Faults::default();
        faults.note(Kind::Kill, &Struck::Hit(String::new()));
        faults.note(Kind::Kill, &Struck::Hit(String::new()));
        faults.note(Kind::DiskFull, &Struck::NotRun("no room".to_owned()));
        assert_eq!(faults.json(), json!({ "kill_server": 2, "disk_full": "not run: no room" }));
    }
}

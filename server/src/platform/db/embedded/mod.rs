//! A private PostgreSQL cluster in the data folder, run from the PostgreSQL installed on the machine.
//!
//! A floor starts with one binary and no database administrator, so when `DATABASE_URL` is unset the server makes, starts, watches and stops a cluster of
//! its own. It listens on a Unix socket only, in a folder nobody else may enter; that folder is the password.
//!
//! ```text
//! <data>/lock            held by the one instance that may use the folder
//! <data>/cluster/data    what initdb made
//! <data>/cluster/run     the socket
//! <data>/cluster/log     what PostgreSQL says
//! ```
//!
//! Two things are less simple than they look:
//! - PostgreSQL refuses to run as root. Started by root, the cluster runs as `postgres` or else `nobody`, and moves to `/var/lib/floorline` (with
//!   `<data>/cluster` a symbolic link to it) when that user cannot reach the data folder.
//! - A server killed with `kill -9` leaves its postmaster running. The next server takes the lock and *adopts* it. A postmaster killed the same way may leave
//!   backends that hold the shared memory for seconds; starting is tried again for up to a minute.

mod binaries;
mod cluster;
mod home;
mod lock;
mod postmaster;

use std::path::PathBuf;

pub use binaries::program;
pub use cluster::{Cluster, postmaster_pid, running_url};

/// The superuser that `initdb` makes; it owns the cluster and logs in through the socket only.
pub const SUPERUSER: &str = "postgres";

/// The login of the server itself: no superuser, and nothing of the roles it may take comes to it unasked.
pub const LOGIN: &str = "floorline";

/// The database that holds everything.
pub const DATABASE: &str = "floorline";

/// Why the cluster could not be opened, kept or stopped. Each message says what a person can do.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Another instance holds the data folder's lock.
    #[error("{} is in use by another Floorline{holder}; stop it or choose another data folder", folder.display())]
    Locked {
        /// The data folder.
        folder: PathBuf,
        /// ` (process 4711)` when known, else nothing.
        holder: String,
    },
    /// No usable PostgreSQL on this machine.
    #[error(
        "no PostgreSQL {needed} found (looked in PATH, /usr/lib/postgresql, /usr/pgsql-*, Homebrew); install it or set DATABASE_URL"
    )]
    NoPostgres {
        /// The version asked for, such as `15 or newer`.
        needed: String,
    },
    /// Started by root, and there is no user to run PostgreSQL as.
    #[error("PostgreSQL does not run as root, and neither `postgres` nor `nobody` is in /etc/passwd")]
    NoUser,
    /// A file or folder of the cluster cannot be used.
    #[error("{}: {source}", path.display())]
    Folder {
        /// What was touched.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program could not be run.
    #[error("cannot run {program}: {source}")]
    Run {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// `initdb` failed.
    #[error("initdb failed: {output}")]
    Init {
        /// What it printed.
        output: String,
    },
    /// The postmaster did not come up.
    #[error("PostgreSQL did not start: {detail}")]
    Start {
        /// The end of its log.
        detail: String,
    },
    /// The postmaster did not end, not even when told to drop everything.
    #[error("PostgreSQL (process {pid}) does not stop")]
    Stop {
        /// Its process id.
        pid: u32,
    },
    /// The cluster runs, but its database cannot be made or reached.
    #[error("the embedded database cannot be reached: {0}")]
    Connect(#[from] diesel::ConnectionError),
    /// A statement on the new cluster failed.
    #[error("the embedded database cannot be prepared: {0}")]
    Prepare(#[from] diesel::result::Error),
}

//! The cluster as the rest of the server sees it.

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use diesel::sql_types::Text;
use diesel::{OptionalExtension, QueryableByName};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::platform::telemetry::names;

use super::home::{Home, make_data_folder};
use super::lock::InstanceLock;
use super::postmaster::{self, Postmaster, Retry};
use super::{ClusterError, DATABASE, LOGIN, SUPERUSER};

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A running private PostgreSQL, and the right to use its data folder.
///
/// Dropping it gives the folder up but leaves PostgreSQL running, as a `kill -9` would; whoever opened it calls [`Cluster::stop`] on the way out.
#[derive(Debug)]
pub struct Cluster {
    postmaster: Postmaster,
    socket_dir: PathBuf,
    /// True once stopped. Held while the postmaster is started or stopped, so that neither undoes the other.
    stopped: Mutex<bool>,
    _lock: InstanceLock,
}

impl Cluster {
    /// Takes the data folder, and makes, starts or adopts its cluster; its database exists afterwards.
    pub async fn open(data: &Path) -> Result<Self, ClusterError> {
        let began = Instant::now();
        let data = make_data_folder(data)?;
        let lock = InstanceLock::take(&data).await?;
        let postmaster = Postmaster::prepare(Home::open(&data)?).await?;
        let adopted = postmaster.find().is_some();
        let running = postmaster.ensure(Retry::Leftovers, &CancellationToken::new()).await?;
        let cluster = Self { postmaster, socket_dir: running.socket_dir, stopped: Mutex::new(false), _lock: lock };
        cluster.make_database().await?;
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(folder = %data.display(), pid = running.pid, adopted, duration_ms, "the embedded database is ready");
        Ok(cluster)
    }

    /// The address of a database of this cluster for one of its roles.
    #[must_use]
    pub fn url(&self, role: &str, database: &str) -> String {
        socket_url(&self.socket_dir, role, database)
    }

    /// The address of Floorline's database for the superuser, who owns everything: migrations only.
    #[must_use]
    pub fn owner_url(&self) -> String {
        self.url(SUPERUSER, DATABASE)
    }

    /// The address of Floorline's database for the server: a login that row-level security holds. See [`Cluster::make_login`].
    #[must_use]
    pub fn server_url(&self) -> String {
        self.url(LOGIN, DATABASE)
    }

    /// Makes the server's login if absent, a member of the four roles; to be called once migrations have made those.
    ///
    /// # Errors
    /// The database cannot be reached, or the roles are not there.
    pub async fn make_login(&self) -> Result<(), ClusterError> {
        let mut connection = AsyncPgConnection::establish(&self.owner_url()).await?;
        Ok(connection.batch_execute(include_str!("login.sql")).await?)
    }

    /// The postmaster's process id, while there is one.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.postmaster.find().map(|running| running.pid)
    }

    /// Starts the postmaster again whenever it dies, until cancelled. An error means it stayed down for a minute; the server should end then.
    pub async fn watch(&self, cancel: CancellationToken) -> Result<(), ClusterError> {
        while cancel.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
            if self.postmaster.find().is_some() {
                continue;
            }
            let stopped = self.stopped.lock().await;
            if *stopped {
                break;
            }
            let began = Instant::now();
            tracing::error!("the embedded database died; starting it again");
            let pid = match self.postmaster.ensure(Retry::Everything, &cancel).await {
                Ok(running) => running.pid,
                Err(_) if cancel.is_cancelled() => break,
                Err(error) => return Err(error),
            };
            let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            metrics::counter!(names::DATABASE_RESTARTS).increment(1);
            tracing::info!(pid, duration_ms, "the embedded database is back");
        }
        Ok(())
    }

    /// Ends the postmaster and waits until it is gone. A second call does nothing.
    pub async fn stop(&self) -> Result<(), ClusterError> {
        let mut stopped = self.stopped.lock().await;
        *stopped = true;
        self.postmaster.stop().await
    }

    async fn make_database(&self) -> Result<(), ClusterError> {
        let mut connection = AsyncPgConnection::establish(&self.url(SUPERUSER, "postgres")).await?;
        let found = diesel::sql_query("SELECT datname::text AS name FROM pg_database WHERE datname = $1")
            .bind::<Text, _>(DATABASE)
            .get_result::<DatabaseName>(&mut connection)
            .await
            .optional()?;
        if found.is_none() {
            diesel::sql_query(format!("CREATE DATABASE {DATABASE}")).execute(&mut connection).await?;
        }
        Ok(())
    }
}

#[derive(QueryableByName)]
struct DatabaseName {
    #[diesel(sql_type = Text)]
    #[expect(dead_code, reason = "only its presence matters")]
    name: String,
}

/// The process id of the postmaster that serves this data folder, whoever runs it.
#[must_use]
pub fn postmaster_pid(data: &Path) -> Option<u32> {
    postmaster::find(&Home::existing_data(data)?).map(|running| running.pid)
}

/// The address of Floorline's database in this data folder for `role`, if its cluster is running, whoever runs it.
#[must_use]
pub fn running_url(data: &Path, role: &str) -> Option<String> {
    let running = postmaster::find(&Home::existing_data(data)?)?;
    Some(socket_url(&running.socket_dir, role, DATABASE))
}

fn socket_url(socket_dir: &Path, role: &str, database: &str) -> String {
    let mut host = String::new();
    for byte in socket_dir.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => host.push(char::from(*byte)),
            // Writing to a string cannot fail.
            other => _ = write!(host, "%{other:02X}"),
        }
    }
    format!("postgres://{role}@{host}/{database}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_folder_becomes_the_host_of_an_address() {
        assert_eq!(
            socket_url(Path::new("/var/a b/é.x"), "postgres", "floorline"),
            "postgres://postgres@%2Fvar%2Fa%20b%2F%C3%A9%2Ex/floorline"
        );
    }
}

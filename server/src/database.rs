//! The database as every command opens it: the one `DATABASE_URL` names, or the embedded one, and in either case with all migrations.

use std::sync::Arc;

use crate::platform::config::{Config, Secret};
use crate::platform::db::embedded::{self, Cluster, ClusterError, LOGIN, SUPERUSER};
use crate::platform::db::migrate;

/// An open database. Cheap to clone; closed once, by whoever opened it.
#[derive(Clone, Debug)]
pub struct Database {
    url: Secret<String>,
    owner_url: Secret<String>,
    /// The embedded cluster, if this process runs it.
    pub cluster: Option<Arc<Cluster>>,
}

impl Database {
    /// For a server: takes the data folder for itself unless `DATABASE_URL` is set, and brings the schema up to date.
    ///
    /// # Errors
    /// Another server has the folder, the database cannot be reached, or a migration failed.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        let database = Self::start(config).await?;
        database.migrate().await
    }

    /// For a command beside a server that may be running: uses that server's embedded database, or starts it for as long as the command takes.
    ///
    /// # Errors
    /// As [`Database::open`], but for the folder.
    pub async fn join(config: &Config) -> anyhow::Result<Self> {
        match Self::start(config).await {
            Ok(database) => database.migrate().await,
            Err(ClusterError::Locked { folder, holder }) => {
                let url = |role| embedded::running_url(&config.data.folder, role).map(Secret::new);
                let (Some(url), Some(owner_url)) = (url(LOGIN), url(SUPERUSER)) else {
                    return Err(ClusterError::Locked { folder, holder }.into());
                };
                Ok(Self { url, owner_url, cluster: None })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// For the server's own login.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.expose()
    }

    /// For whom everything belongs to: migrations, and looking at everything.
    #[must_use]
    pub fn owner_url(&self) -> &str {
        self.owner_url.expose()
    }

    /// Stops the embedded cluster, if this process runs it.
    ///
    /// # Errors
    /// It does not stop.
    pub async fn close(&self) -> anyhow::Result<()> {
        match &self.cluster {
            Some(cluster) => Ok(cluster.stop().await?),
            None => Ok(()),
        }
    }

    async fn start(config: &Config) -> Result<Self, ClusterError> {
        if let Some(url) = &config.database.url {
            return Ok(Self { url: url.clone(), owner_url: url.clone(), cluster: None });
        }
        let cluster = Cluster::open(&config.data.folder).await?;
        let (url, owner_url) = (Secret::new(cluster.server_url()), Secret::new(cluster.owner_url()));
        Ok(Self { url, owner_url, cluster: Some(Arc::new(cluster)) })
    }

    async fn migrate(self) -> anyhow::Result<Self> {
        let migrated = async {
            let applied = migrate::up(self.owner_url()).await?;
            if !applied.is_empty() {
                tracing::info!(count = applied.len(), "migrations applied");
            }
            if let Some(cluster) = &self.cluster {
                cluster.make_login().await?;
            }
            anyhow::Ok(())
        };
        match migrated.await {
            Ok(()) => Ok(self),
            Err(error) => {
                self.close().await?;
                Err(error)
            }
        }
    }
}

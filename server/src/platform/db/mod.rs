//! PostgreSQL: pools by role, migrations, and the cluster the binary runs by itself when no other is named.
//!
//! One login, four roles (`docs/decisions/0006-roles-and-row-level-security.md`): every pool does `SET ROLE` when a connection opens, so what a
//! connection may see is decided once, by the pool it comes from. Features never take a connection here; they open a
//! [`crate::platform::tenancy::TenantTx`].

pub mod embedded;
pub mod epoch;
mod fault;
mod line;
pub mod migrate;
mod pipeline;
mod pool;
pub mod schema;
mod sql;
mod transaction;
mod verify;

use std::sync::Arc;

use diesel_async::pooled_connection::deadpool::{Object, Pool, PoolError};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use tokio::runtime::Handle;

pub use self::fault::{Fault, fault};
pub use self::line::{Line, LineError};
pub use self::pipeline::{execute_all, together};
pub use self::sql::{Statement, sql};
pub use self::transaction::{First, Transaction};

/// A pooled connection of one role.
pub type Connection = Object<AsyncPgConnection>;

/// Which of the four roles a pool's connections take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `floorline_app`: every row of the organisation named by `app.org_id`.
    App,
    /// `floorline_brand`: the brand views, read only.
    Brand,
    /// `floorline_poll`: heads of topics and ids of due jobs, of all organisations.
    Poll,
    /// `floorline_owner`: migrations, partitions and pruning.
    Owner,
}

impl Role {
    /// All four.
    pub const ALL: [Self; 4] = [Self::App, Self::Brand, Self::Poll, Self::Owner];

    const fn name(self) -> &'static str {
        match self {
            Self::App => "floorline_app",
            Self::Brand => "floorline_brand",
            Self::Poll => "floorline_poll",
            Self::Owner => "floorline_owner",
        }
    }
}

/// The database as the server uses it: one small pool a role. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    app: Pool<AsyncPgConnection>,
    brand: Pool<AsyncPgConnection>,
    poll: Pool<AsyncPgConnection>,
    owner: Pool<AsyncPgConnection>,
    /// Where a line of notifications leads.
    line: Arc<tokio_postgres::Config>,
    /// Where connections live and transactions end: the runtime of whoever made this, which outlives those of single request workers.
    runtime: Handle,
}

/// Why the database could not be opened for serving.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The pool could not be built or gave no connection.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// The login would see more than one organisation.
    #[error("the database login is unsafe: {0}")]
    UnsafeRole(String),
    /// Errors come in another language than the one they are told apart by.
    #[error(
        "PostgreSQL answers in another language (lc_messages = {0:?}), and Floorline tells errors apart by their English words; \
         as a superuser run: ALTER ROLE <the login of DATABASE_URL> SET lc_messages = 'C'"
    )]
    Language(String),
}

impl Db {
    /// Builds the pools for `url`; no connection is made yet. `size` bounds the app pool, the others stay small. To be called on the runtime
    /// that ends last: connections are driven there, whichever runtime asks for them.
    ///
    /// # Errors
    /// [`OpenError::Unreachable`] when a pool cannot be built.
    pub fn new(url: &str, size: usize) -> Result<Self, OpenError> {
        let runtime = Handle::try_current().map_err(|error| OpenError::Unreachable(error.to_string()))?;
        let pool = |role, size| pool::build(url, role, size, &runtime);
        Ok(Self {
            app: pool(Role::App, size)?,
            brand: pool(Role::Brand, size.div_ceil(4).max(2))?,
            poll: pool(Role::Poll, 2)?,
            owner: pool(Role::Owner, 1)?,
            line: Arc::new(line::address(url)?),
            runtime,
        })
    }

    /// Takes a connection of `role` that answers, waiting at most two seconds for one.
    ///
    /// # Errors
    /// [`PoolError`] when none came in time or PostgreSQL refused.
    pub async fn get(&self, role: Role) -> Result<Connection, PoolError> {
        let mut conn = self.take(role).await?;
        match tokio::time::timeout(pool::PATIENCE, conn.batch_execute("SELECT 1")).await {
            Ok(Ok(())) => Ok(conn),
            Ok(Err(_)) | Err(_) => {
                drop(Object::take(conn));
                self.renew(role).await
            }
        }
    }

    /// One that may have died since it was last used: whoever takes it asks something harmless first, and [`Db::renew`]s it when no answer comes.
    async fn take(&self, role: Role) -> Result<Connection, PoolError> {
        self.pool(role).get().await
    }

    /// A new one after another turned out to be dead. Those that lie idle most likely died with it, and are closed.
    async fn renew(&self, role: Role) -> Result<Connection, PoolError> {
        drop(self.pool(role).retain(|_, _| false));
        self.take(role).await
    }

    /// Closes every pool; connections in use are closed when they come back.
    pub fn close(&self) {
        for role in Role::ALL {
            self.pool(role).close();
        }
    }

    const fn pool(&self, role: Role) -> &Pool<AsyncPgConnection> {
        match role {
            Role::App => &self.app,
            Role::Brand => &self.brand,
            Role::Poll => &self.poll,
            Role::Owner => &self.owner,
        }
    }
}

//! PostgreSQL: pools by role, migrations, and the cluster the binary runs by itself when no other is named.
//!
//! One login, four roles (`docs/decisions/0006-roles-and-row-level-security.md`): every pool does `SET ROLE` when a connection opens, so what a
//! connection may see is decided once, by the pool it comes from. Features never take a connection here; they open a
//! [`crate::platform::tenancy::TenantTx`].

pub mod embedded;
pub mod migrate;
pub mod schema;
mod sql;

use std::time::Duration;

use diesel_async::pooled_connection::deadpool::{Object, Pool, PoolError};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
use futures_util::FutureExt as _;

pub use self::sql::{Statement, sql};

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
    /// `floorline_owner`: migrations and partitions.
    Owner,
}

impl Role {
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
}

impl Db {
    /// Builds the pools for `url`; no connection is made yet. `size` bounds the app pool, the others stay small.
    ///
    /// # Errors
    /// [`OpenError::Unreachable`] when a pool cannot be built.
    pub fn new(url: &str, size: usize) -> Result<Self, OpenError> {
        Ok(Self {
            app: pool(url, Role::App, size)?,
            brand: pool(url, Role::Brand, size.div_ceil(4).max(2))?,
            poll: pool(url, Role::Poll, 2)?,
            owner: pool(url, Role::Owner, 1)?,
        })
    }

    /// Takes a connection of `role`, waiting at most two seconds for one.
    ///
    /// # Errors
    /// [`PoolError`] when none came in time or PostgreSQL refused.
    pub async fn get(&self, role: Role) -> Result<Connection, PoolError> {
        match role {
            Role::App => self.app.get().await,
            Role::Brand => self.brand.get().await,
            Role::Poll => self.poll.get().await,
            Role::Owner => self.owner.get().await,
        }
    }

    /// Refuses a login that row-level security would not hold: a superuser, one with BYPASSRLS, or an app role that owns tables.
    ///
    /// # Errors
    /// [`OpenError`] in words for the terminal.
    pub async fn verify_roles(&self) -> Result<(), OpenError> {
        use diesel_async::RunQueryDsl as _;
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Text)]
            current: String,
            #[diesel(sql_type = diesel::sql_types::Bool)]
            unsafe_login: bool,
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            owned: i64,
        }
        let unreachable = |error: String| OpenError::Unreachable(error);
        let mut conn = self.get(Role::App).await.map_err(|error| unreachable(error.to_string()))?;
        let row: Row = sql(
            "SELECT current_user::text AS current, \
             (SELECT bool_or(r.rolsuper OR r.rolbypassrls) FROM pg_roles r WHERE r.rolname IN (current_user, session_user)) AS unsafe_login, \
             (SELECT count(*) FROM pg_class c WHERE c.relowner = current_user::regrole::oid AND c.relkind IN ('r', 'p')) AS owned",
        )
        .get_result(&mut conn)
        .await
        .map_err(|error| unreachable(error.to_string()))?;
        if row.current != Role::App.name() {
            return Err(OpenError::UnsafeRole(format!(
                "connections act as {} instead of {}",
                row.current,
                Role::App.name()
            )));
        }
        if row.unsafe_login {
            return Err(OpenError::UnsafeRole("the login is a superuser or may bypass row-level security".into()));
        }
        if row.owned > 0 {
            return Err(OpenError::UnsafeRole("floorline_app owns tables; only floorline_owner may".into()));
        }
        Ok(())
    }

    /// Closes every pool; connections in use are closed when they come back.
    pub fn close(&self) {
        for pool in [&self.app, &self.brand, &self.poll, &self.owner] {
            pool.close();
        }
    }
}

fn pool(url: &str, role: Role, size: usize) -> Result<Pool<AsyncPgConnection>, OpenError> {
    let mut config = ManagerConfig::<AsyncPgConnection>::default();
    config.custom_setup = Box::new(move |url| {
        let url = url.to_owned();
        async move {
            let mut conn = AsyncPgConnection::establish(&url).await?;
            let setup = format!(
                "SET ROLE {}; SET lock_timeout = '2s'; SET statement_timeout = '5s'; SET idle_in_transaction_session_timeout = '60s'; SET TIME ZONE 'UTC'",
                role.name()
            );
            conn.batch_execute(&setup).await.map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
            Ok(conn)
        }
        .boxed()
    });
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config(url, config);
    Pool::builder(manager)
        .max_size(size)
        .wait_timeout(Some(Duration::from_secs(2)))
        .create_timeout(Some(Duration::from_secs(2)))
        .runtime(deadpool::Runtime::Tokio1)
        .build()
        .map_err(|error| OpenError::Unreachable(error.to_string()))
}

/// Whether PostgreSQL's answer says "try again": deadlocks, lock and statement timeouts, a full disk, too many connections, a lost
/// connection (classes 08, 40, 53, 55P03, 57, 58 of `sync-protocol.md` section 8). Diesel hides the SQLSTATE, so messages are read;
/// the cluster speaks English (`lc_messages = C`, set by the pool where permitted). Anything unknown counts as our own fault.
pub fn is_transient(error: &diesel::result::Error) -> bool {
    use diesel::result::{DatabaseErrorKind as Kind, Error};
    match error {
        Error::DatabaseError(Kind::UnableToSendCommand | Kind::ClosedConnection | Kind::SerializationFailure, _)
        | Error::BrokenTransactionManager => true,
        Error::DatabaseError(Kind::Unknown, info) => {
            const SIGNS: [&str; 12] = [
                "deadlock detected",
                "lock timeout",
                "statement timeout",
                "canceling statement",
                "terminating connection",
                "shutting down",
                "starting up",
                "in recovery mode",
                "too many connections",
                "remaining connection slots",
                "No space left on device",
                "out of memory",
            ];
            SIGNS.iter().any(|sign| info.message().contains(sign))
        }
        _ => false,
    }
}

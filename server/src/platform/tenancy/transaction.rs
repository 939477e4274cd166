//! The only door to the database for features: a transaction that belongs to one organisation.
//!
//! An owned guard and not a closure, so that it passes through `async` code freely: begin on open, commit by value,
//! roll back on drop. `app.org_id` is set before anything else can run; row-level security does the rest.

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use floorline_domain::OrgId;

use crate::platform::db::{Connection, Db, Role};
use crate::platform::http::ApiError;

/// A transaction of `floorline_app` in one organisation. Stores take `&mut TenantTx` and nothing else.
pub struct TenantTx(Guarded);

/// A read-only transaction of `floorline_brand`: the brand views, as the brand sees them.
pub struct BrandTx(Guarded);

/// An open transaction that rolls back unless it was committed.
struct Guarded {
    conn: Option<Connection>,
    org: OrgId,
}

impl TenantTx {
    /// Begins a transaction for `org`.
    ///
    /// # Errors
    /// [`ApiError`] `DB_BUSY` when no connection came in time or PostgreSQL is away.
    pub async fn open(db: &Db, org: OrgId) -> Result<Self, ApiError> {
        Guarded::open(db, Role::App, org, "BEGIN").await.map(Self)
    }

    /// Begins a transaction in which every statement sees the same moment; for snapshots.
    ///
    /// # Errors
    /// As [`TenantTx::open`].
    pub async fn open_snapshot(db: &Db, org: OrgId) -> Result<Self, ApiError> {
        Guarded::open(db, Role::App, org, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map(Self)
    }

    /// The organisation every statement of this transaction belongs to.
    pub const fn org(&self) -> OrgId {
        self.0.org
    }

    /// The connection, for the stores.
    pub fn conn(&mut self) -> &mut AsyncPgConnection {
        self.0.conn()
    }

    /// Makes the transaction's work durable. Returns only after PostgreSQL confirmed it.
    ///
    /// # Errors
    /// [`ApiError`]; when the connection died here the outcome is unknown.
    pub async fn commit(self) -> Result<(), ApiError> {
        self.0.commit().await
    }
}

impl BrandTx {
    /// Begins a read-only transaction in which `brand` is the reader.
    ///
    /// # Errors
    /// As [`TenantTx::open`].
    pub async fn open(db: &Db, brand: OrgId) -> Result<Self, ApiError> {
        Guarded::open(db, Role::Brand, brand, "BEGIN READ ONLY").await.map(Self)
    }

    /// Begins one in which every statement sees the same moment; for snapshots.
    ///
    /// # Errors
    /// As [`TenantTx::open`].
    pub async fn open_snapshot(db: &Db, brand: OrgId) -> Result<Self, ApiError> {
        Guarded::open(db, Role::Brand, brand, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map(Self)
    }

    /// The brand that reads.
    pub const fn brand(&self) -> OrgId {
        self.0.org
    }

    /// The connection, for the stores.
    pub fn conn(&mut self) -> &mut AsyncPgConnection {
        self.0.conn()
    }
}

impl Guarded {
    async fn open(db: &Db, role: Role, org: OrgId, begin: &str) -> Result<Self, ApiError> {
        // The guard exists before the first statement, so a cancelled future rolls back too.
        let mut guarded = Self { conn: Some(db.get(role).await?), org };
        // One round trip. A uuid cannot carry anything but hexadecimal digits into the text.
        let opening = format!("{begin}; SELECT set_config('app.org_id', '{}', true)", org.0);
        guarded.conn().batch_execute(&opening).await?;
        Ok(guarded)
    }

    #[expect(clippy::expect_used, reason = "only `commit` and `drop` take the connection, and both consume the guard")]
    fn conn(&mut self) -> &mut AsyncPgConnection {
        self.conn.as_mut().expect("an open transaction has its connection")
    }

    async fn commit(mut self) -> Result<(), ApiError> {
        self.conn().batch_execute("COMMIT").await?;
        // Back to the pool, committed: nothing is left for `drop` to undo.
        drop(self.conn.take());
        Ok(())
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    if conn.batch_execute("ROLLBACK").await.is_err() {
                        discard(conn);
                    }
                });
            }
            Err(_) => discard(conn),
        }
    }
}

/// Closes a connection instead of handing its open transaction to the next user.
fn discard(conn: Connection) {
    drop(diesel_async::pooled_connection::deadpool::Object::take(conn));
}

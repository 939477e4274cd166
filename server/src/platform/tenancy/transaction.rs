//! The only door to the database for features: a transaction that belongs to one organisation.
//!
//! An owned guard and not a closure, so that it passes through `async` code freely: begin on open, commit by value,
//! roll back on drop ([`Transaction`]). `app.org_id` is set before anything else can run; row-level security does the rest.

use diesel_async::AsyncPgConnection;
use floorline_domain::OrgId;

use crate::platform::db::{Db, First, Role, Statement, Transaction};
use crate::platform::http::ApiError;

/// The tables that can grow by thousands of rows between two looks of autovacuum; with a thousand rows in them, going by keys is the better plan by far.
const PLANNED_ONCE: &str = "set_config('plan_cache_mode', CASE WHEN min(reltuples) >= 1000 THEN 'force_generic_plan' ELSE 'auto' END, true) \
                            FROM pg_class WHERE oid IN ('items'::regclass, 'labels'::regclass, 'sync_receipts'::regclass)";

/// A transaction of `floorline_app` in one organisation. Stores take `&mut TenantTx` and nothing else.
pub struct TenantTx {
    transaction: Transaction,
    org: OrgId,
}

/// A read-only transaction of `floorline_brand`: the brand views, as the brand sees them.
pub struct BrandTx {
    transaction: Transaction,
    brand: OrgId,
}

impl TenantTx {
    /// Begins a transaction for `org`.
    ///
    /// # Errors
    /// [`ApiError`] `DB_BUSY` when no connection came in time or PostgreSQL is away.
    pub async fn open(db: &Db, org: OrgId) -> Result<Self, ApiError> {
        Ok(Self { transaction: open(db, Role::App, org, "BEGIN").await?, org })
    }

    /// Begins a transaction of statements that find all they want by keys, and sends `first` of them in the same round trip.
    ///
    /// They are planned once a connection and not once an execution, which costs them more than running: whatever the values, the indexes are the same.
    /// That holds once PostgreSQL knows the tables to be large. Of empty ones it makes plans that read a whole organisation's rows and keeps them
    /// until the next ANALYZE, so that before the first one each execution is planned for the size that tables really have.
    ///
    /// # Errors
    /// As [`TenantTx::open`], and those of `first`.
    pub async fn open_by_keys<T: Send>(db: &Db, org: OrgId, first: &First<'_, T>) -> Result<(Self, T), ApiError> {
        let begin = format!("BEGIN; SELECT set_config('app.org_id', '{}', true), {PLANNED_ONCE}", org.0);
        let (transaction, answer) = db.begin_with(Role::App, &begin, first).await?;
        Ok((Self { transaction, org }, answer))
    }

    /// Begins a transaction in which every statement sees the same moment; for snapshots.
    ///
    /// # Errors
    /// As [`TenantTx::open`].
    pub async fn open_snapshot(db: &Db, org: OrgId) -> Result<Self, ApiError> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(Self { transaction: open(db, Role::App, org, begin).await?, org })
    }

    /// The organisation every statement of this transaction belongs to.
    pub const fn org(&self) -> OrgId {
        self.org
    }

    /// The connection, for the stores.
    pub fn conn(&mut self) -> &mut AsyncPgConnection {
        self.transaction.conn()
    }

    /// The connection, for statements that are sent one behind the other ([`crate::platform::db::together`]).
    pub fn pipe(&self) -> &AsyncPgConnection {
        self.transaction.pipe()
    }

    /// Executes `last` and makes the transaction's work durable, in one round trip.
    ///
    /// # Errors
    /// That of `last`; then nothing was stored, unless the connection died. Or as [`TenantTx::commit`].
    pub async fn commit_with(self, last: Statement<'_>) -> Result<(), ApiError> {
        self.transaction.commit_with(last).await
    }

    /// Makes the transaction's work durable. Returns only after PostgreSQL confirmed it.
    ///
    /// # Errors
    /// [`ApiError`]; when the connection died here the outcome is unknown.
    pub async fn commit(self) -> Result<(), ApiError> {
        self.transaction.commit().await
    }
}

impl BrandTx {
    /// Begins a read-only transaction in which `brand` is the reader.
    ///
    /// # Errors
    /// As [`TenantTx::open`].
    pub async fn open(db: &Db, brand: OrgId) -> Result<Self, ApiError> {
        Ok(Self { transaction: open(db, Role::Brand, brand, "BEGIN READ ONLY").await?, brand })
    }

    /// Begins one in which every statement sees the same moment; for snapshots.
    ///
    /// # Errors
    /// As [`TenantTx::open`].
    pub async fn open_snapshot(db: &Db, brand: OrgId) -> Result<Self, ApiError> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(Self { transaction: open(db, Role::Brand, brand, begin).await?, brand })
    }

    /// The brand that reads.
    pub const fn brand(&self) -> OrgId {
        self.brand
    }

    /// The connection, for the stores.
    pub fn conn(&mut self) -> &mut AsyncPgConnection {
        self.transaction.conn()
    }
}

/// One round trip. A uuid cannot carry anything but hexadecimal digits into the text.
async fn open(db: &Db, role: Role, org: OrgId, begin: &str) -> Result<Transaction, ApiError> {
    db.begin(role, &format!("{begin}; SELECT set_config('app.org_id', '{}', true)", org.0)).await
}

//! A transaction as an owned guard: begun on open, committed by value, rolled back on drop.
//!
//! A handler's future may be dropped at any await: its client hung up, or its worker's runtime ends with the server. The connection then has an open
//! transaction, and perhaps a statement under way. It goes back to its pool only after PostgreSQL confirmed a ROLLBACK, which is asked for on the runtime
//! the connection lives on; in every other case it is closed, and PostgreSQL rolls back by itself.

use std::time::Duration;

use diesel_async::pooled_connection::deadpool::Object;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use tokio::runtime::Handle;

use super::pool::PATIENCE;
use super::{Connection, Db, Role};
use crate::platform::http::ApiError;

/// How long a rollback may take. It waits for the statement that was under way, which has five seconds.
const ROLLBACK_WITHIN: Duration = Duration::from_secs(6);

/// An open transaction that rolls back unless it was committed.
pub struct Transaction {
    conn: Option<Connection>,
    runtime: Handle,
}

impl Db {
    /// Begins a transaction of `role` with the statements `begin`, sent in one round trip. A connection that turns out to be dead is
    /// replaced by a new one: nothing has happened yet.
    ///
    /// # Errors
    /// [`ApiError`] `DB_BUSY` when no connection came in time or PostgreSQL is away.
    pub async fn begin(&self, role: Role, begin: &str) -> Result<Transaction, ApiError> {
        let mut transaction = self.transaction(self.take(role).await?);
        if let Err(error) = transaction.begin(begin).await {
            tracing::debug!(error = %error, "a connection is closed: it could not begin");
            transaction.close();
            transaction = self.transaction(self.renew(role).await?);
            transaction.begin(begin).await?;
        }
        Ok(transaction)
    }

    /// The guard exists before the first statement, so a cancelled future rolls back too.
    fn transaction(&self, conn: Connection) -> Transaction {
        Transaction { conn: Some(conn), runtime: self.runtime.clone() }
    }
}

impl Transaction {
    async fn begin(&mut self, begin: &str) -> Result<(), ApiError> {
        match tokio::time::timeout(PATIENCE, self.conn().batch_execute(begin)).await {
            Ok(begun) => Ok(begun?),
            Err(_) => Err(ApiError::busy("The database does not answer. Nothing was stored; try again.")),
        }
    }

    /// Gives the connection up instead of asking it for a rollback.
    fn close(mut self) {
        if let Some(conn) = self.conn.take() {
            drop(Object::take(conn));
        }
    }

    /// The connection, for statements of the transaction.
    #[expect(clippy::expect_used, reason = "only `commit` and `drop` take the connection, and both consume the guard")]
    pub fn conn(&mut self) -> &mut AsyncPgConnection {
        self.conn.as_mut().expect("an open transaction has its connection")
    }

    /// Makes the transaction's work durable. Returns only after PostgreSQL confirmed it.
    ///
    /// # Errors
    /// [`ApiError`]; when the connection died here the outcome is unknown.
    pub async fn commit(mut self) -> Result<(), ApiError> {
        self.conn().batch_execute("COMMIT").await?;
        // Back to the pool, committed: nothing is left for `drop` to undo.
        drop(self.conn.take());
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            self.runtime.spawn(Unfinished(Some(conn)).roll_back());
        }
    }
}

/// A connection that nobody may use again as it is. Dropped, even by a runtime that ends, it is closed.
struct Unfinished(Option<Connection>);

impl Unfinished {
    async fn roll_back(mut self) {
        let Some(conn) = self.0.as_mut() else { return };
        match tokio::time::timeout(ROLLBACK_WITHIN, conn.batch_execute("ROLLBACK")).await {
            Ok(Ok(())) => drop(self.0.take()),
            Ok(Err(error)) => tracing::debug!(error = %error, "a connection is closed: it could not roll back"),
            Err(_) => tracing::warn!("a connection is closed: it does not answer"),
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(conn) = self.0.take() {
            drop(Object::take(conn));
        }
    }
}

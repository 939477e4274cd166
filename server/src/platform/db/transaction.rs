//! A transaction as an owned guard: begun on open, committed by value, rolled back on drop.
//!
//! A handler's future may be dropped at any await: its client hung up, or its worker's runtime ends with the server. The connection then has an open
//! transaction, and perhaps a statement under way. It goes back to its pool only after PostgreSQL confirmed a ROLLBACK, which is asked for on the runtime
//! the connection lives on; in every other case it is closed, and PostgreSQL rolls back by itself.

use std::future::ready;
use std::time::Duration;

use diesel::result::QueryResult;
use diesel_async::pooled_connection::deadpool::Object;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, try_join};
use tokio::runtime::Handle;

use super::pool::PATIENCE;
use super::{Connection, Db, Role, Statement, sql, together};
use crate::platform::http::ApiError;

/// How long a rollback may take. It waits for the statement that was under way, which has five seconds.
const ROLLBACK_WITHIN: Duration = Duration::from_secs(6);

/// What is asked first in a transaction, of the connection it began on.
pub type First<'f, T> = dyn for<'c> Fn(&'c AsyncPgConnection) -> BoxFuture<'c, QueryResult<T>> + Sync + 'f;

/// An open transaction that rolls back unless it was committed.
pub struct Transaction {
    conn: Option<Connection>,
    runtime: Handle,
}

impl Db {
    /// Begins a transaction of `role` with the statements `begin`, sent in one round trip.
    ///
    /// # Errors
    /// [`ApiError`] `DB_BUSY` when no connection came in time or PostgreSQL is away.
    pub async fn begin(&self, role: Role, begin: &str) -> Result<Transaction, ApiError> {
        let (transaction, ()) = self.begin_with(role, begin, &|_| ready(Ok(())).boxed()).await?;
        Ok(transaction)
    }

    /// Begins a transaction as [`Db::begin`] does and sends `first` behind, in the same round trip. A connection that turns out to be dead is
    /// replaced by a new one, and `first` asked for again: it may read and lock, and nothing else.
    ///
    /// # Errors
    /// As [`Db::begin`], and those of `first`.
    pub async fn begin_with<T: Send>(
        &self,
        role: Role,
        begin: &str,
        first: &First<'_, T>,
    ) -> Result<(Transaction, T), ApiError> {
        let mut transaction = self.transaction(self.take(role).await?);
        let answer = match transaction.begin(begin, first).await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::debug!(error = %error, "a connection is closed: it could not begin");
                transaction.close();
                transaction = self.transaction(self.renew(role).await?);
                transaction.begin(begin, first).await?
            }
        };
        Ok((transaction, answer?))
    }

    /// The guard exists before the first statement, so a cancelled future rolls back too.
    fn transaction(&self, conn: Connection) -> Transaction {
        Transaction { conn: Some(conn), runtime: self.runtime.clone() }
    }
}

impl Transaction {
    /// An error means that nothing began; what became of `first` is its own matter.
    async fn begin<T>(&mut self, begin: &str, first: &First<'_, T>) -> Result<QueryResult<T>, ApiError> {
        let mut conn: &AsyncPgConnection = self.conn();
        let first = first(conn).map(Ok);
        let begun = async {
            match tokio::time::timeout(PATIENCE, conn.batch_execute(begin)).await {
                Ok(begun) => Ok(begun?),
                Err(_) => Err(ApiError::busy("The database does not answer. Nothing was stored; try again.")),
            }
        };
        // In this order, and not waiting for the answer to what could not begin.
        let ((), first) = try_join(begun, first).await?;
        Ok(first)
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

    /// The connection, for statements that are sent one behind the other ([`super::together`]).
    #[expect(clippy::expect_used, reason = "only `commit` and `drop` take the connection, and both consume the guard")]
    pub fn pipe(&self) -> &AsyncPgConnection {
        self.conn.as_ref().expect("an open transaction has its connection")
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

    /// Executes `last` and commits, in one round trip. When `last` fails, PostgreSQL makes the COMMIT behind it a ROLLBACK.
    ///
    /// # Errors
    /// That of `last`; then nothing was stored, unless the connection died. Or as [`Transaction::commit`].
    pub async fn commit_with(mut self, last: Statement<'_>) -> Result<(), ApiError> {
        end(self.pipe(), last).await?;
        drop(self.conn.take());
        Ok(())
    }
}

async fn end(conn: &AsyncPgConnection, last: Statement<'_>) -> QueryResult<()> {
    let mut last = last.execute(&mut &*conn);
    // Like `last` a prepared statement, so that it cannot overtake one that must be prepared first.
    let commit = || sql("COMMIT").execute(&mut &*conn);
    match (&mut last).now_or_never() {
        None => together(last, commit()).await.map(drop),
        // It was not even sent, and nothing may be committed without it.
        Some(done) => {
            done?;
            commit().await.map(drop)
        }
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

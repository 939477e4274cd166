//! Statements sent one behind the other without waiting for answers in between: one round trip for all of them.
//!
//! PostgreSQL works them off in the order they were sent, and that is the order they are first polled in: a connection prepares and sends under a
//! lock that serves those who wait in their order. So the order of arguments here is the order of locks. A statement that fails ends the
//! transaction, and those sent after it fail for that reason alone: of several failures the first in order is told.
//!
//! Only what needs nothing from the answers before it may be sent so, and never COMMIT ([`super::Transaction::commit_with`] knows how).

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use diesel::result::QueryResult;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use futures_util::FutureExt as _;
use futures_util::future::{join, maybe_done};

use super::Statement;

/// Sends `first`, and `then` behind it.
///
/// # Errors
/// That of `first`, or else that of `then`. Both have ended, so that neither's answer is taken for its cause.
pub async fn together<A, B, E>(
    first: impl Future<Output = Result<A, E>>,
    then: impl Future<Output = Result<B, E>>,
) -> Result<(A, B), E> {
    let (first, then) = join(first, then).await;
    Ok((first?, then?))
}

/// Sends all of `statements` in their order.
///
/// # Errors
/// That of the first that failed.
pub async fn execute_all<'s>(
    conn: &AsyncPgConnection,
    statements: impl IntoIterator<Item = Statement<'s>>,
) -> QueryResult<()> {
    let mut sent: Vec<_> = statements.into_iter().map(|statement| maybe_done(statement.execute(&mut &*conn))).collect();
    // Always from the first on: none may be sent before one that stands before it, however many they are.
    poll_fn(|context| {
        let waiting = sent.iter_mut().map(|one| one.poll_unpin(context)).filter(Poll::is_pending).count();
        if waiting == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    sent.into_iter().try_for_each(|mut one| Pin::new(&mut one).take_output().unwrap_or(Ok(0)).map(drop))
}

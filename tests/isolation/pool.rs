//! Connections are shared by all organisations, one after the other: whatever ended a transaction, the next one begins with nothing of it.

use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use floorline_server::platform::db::{Db, Role};
use floorline_server::platform::tenancy::TenantTx;
use futures_util::FutureExt as _;

use super::rows::lines;
use crate::harness::database::Database;

/// The one connection that there is, in the hands of the other organisation and then of nobody.
async fn nothing_is_left(database: &Database, db: &Db, after: &str) {
    let mut tx = TenantTx::open(db, database.other).await.unwrap();
    let seen =
        lines(tx.conn(), "SELECT DISTINCT org_id::text AS name, current_setting('app.org_id') AS value FROM users")
            .await;
    let seen: Vec<_> = seen.into_iter().map(|line| (line.name, line.value)).collect();
    let other = database.other.to_string();
    assert_eq!(seen, [(other.clone(), other)], "after {after}");
    drop(tx);
    let mut conn = db.get(Role::App).await.unwrap();
    let rows = diesel::sql_query("SELECT FROM users").execute(&mut *conn).await;
    assert!(rows.is_err(), "after {after}, nobody in particular sees {rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_forgets_its_organisation_however_the_transaction_ended() {
    let database = Database::new().await;
    let db = Db::new(database.url(), 1).unwrap();

    let tx = TenantTx::open(&db, database.org).await.unwrap();
    tx.commit().await.unwrap();
    nothing_is_left(&database, &db, "a commit").await;

    drop(TenantTx::open(&db, database.org).await.unwrap());
    nothing_is_left(&database, &db, "a rollback").await;

    let mut tx = TenantTx::open(&db, database.org).await.unwrap();
    tx.conn().batch_execute("SELECT 1 / 0").await.unwrap_err();
    drop(tx);
    nothing_is_left(&database, &db, "a transaction that failed").await;

    let mut tx = TenantTx::open(&db, database.org).await.unwrap();
    tx.conn().batch_execute("SELECT 1 / 0").await.unwrap_err();
    // What a failed transaction is committed to is its rollback.
    let _ = tx.commit().await;
    nothing_is_left(&database, &db, "a failed transaction that was committed all the same").await;
    db.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_forgets_its_organisation_when_a_request_is_given_up_in_the_midst() {
    let database = Database::new().await;
    let db = Db::new(database.url(), 1).unwrap();

    // Given up while the transaction begins. A quick server may have answered already.
    drop(TenantTx::open(&db, database.org).boxed().now_or_never());
    nothing_is_left(&database, &db, "a beginning that was given up").await;

    // While a statement is under way: somebody else has the table, so it cannot be over.
    let mut somebody = database.admin().await;
    somebody.batch_execute("BEGIN; LOCK TABLE users").await.unwrap();
    let mut tx = TenantTx::open(&db, database.org).await.unwrap();
    assert!(tx.conn().batch_execute("UPDATE users SET name = 'half done'").boxed().now_or_never().is_none());
    drop(tx);
    somebody.batch_execute("ROLLBACK").await.unwrap();
    nothing_is_left(&database, &db, "a statement that was given up").await;

    // While it commits: done or not, it is over.
    let tx = TenantTx::open(&db, database.org).await.unwrap();
    drop(tx.commit().boxed().now_or_never());
    nothing_is_left(&database, &db, "a commit that was given up").await;
    db.close();
}

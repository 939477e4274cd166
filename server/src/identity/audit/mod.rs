//! Who changed what in identity, settings, overrides and decided cases, as a chain nobody can change unseen.
//!
//! Each event's hash is SHA-256(previous hash || body); the first has no previous. The body repeats actor, kind and time, so the chain covers
//! them. The tables refuse UPDATE, DELETE and TRUNCATE; `floorline audit verify` walks the chain ([`verify_all`]).

mod routes;
mod store;
mod verify;

use chrono::{DateTime, SubsecRound as _, Utc};
use diesel::sql_types::{Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::UserId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) use self::routes::routes;
pub use self::verify::{Chain, ChainFault, verify, verify_all};
use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// The text that is hashed. `detail` is what the kind of event needs.
#[derive(Debug, Serialize, Deserialize)]
struct Body {
    at: DateTime<Utc>,
    actor_id: Option<UserId>,
    kind: String,
    detail: Value,
}

/// Appends an event in the transaction of what it tells. Call it last: its lock is the last in the order of locks.
///
/// # Errors
/// Those of the database.
pub async fn append(
    tx: &mut TenantTx,
    actor: Option<UserId>,
    kind: &str,
    detail: Value,
    at: DateTime<Utc>,
) -> Result<(), ApiError> {
    // The column keeps microseconds; the text must not say more.
    let body = Body { at: at.trunc_subsecs(6), actor_id: actor, kind: kind.to_owned(), detail };
    let text = serde_json::to_string(&body).map_err(ApiError::internal)?;
    let org = tx.org().0;
    sql(include_str!("append.sql"))
        .bind::<SqlUuid, _>(org)
        .bind::<Timestamptz, _>(body.at)
        .bind::<Nullable<SqlUuid>, _>(actor.map(|actor| actor.0))
        .bind::<Text, _>(kind)
        .bind::<Text, _>(text)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Appends an event by nobody, if the transaction's organisation exists; if not, nothing is told, by as many statements.
///
/// # Errors
/// Those of the database.
pub(super) async fn append_if_known(
    tx: &mut TenantTx,
    kind: &str,
    detail: Value,
    at: DateTime<Utc>,
) -> Result<(), ApiError> {
    if tx.org().0.is_nil() {
        return store::head(tx).await.map(drop);
    }
    append(tx, None, kind, detail, at).await
}

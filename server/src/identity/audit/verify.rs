//! Walking the chain: every link follows from the one before it, none is missing, and the head is the last.

use diesel::QueryDsl as _;
use diesel_async::RunQueryDsl as _;
use floorline_domain::OrgId;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::Body;
use super::store::{self, EventRow};
use crate::platform::db::schema::organizations;
use crate::platform::db::{Db, Role};
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Links read at a time.
const STEP: i64 = 1000;

/// What a walk found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Links that hold.
    pub events: i64,
    /// Where it is broken, if it is.
    pub fault: Option<ChainFault>,
}

/// The first link that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// A number is missing.
    #[error("event {0} is missing")]
    Missing(i64),
    /// The hash does not follow from the body and the hash before it.
    #[error("event {0} does not follow from the one before it")]
    Hash(i64),
    /// Time, actor or kind beside the body are not the body's.
    #[error("event {0} says something else in its columns than in its body")]
    Columns(i64),
    /// The head does not name the last link.
    #[error("the chain ends at event {last}, its head says {head}")]
    Head {
        /// The last link found.
        last: i64,
        /// The one the head names.
        head: i64,
    },
}

/// Walks the chain of the transaction's organisation. The transaction must see one moment ([`TenantTx::open_snapshot`]): events may be
/// appended meanwhile.
///
/// # Errors
/// Those of the database; a broken chain is an answer, not an error.
pub async fn verify(tx: &mut TenantTx) -> Result<Chain, ApiError> {
    let head = store::head(tx).await?;
    let (mut n, mut hash) = (0, Vec::new());
    loop {
        let links = store::after(tx, n, STEP).await?;
        if links.is_empty() {
            break;
        }
        for link in links {
            if let Some(fault) = fault_of(&link, n, &hash) {
                return Ok(Chain { events: n, fault: Some(fault) });
            }
            (n, hash) = (link.n, link.hash);
        }
    }
    let (head_n, head_hash) = head.unwrap_or_default();
    let holds = head_n == n && head_hash == hash;
    Ok(Chain { events: n, fault: (!holds).then_some(ChainFault::Head { last: n, head: head_n }) })
}

/// Walks the chain of every organisation, for the command line.
///
/// # Errors
/// Those of the database.
pub async fn verify_all(db: &Db) -> Result<Vec<(OrgId, String, Chain)>, ApiError> {
    let every: Vec<(Uuid, String)> = {
        let mut conn = db.get(Role::Owner).await?;
        organizations::table
            .select((organizations::id, organizations::name))
            .order(organizations::id)
            .load(&mut conn)
            .await?
    };
    let mut chains = Vec::new();
    for (id, name) in every {
        let mut tx = TenantTx::open_snapshot(db, OrgId(id)).await?;
        chains.push((OrgId(id), name, verify(&mut tx).await?));
        tx.commit().await?;
    }
    Ok(chains)
}

fn fault_of(link: &EventRow, before: i64, hash: &[u8]) -> Option<ChainFault> {
    if link.n != before + 1 {
        return Some(ChainFault::Missing(before + 1));
    }
    let expected = Sha256::new().chain_update(hash).chain_update(link.body.as_bytes()).finalize();
    if link.hash != expected.as_slice() {
        return Some(ChainFault::Hash(link.n));
    }
    let body: Option<Body> = serde_json::from_str(&link.body).ok();
    let agrees = body.is_some_and(|body| {
        body.at == link.at && body.kind == link.kind && body.actor_id.map(|actor| actor.0) == link.actor_id
    });
    (!agrees).then_some(ChainFault::Columns(link.n))
}

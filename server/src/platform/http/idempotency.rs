//! `Idempotency-Key`: the same key and body gives the first answer again, the same key with another body is refused.
//!
//! The row is written in the transaction of the effect, so an answer is replayed exactly when its effect is there. A key that
//! another request holds is that request's row lock: the insert waits for it, two seconds at most.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder};
use chrono::{TimeDelta, Utc};
use diesel::ExpressionMethods as _;
use diesel::query_dsl::methods::{FindDsl as _, SelectDsl as _};
use diesel_async::RunQueryDsl as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::future::{Ready, ready};
use uuid::Uuid;

use super::codes::Code;
use super::error::ApiError;
use super::precondition::etag_of;
use crate::platform::db::schema::idempotency_keys;
use crate::platform::tenancy::TenantTx;

/// How long an answer can be replayed; older ones are pruned with the rest of what has an end.
pub const ANSWERS_KEPT: TimeDelta = TimeDelta::hours(24);

/// The `Idempotency-Key` of a request, or its absence.
#[derive(Clone, Debug, Default)]
pub struct IdempotencyKey(Option<Key>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    method: String,
    path: String,
    key: String,
}

/// A key being worked on in an open transaction.
#[derive(Debug)]
pub struct Claim(Option<(Key, Uuid)>);

/// What claiming a key found.
#[derive(Debug)]
pub enum Claimed {
    /// Do the work, then [`Claim::answer`].
    Fresh(Claim),
    /// It was done before: this was the answer.
    Replay {
        /// Its status.
        status: StatusCode,
        /// Its JSON body.
        body: Vec<u8>,
    },
}

/// The response of a replayed answer.
pub fn replay(status: StatusCode, body: Vec<u8>) -> HttpResponse {
    let mut response = answered(status, &body);
    response.insert_header(("Idempotency-Replayed", "true"));
    response.body(body)
}

/// An answer's head, with the `ETag` of what its body shows.
fn answered(status: StatusCode, body: &[u8]) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.content_type("application/json");
    if let Some(tag) = etag_of(body) {
        response.insert_header(tag);
    }
    response
}

impl FromRequest for IdempotencyKey {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = request.headers().get("idempotency-key") else { return ready(Ok(Self(None))) };
        let key = value.to_str().ok().filter(|key| !key.is_empty() && key.len() <= 255);
        ready(match key {
            None => Err(ApiError::new(Code::BadRequest, "Idempotency-Key is 1 to 255 printable characters.")),
            Some(key) => Ok(Self(Some(Key {
                method: request.method().to_string(),
                path: request.path().to_owned(),
                key: key.to_owned(),
            }))),
        })
    }
}

impl IdempotencyKey {
    /// An id that the same key of the same user always gives, none without a key: for what makes the place the answer is kept in.
    pub fn derived_id(&self, org: Uuid, user: Uuid) -> Option<Uuid> {
        let Key { method, path, key } = self.0.as_ref()?;
        let hash = Sha256::new()
            .chain_update(org)
            .chain_update(user)
            .chain_update(format!("{method} {path} {key}"))
            .finalize();
        let (bytes, _) = hash.split_first_chunk::<16>()?;
        Some(uuid::Builder::from_custom_bytes(*bytes).into_uuid())
    }

    /// The key of one part of a request whose parts have effects of their own.
    #[must_use]
    pub fn part(&self, index: usize) -> Self {
        Self(self.0.as_ref().map(|key| {
            // Hashed, so that it fits whatever the length of the whole.
            let digest =
                Sha256::digest(key.key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            Key { key: format!("{digest}#{index}"), ..key.clone() }
        }))
    }

    /// Takes the key for `user` in the transaction of the effect. `body` is what the request asked for.
    ///
    /// # Errors
    /// 422 when the key came with another body before; 409 when a request with it is still running.
    pub async fn claim(self, tx: &mut TenantTx, user: Uuid, body: &impl Serialize) -> Result<Claimed, ApiError> {
        let Some(key) = self.0 else { return Ok(Claimed::Fresh(Claim(None))) };
        let hash = Sha256::digest(serde_json::to_vec(body).map_err(ApiError::internal)?).to_vec();
        let org = tx.org().0;
        let inserted = diesel::insert_into(idempotency_keys::table)
            .values((
                idempotency_keys::org_id.eq(org),
                idempotency_keys::user_id.eq(user),
                idempotency_keys::method.eq(&key.method),
                idempotency_keys::path.eq(&key.path),
                idempotency_keys::key.eq(&key.key),
                idempotency_keys::request_hash.eq(&hash),
                idempotency_keys::created_at.eq(Utc::now()),
            ))
            .on_conflict_do_nothing()
            .execute(tx.conn())
            .await
            .map_err(|error| match ApiError::from(error) {
                busy if busy.code() == Code::RowLocked => in_flight(),
                other => other,
            })?;
        if inserted == 1 {
            return Ok(Claimed::Fresh(Claim(Some((key, user)))));
        }
        let (stored, status, answer): (Vec<u8>, Option<i16>, Option<Vec<u8>>) = idempotency_keys::table
            .find((org, user, &key.method, &key.path, &key.key))
            .select((idempotency_keys::request_hash, idempotency_keys::status, idempotency_keys::body))
            .first(tx.conn())
            .await?;
        if stored != hash {
            return Err(ApiError::new(Code::KeyReused, "This Idempotency-Key was used with another body."));
        }
        let status =
            status.and_then(|status| u16::try_from(status).ok()).and_then(|status| StatusCode::from_u16(status).ok());
        match (status, answer) {
            (Some(status), Some(body)) => Ok(Claimed::Replay { status, body }),
            // Claimed by this very transaction, for another part of it.
            _ => Err(in_flight()),
        }
    }
}

fn in_flight() -> ApiError {
    ApiError::new(Code::KeyInFlight, "A request with this key is still running.").retry_after(1)
}

impl Claim {
    /// Stores the answer beside the effect, commits both, and gives the response.
    ///
    /// # Errors
    /// Those of the database; then neither effect nor answer is there.
    pub async fn answer(
        self,
        mut tx: TenantTx,
        status: StatusCode,
        view: &impl Serialize,
    ) -> Result<HttpResponse, ApiError> {
        let body = serde_json::to_vec(view).map_err(ApiError::internal)?;
        self.store(&mut tx, status, &body).await?;
        tx.commit().await?;
        Ok(answered(status, &body).body(body))
    }

    /// Gives the key back: what it was claimed for was refused.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn release(self, tx: &mut TenantTx) -> Result<(), ApiError> {
        let Some((key, user)) = self.0 else { return Ok(()) };
        let org = tx.org().0;
        diesel::delete(idempotency_keys::table.find((org, user, key.method, key.path, key.key)))
            .execute(tx.conn())
            .await?;
        Ok(())
    }

    /// Stores the answer beside the effect; the caller commits.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn store(self, tx: &mut TenantTx, status: StatusCode, body: &[u8]) -> Result<(), ApiError> {
        let Some((key, user)) = self.0 else { return Ok(()) };
        let org = tx.org().0;
        diesel::update(idempotency_keys::table.find((org, user, key.method, key.path, key.key)))
            .set((idempotency_keys::status.eq(i16::try_from(status.as_u16()).ok()), idempotency_keys::body.eq(body)))
            .execute(tx.conn())
            .await?;
        Ok(())
    }
}

//! Finding the organisation of something before anybody has said who they are: by e-mail, login, enrolment code, ticket, device and its key.
//!
//! Each is a function of the database's owner that answers an organisation and an id and nothing more; whatever is read next is read in a
//! [`crate::platform::tenancy::TenantTx`] of that organisation.

use diesel::OptionalExtension as _;
use diesel::sql_types::{Binary, Jsonb, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::OrgId;
use serde_json::Value;
use uuid::Uuid;

use crate::platform::db::{Db, Role, Statement, sql};
use crate::platform::http::ApiError;

#[derive(diesel::QueryableByName)]
struct Found {
    #[diesel(sql_type = SqlUuid)]
    org_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// The user with this e-mail.
pub(super) async fn user(db: &Db, email: &str) -> Result<Option<(OrgId, Uuid)>, ApiError> {
    find(db, sql("SELECT org_id, id FROM find_login($1)").bind::<Text, _>(email)).await
}

/// The login a refresh token belongs to.
pub(super) async fn login(db: &Db, id: Uuid) -> Result<Option<(OrgId, Uuid)>, ApiError> {
    find(db, sql("SELECT org_id, id FROM find_refresh($1)").bind::<SqlUuid, _>(id)).await
}

/// The enrolment whose code has this hash.
pub(super) async fn enrolment(db: &Db, code_hash: &[u8]) -> Result<Option<(OrgId, Uuid)>, ApiError> {
    find(db, sql("SELECT org_id, id FROM find_enrolment($1)").bind::<Binary, _>(code_hash)).await
}

/// The ticket with this hash.
pub(super) async fn ticket(db: &Db, ticket_hash: &[u8]) -> Result<Option<(OrgId, Uuid)>, ApiError> {
    find(db, sql("SELECT org_id, id FROM find_ticket($1)").bind::<Binary, _>(ticket_hash)).await
}

/// A device.
pub(super) async fn device(db: &Db, id: Uuid) -> Result<Option<(OrgId, Uuid)>, ApiError> {
    find(db, sql("SELECT org_id, id FROM find_device($1)").bind::<SqlUuid, _>(id)).await
}

/// The device with this key, a JWK as it is stored; where there are several, one that may work, and then one of `preferred`.
pub(super) async fn device_by_key(db: &Db, jwk: &Value, preferred: OrgId) -> Result<Option<(OrgId, Uuid)>, ApiError> {
    let statement = sql("SELECT org_id, id FROM find_device_by_key($1, $2)");
    find(db, statement.bind::<Jsonb, _>(jwk).bind::<SqlUuid, _>(preferred.0)).await
}

async fn find(db: &Db, statement: Statement<'_>) -> Result<Option<(OrgId, Uuid)>, ApiError> {
    let mut conn = db.get(Role::App).await?;
    let found: Option<Found> = statement.get_result(&mut conn).await.optional()?;
    Ok(found.map(|found| (OrgId(found.org_id), found.id)))
}

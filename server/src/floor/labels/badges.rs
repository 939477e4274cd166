//! Whose badge a code is, for who signs in by it.

use diesel::{ExpressionMethods as _, OptionalExtension as _, QueryDsl as _};
use diesel_async::RunQueryDsl as _;
use floorline_domain::UserId;
use floorline_domain::label::{Code, Kind, Read, read};
use uuid::Uuid;

use crate::platform::db::schema::labels;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// The code of a badge in what was scanned or typed: bare, or in an address.
pub fn badge_code(scanned: &str) -> Option<Code> {
    match read(scanned) {
        Read::Code(code) if code.kind() == Kind::User => Some(code),
        _ => None,
    }
}

/// The worker whose badge this is now. One that was replaced or revoked is nobody's.
///
/// # Errors
/// Those of the database.
pub async fn worker_of_badge(tx: &mut TenantTx, code: &Code) -> Result<Option<UserId>, ApiError> {
    let badge = labels::table
        .filter(labels::org_id.eq(tx.org().0))
        .filter(labels::code.eq(code.as_str()))
        .filter(labels::kind.eq(Kind::User.as_str()))
        .filter(labels::status.eq("active"));
    let worker: Option<Option<Uuid>> = badge.select(labels::user_id).first(tx.conn()).await.optional()?;
    Ok(worker.flatten().map(UserId))
}

//! Offline leases: what a person may do on one phone for a shift, signed, so that permission can be judged for the time of the act.
//!
//! Every lease is a row, which is what the engine reads. The signed copy on the phone brings the row back if the server was rewound.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::OptionalExtension as _;
use diesel::sql_types::{Array, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::{DeviceId, LeaseId, OrgId, UserId};
use floorline_mobile_sync::wire::Lease;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::platform::db::sql;
use crate::platform::http::ApiError;
use crate::platform::tenancy::{Identity, SigningKeys, TenantTx};

/// How long a lease is good for: a double shift.
const GOOD_FOR: TimeDelta = TimeDelta::hours(16);
/// A reconnecting phone is given the lease it has until it is this old.
const RENEWED_AFTER: TimeDelta = TimeDelta::hours(1);

/// What a lease says.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Claims {
    jti: LeaseId,
    sub: UserId,
    org: OrgId,
    dev: DeviceId,
    roles: Vec<String>,
    permissions: Vec<String>,
    iat: i64,
    exp: i64,
    typ: String,
}

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Array<Text>)]
    roles: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    permissions: Vec<String>,
    #[diesel(sql_type = Timestamptz)]
    issued_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    expires_at: DateTime<Utc>,
}

/// The lease of `identity` on `device`: the one it got within the hour if its permissions are the same, else a new one.
pub(super) async fn issue(
    tx: &mut TenantTx,
    keys: &SigningKeys,
    identity: &Identity,
    device: DeviceId,
    id: LeaseId,
    now: DateTime<Utc>,
) -> Result<Lease, ApiError> {
    let permissions: Vec<String> =
        identity.permissions.iter().map(|permission| permission.as_str().to_owned()).collect();
    let row = match recent(tx, identity, device, now - RENEWED_AFTER).await? {
        Some(row) if row.permissions == permissions && row.roles == identity.roles => row,
        _ => {
            let issued_at = DateTime::from_timestamp(now.timestamp(), 0).unwrap_or(now);
            let row = Row {
                id: id.0,
                roles: identity.roles.clone(),
                permissions,
                issued_at,
                expires_at: issued_at + GOOD_FOR,
            };
            insert(tx, identity.user_id, device, &row).await?;
            row
        }
    };
    let claims = Claims {
        jti: LeaseId(row.id),
        sub: identity.user_id,
        org: identity.org_id,
        dev: device,
        roles: row.roles,
        permissions: row.permissions,
        iat: row.issued_at.timestamp(),
        exp: row.expires_at.timestamp(),
        typ: "lease".into(),
    };
    Ok(Lease { lease_id: claims.jti, lease: keys.sign(&claims).map_err(ApiError::internal)? })
}

/// Keeps the leases a phone brings that the server signed for it. An expired one still proves what was allowed while it lasted.
pub(super) async fn accept(
    tx: &mut TenantTx,
    keys: &SigningKeys,
    device: DeviceId,
    leases: &[String],
) -> Result<(), ApiError> {
    let org = tx.org();
    let signed = leases.iter().filter_map(|lease| keys.verify_past::<Claims>(lease));
    for claims in signed.filter(|claims| claims.typ == "lease" && claims.org == org && claims.dev == device) {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap_or_default();
        let row = Row {
            id: claims.jti.0,
            roles: claims.roles,
            permissions: claims.permissions,
            issued_at: at(claims.iat),
            expires_at: at(claims.exp),
        };
        insert(tx, claims.sub, device, &row).await?;
    }
    Ok(())
}

async fn recent(
    tx: &mut TenantTx,
    identity: &Identity,
    device: DeviceId,
    since: DateTime<Utc>,
) -> Result<Option<Row>, ApiError> {
    let org = tx.org().0;
    let row = sql("SELECT id, roles, permissions, issued_at, expires_at FROM leases \
                   WHERE org_id = $1 AND user_id = $2 AND device_id = $3 AND issued_at > $4 ORDER BY issued_at DESC LIMIT 1")
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(identity.user_id.0)
    .bind::<SqlUuid, _>(device.0)
    .bind::<Timestamptz, _>(since)
    .get_result(tx.conn())
    .await
    .optional()?;
    Ok(row)
}

async fn insert(tx: &mut TenantTx, user: UserId, device: DeviceId, row: &Row) -> Result<(), ApiError> {
    let org = tx.org().0;
    sql("INSERT INTO leases (org_id, id, user_id, device_id, roles, permissions, issued_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING")
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(row.id)
    .bind::<SqlUuid, _>(user.0)
    .bind::<SqlUuid, _>(device.0)
    .bind::<Array<Text>, _>(&row.roles)
    .bind::<Array<Text>, _>(&row.permissions)
    .bind::<Timestamptz, _>(row.issued_at)
    .bind::<Timestamptz, _>(row.expires_at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

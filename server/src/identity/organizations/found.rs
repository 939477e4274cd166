//! Founding an organisation: its row, the roles of its kind, and its first administrator, in one transaction.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use floorline_domain::permission::{OrganizationKind, Permission, PermissionSet, role_templates};
use floorline_domain::{OrgId, UserId};
use serde_json::json;
use uuid::Uuid;

use super::store;
use crate::identity::roles::NewRole;
use crate::identity::users::NewUserRow;
use crate::identity::{Passwords, audit, checks, roles, users};
use crate::platform::clock;
use crate::platform::db::Db;
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::TenantTx;

/// What an organisation starts with.
#[derive(Clone, Debug)]
pub struct Founding {
    /// Its name.
    pub name: String,
    /// Its kind, which decides its roles.
    pub kind: OrganizationKind,
    /// The first administrator's sign-in address.
    pub email: String,
    /// Their name.
    pub admin_name: String,
    /// As it will be stored.
    pub password_hash: String,
    /// Permissions of the installation they hold besides their role's.
    pub installation: PermissionSet,
}

/// What was founded.
#[derive(Clone, Debug)]
pub struct Founded {
    /// The organisation.
    pub org: OrgId,
    /// Its first administrator.
    pub admin: UserId,
    /// Their password when it was made up here: shown once, kept nowhere.
    pub password: Option<String>,
}

/// Writes the organisation of `tx` with its roles and its administrator. `by` is who asked; nobody, on the command line.
///
/// # Errors
/// 422 for a name or an e-mail that cannot be one, 409 when the e-mail is taken.
pub async fn found(
    tx: &mut TenantTx,
    founding: &Founding,
    by: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<Founded, ApiError> {
    let mut faults = Vec::new();
    let name = checks::name("name", &founding.name, 200, &mut faults);
    let email = checks::email("administrator.email", &founding.email, &mut faults);
    let admin_name = checks::name("administrator.name", &founding.admin_name, 200, &mut faults);
    checks::refuse(faults)?;
    if !store::insert(tx, founding.kind, &name, now).await? {
        return Err(ApiError::new(Code::Duplicate, "That organisation exists already."));
    }
    let templates: Vec<NewRole> = role_templates(founding.kind)
        .into_iter()
        .map(|template| NewRole {
            id: Uuid::now_v7(),
            name: template.name.into(),
            permissions: template.permissions,
            template: true,
        })
        .collect();
    roles::insert(tx, &templates, now).await?;
    let admin = UserId(Uuid::now_v7());
    let row = NewUserRow {
        id: admin,
        email,
        name: admin_name,
        password_hash: Some(founding.password_hash.clone()),
        permissions: founding.installation.clone(),
    };
    // The first template is the administrator's.
    let role_ids: Vec<Uuid> = templates.iter().take(1).map(|role| role.id).collect();
    users::insert(tx, &row, &role_ids, now).await?;
    let detail = json!({ "name": name, "kind": founding.kind.as_str(), "administrator": admin });
    audit::append(tx, by, "organization.created", detail, now).await?;
    Ok(Founded { org: tx.org(), admin, password: None })
}

/// The first administrator of the installation and their organisation; the only way to `organization:create`. Without `password`, one is
/// made up and answered. Does `floorline user create --admin`.
///
/// # Errors
/// As [`found`].
pub async fn create_first_admin(
    db: &Db,
    passwords: &Passwords,
    email: &str,
    organization: &str,
    kind: OrganizationKind,
    password: Option<&str>,
) -> Result<Founded, ApiError> {
    let made_up = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 15]>());
    let founding = Founding {
        name: organization.to_owned(),
        kind,
        email: email.to_owned(),
        admin_name: email.split('@').next().unwrap_or(email).to_owned(),
        password_hash: passwords.hash(password.unwrap_or(&made_up)).await?,
        installation: PermissionSet::from([Permission::OrganizationCreate]),
    };
    let mut tx = TenantTx::open(db, OrgId(Uuid::now_v7())).await?;
    let founded = found(&mut tx, &founding, None, clock::now()).await?;
    tx.commit().await?;
    Ok(Founded { password: password.is_none().then_some(made_up), ..founded })
}

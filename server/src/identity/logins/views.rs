//! Logins as JSON.

use floorline_domain::permission::Permission;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::platform::tenancy::Identity;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
pub(super) struct Credentials {
    pub(super) email: String,
    #[schema(format = Password)]
    pub(super) password: String,
}

/// Who signs in on a device that was let in.
#[derive(Deserialize, ToSchema)]
pub(super) struct BadgeCredentials {
    /// What is on the badge: its code, or the whole address it came in.
    pub(super) code: String,
    #[schema(format = Password)]
    pub(super) pin: String,
}

/// A PIN of one's own.
#[derive(Deserialize, ToSchema)]
pub(super) struct OwnPin {
    #[schema(format = Password)]
    pub(super) current_password: String,
    /// 4 to 8 digits, no run and nothing over and over.
    #[schema(format = Password)]
    pub(super) pin: String,
}

/// The token to stay signed in with.
#[derive(Deserialize, ToSchema)]
pub(super) struct RefreshBody {
    pub(super) refresh_token: String,
}

/// A change of one's own password.
#[derive(Deserialize, ToSchema)]
pub(super) struct PasswordChange {
    #[schema(format = Password)]
    pub(super) current_password: String,
    #[schema(format = Password)]
    pub(super) new_password: String,
}

/// Signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct SignedIn {
    /// Send it as `Authorization: Bearer`.
    pub(super) access_token: String,
    /// Always `Bearer`.
    pub(super) token_type: &'static str,
    /// Seconds the access token is good for.
    pub(super) expires_in: i64,
    /// Gives the next access token. It is good until its successor is used; where signing in came with a device's proof, only with one by the same key.
    pub(super) refresh_token: String,
    pub(super) user: Me,
}

/// The signed-in user.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    id: Uuid,
    email: String,
    name: String,
    organization_id: Uuid,
    /// `factory`, `brand`, …
    organization_kind: String,
    roles: Vec<String>,
    /// What the roles allow, taken together.
    permissions: Vec<&'static str>,
}

impl From<&Identity> for Me {
    fn from(identity: &Identity) -> Self {
        Self {
            id: identity.user_id.0,
            email: identity.email.clone(),
            name: identity.name.clone(),
            organization_id: identity.org_id.0,
            organization_kind: identity.organization_kind.clone(),
            roles: identity.roles.clone(),
            permissions: identity.permissions.iter().copied().map(Permission::as_str).collect(),
        }
    }
}

//! People as JSON.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store::UserRow;

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserView {
    id: Uuid,
    email: String,
    name: String,
    /// False: they cannot sign in any more; what they did keeps their name.
    active: bool,
    #[schema(value_type = Vec<HeldRole>)]
    roles: Value,
    /// Whether they can sign in by their badge, once they have one.
    has_pin: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

/// A role someone holds.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeldRole {
    id: Uuid,
    name: String,
}

impl From<UserRow> for UserView {
    fn from(row: UserRow) -> Self {
        let UserRow { id, email, name, active, created_at, updated_at, version, roles, has_pin } = row;
        Self { id, email, name, active, roles, has_pin, created_at, updated_at, version }
    }
}

/// Which users to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct UserFilter {
    /// Only those who can, or cannot, sign in.
    pub(super) active: Option<bool>,
    /// Only holders of this role.
    pub(super) role_id: Option<Uuid>,
}

/// A user to make.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct NewUser {
    pub(super) email: String,
    pub(super) name: String,
    /// Without one they cannot sign in until one is set.
    #[schema(format = Password)]
    pub(super) password: Option<String>,
    #[serde(default)]
    pub(super) role_ids: Vec<Uuid>,
}

/// A PIN for somebody.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewPin {
    /// 4 to 8 digits, no run and nothing over and over.
    #[schema(format = Password)]
    pub(super) pin: String,
}

/// What to change; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct UserChange {
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    /// False ends every session of theirs.
    pub(super) active: Option<bool>,
    /// A new password ends every session of theirs.
    #[schema(format = Password)]
    pub(super) password: Option<String>,
    /// All roles they shall hold.
    pub(super) role_ids: Option<Vec<Uuid>>,
}

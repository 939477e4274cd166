//! The signed-in user of a request, as the database knows them now: a withdrawn role ends at the next request, not with the token.

use std::future::Future;
use std::pin::Pin;
use std::str::FromStr as _;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use diesel::sql_types::{Array, Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::permission::{Permission, PermissionSet};
use floorline_domain::{OrgId, UserId};
use uuid::Uuid;

use super::tokens::{AccessClaims, SigningKeys};
use super::transaction::TenantTx;
use crate::app::App;
use crate::platform::db::sql;
use crate::platform::http::{ApiError, Code};

/// Who asks.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The user.
    pub user_id: UserId,
    /// Their organisation; everything they see is scoped by it.
    pub org_id: OrgId,
    /// `factory`, `brand`, …
    pub organization_kind: String,
    /// For greetings and for "who did it".
    pub name: String,
    /// Sign-in address.
    pub email: String,
    /// The session of use this request belongs to.
    pub login_id: Uuid,
    /// Names of their roles.
    pub roles: Vec<String>,
    /// What the roles allow, taken together.
    pub permissions: PermissionSet,
}

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Text)]
    organization_kind: String,
    #[diesel(sql_type = Array<Text>)]
    own: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    roles: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    permissions: Vec<String>,
    #[diesel(sql_type = Nullable<Bool>)]
    login_open: Option<bool>,
}

impl Identity {
    /// Loads an active user with the union of their roles' permissions; `None` when the user is gone, inactive or the login ended.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn load(tx: &mut TenantTx, user: UserId, login: Uuid) -> Result<Option<Self>, ApiError> {
        let org = tx.org();
        let rows: Vec<Row> = sql(include_str!("identity.sql"))
            .bind::<SqlUuid, _>(org.0)
            .bind::<SqlUuid, _>(user.0)
            .bind::<SqlUuid, _>(login)
            .load(tx.conn())
            .await?;
        let Some(row) = rows.into_iter().next().filter(|row| row.login_open == Some(true)) else { return Ok(None) };
        let permissions =
            row.own.iter().chain(&row.permissions).filter_map(|text| Permission::from_str(text).ok()).collect();
        Ok(Some(Self {
            user_id: user,
            org_id: org,
            organization_kind: row.organization_kind,
            name: row.name,
            email: row.email,
            login_id: login,
            roles: row.roles,
            permissions,
        }))
    }
}

/// What the access token of a request says, if it is a valid one. Whether the login it belongs to is still open, the database knows.
pub fn access_claims(request: &HttpRequest, keys: &SigningKeys) -> Option<AccessClaims> {
    // A signature is checked once a request, however many ask.
    #[derive(Clone)]
    struct Checked(Option<AccessClaims>);
    if let Some(Checked(known)) = request.extensions().get::<Checked>() {
        return known.clone();
    }
    let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let claims = token.and_then(|value| value.strip_prefix("Bearer ")).and_then(|token| keys.verify_access(token));
    request.extensions_mut().insert(Checked(claims.clone()));
    claims
}

impl FromRequest for Identity {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            // Two extractors in one handler ask once.
            if let Some(known) = request.extensions().get::<Self>() {
                return Ok(known.clone());
            }
            let not_signed_in =
                || ApiError::new(Code::NotSignedIn, "Send a valid access token as Authorization: Bearer.");
            let app = request
                .app_data::<web::Data<App>>()
                .cloned()
                .ok_or_else(|| ApiError::internal(anyhow::anyhow!("no App in the server")))?;
            let claims = access_claims(&request, &app.keys).ok_or_else(not_signed_in)?;
            let mut tx = TenantTx::open(&app.db, claims.org).await?;
            let identity = Self::load(&mut tx, claims.sub, claims.sid).await?.ok_or_else(not_signed_in)?;
            tx.commit().await?;
            request.extensions_mut().insert(identity.clone());
            Ok(identity)
        })
    }
}

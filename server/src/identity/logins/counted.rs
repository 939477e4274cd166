//! Attempts to sign in, counted: the throttle is asked first, and told how it went.

use std::future::Future;

use actix_web::{HttpResponse, ResponseError as _};
use chrono::{DateTime, Utc};

use super::views::SignedIn;
use crate::app::App;
use crate::identity::throttle::{Origin, Standing};
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::Identity;

/// Makes one attempt on `account`, if one is left. Only wrong credentials count; an attempt that could not be decided was none.
pub(super) async fn attempt(
    app: &App,
    (from, account): (Option<Origin>, &str),
    now: DateTime<Utc>,
    sign_in: impl Future<Output = Result<SignedIn, ApiError>>,
) -> HttpResponse {
    let throttle = &app.sign_in.throttle;
    let standing = match throttle.attempt(from, account, now) {
        Ok(standing) => standing,
        Err(refused) => {
            let mut response = too_many(refused).error_response();
            refused.tell(response.headers_mut());
            return response;
        }
    };
    match sign_in.await {
        Ok(signed_in) => {
            throttle.succeeded(from, account);
            HttpResponse::Ok().json(signed_in)
        }
        Err(error) => {
            if error.code() != Code::WrongCredentials {
                throttle.taken_back(from, account);
            }
            let mut response = error.error_response();
            standing.tell(response.headers_mut());
            response
        }
    }
}

/// Whether it is the signed-in user's own password, which can be guessed at as often as any.
pub(super) async fn own_password(
    app: &App,
    by: &Identity,
    check: impl Future<Output = Result<bool, ApiError>>,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let throttle = &app.sign_in.throttle;
    throttle.attempt(None, &by.email, now).map_err(too_many)?;
    if !check.await.inspect_err(|_| throttle.taken_back(None, &by.email))? {
        return Err(ApiError::invalid_field("current_password", "WRONG", "That is not your password."));
    }
    throttle.succeeded(None, &by.email);
    Ok(())
}

/// 429 with the time to wait.
pub(super) fn too_many(refused: Standing) -> ApiError {
    ApiError::new(Code::TooMany, "Too many failed attempts; wait a while.").retry_after(refused.reset_s)
}

//! What a failed request answers: an RFC 9457 problem document. Causes stay in the log, a `request_id` leads there.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use floorline_domain::{FieldError, Refusal};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::codes::{Code, sentence};
use super::request_id;
use crate::platform::db::{Fault, fault};

/// An error on its way to the client.
#[derive(Debug)]
pub struct ApiError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: Code,
    detail: String,
    errors: Vec<FieldError>,
    extra: Option<Value>,
    retry_after_s: Option<u64>,
    nonce: Option<String>,
    cause: Option<anyhow::Error>,
}

/// RFC 9457 `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `about:blank`-style reference to the code's description in the documentation.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code in plain words.
    pub title: String,
    /// The HTTP status again.
    pub status: u16,
    /// What happened this time, for a person.
    pub detail: String,
    /// Stable, for programs.
    pub code: String,
    /// Whether the same request can succeed later.
    pub retryable: bool,
    /// Finds the request in the server's log.
    pub request_id: String,
    /// One entry a field that is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// What the code's screen needs, such as `allowed` or `missing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Value>,
}

/// One wrong field of a request.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldProblem {
    /// Path of the field, such as `lines[2].quantity`.
    pub field: String,
    /// Stable, for programs.
    pub code: String,
    /// What is wrong, for a person.
    pub message: String,
}

impl ApiError {
    /// An error with what happened in words.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            extra: None,
            retry_after_s: None,
            nonce: None,
            cause: None,
        }))
    }

    /// 404 for something of this kind.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what}."))
    }

    /// 422 with every wrong field.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join(" ");
        let mut error = Self::new(Code::Invalid, detail);
        error.0.errors = errors;
        error
    }

    /// 422 with one wrong field.
    pub fn invalid_field(field: &str, code: &str, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { field: field.into(), code: code.into(), message: message.into() }])
    }

    /// 503: nothing was stored, try again.
    pub fn busy(detail: impl Into<String>) -> Self {
        Self::new(Code::DbBusy, detail).retry_after(1)
    }

    /// 500 with its cause, which only the log sees.
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        let mut error =
            Self::new(Code::Internal, "The request could not be finished; it was recorded and can be tried again.");
        error.0.cause = Some(cause.into());
        error
    }

    /// Adds facts for the screen (`context`).
    #[must_use]
    pub fn with(mut self, extra: Value) -> Self {
        self.0.extra = Some(extra);
        self
    }

    /// Adds a `Retry-After` in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// Adds the `DPoP-Nonce` header.
    #[must_use]
    pub fn nonce(mut self, nonce: String) -> Self {
        self.0.nonce = Some(nonce);
        self
    }

    /// The same answer for another waiter; its cause stays with the first.
    #[must_use]
    pub fn again(&self) -> Self {
        let inner = &self.0;
        Self(Box::new(Inner {
            code: inner.code,
            detail: inner.detail.clone(),
            errors: inner.errors.clone(),
            extra: inner.extra.clone(),
            retry_after_s: inner.retry_after_s,
            nonce: inner.nonce.clone(),
            cause: None,
        }))
    }

    /// The problem document, for an answer that holds several.
    pub fn problem(&self) -> Problem {
        let inner = &self.0;
        Problem {
            kind: format!("/docs/errors#{}", inner.code.as_str()),
            title: inner.code.title().into(),
            status: inner.code.status().as_u16(),
            detail: inner.detail.clone(),
            code: inner.code.as_str().into(),
            retryable: inner.code.retryable(),
            request_id: request_id::current(),
            errors: inner
                .errors
                .iter()
                .map(|error| FieldProblem {
                    field: error.field.clone(),
                    code: error.code.clone(),
                    message: error.message.clone(),
                })
                .collect(),
            context: inner.extra.clone(),
        }
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What happened, in words.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.as_str(), self.0.detail)?;
        match &self.0.cause {
            Some(cause) => write!(f, " ({cause:#})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.0.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let inner = &self.0;
        if let Some(cause) = &inner.cause {
            tracing::error!(error = format!("{cause:#}"), code = inner.code.as_str(), "request failed");
        }
        let mut response = HttpResponse::build(inner.code.status());
        response.content_type("application/problem+json");
        if let Some(seconds) = inner.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(nonce) = inner.nonce.as_deref().and_then(|nonce| HeaderValue::from_str(nonce).ok()) {
            response.insert_header(("DPoP-Nonce", nonce));
        }
        if inner.code.status() == StatusCode::UNAUTHORIZED {
            let scheme =
                if matches!(inner.code, Code::UseDpopNonce | Code::BadDeviceProof) { "DPoP" } else { "Bearer" };
            response.insert_header((header::WWW_AUTHENTICATE, format!("{scheme} error=\"{}\"", inner.code.as_str())));
        }
        response.json(self.problem())
    }
}

impl From<diesel::result::Error> for ApiError {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind, Error};
        match error {
            Error::NotFound => Self::new(Code::NotFound, "There is no such row."),
            Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
                Self::new(Code::Duplicate, "Something with that name or number exists already.")
            }
            error => match fault(&error) {
                Fault::Passing => {
                    tracing::warn!(error = %error, "database busy");
                    Self::busy("The database is busy or restarting. Nothing was stored; try again.")
                }
                Fault::Locked => {
                    tracing::warn!(error = %error, "row locked");
                    Self::new(Code::RowLocked, "Someone else is changing this. Nothing was stored; try again.")
                        .retry_after(1)
                }
                Fault::Unstorable => {
                    Self::new(Code::BadRequest, "A text contains a character that cannot be stored (U+0000).")
                }
                Fault::OutOfRange => {
                    tracing::warn!(error = %error, "out of range");
                    Self::new(Code::BadRequest, "A number or a time is too large or too small to be stored.")
                }
                Fault::Own => Self::internal(error),
            },
        }
    }
}

impl From<diesel_async::pooled_connection::deadpool::PoolError> for ApiError {
    fn from(error: diesel_async::pooled_connection::deadpool::PoolError) -> Self {
        tracing::warn!(error = %error, "no database connection");
        Self::busy("The database is busy or restarting. Nothing was stored; try again.")
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::new(Code::Refused(refusal.reason), sentence(refusal.reason)).with(refusal.detail)
    }
}

//! What happens when a body, path or query cannot be read: a problem document, never a bare 400.

use actix_web::error::{JsonPayloadError, PathError, QueryPayloadError};
use actix_web::web::{JsonConfig, PathConfig, PayloadConfig, QueryConfig, ServiceConfig};

use serde::Deserialize as _;

use super::codes::Code;
use super::error::ApiError;

/// For a field of a change that may be absent, null or a value: `None`, `Some(None)` or `Some(Some(value))`.
///
/// # Errors
/// Those of the value.
pub fn given<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: serde::Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

/// Bodies of routes that do not say otherwise.
const BODY_BYTES: usize = 2 * 1024 * 1024;

/// Installs the error handlers of the extractors.
pub fn configure(config: &mut ServiceConfig) {
    config
        .app_data(JsonConfig::default().limit(BODY_BYTES).error_handler(|error, _| json_error(&error).into()))
        .app_data(PathConfig::default().error_handler(|error, _| path_error(&error).into()))
        .app_data(QueryConfig::default().error_handler(|error, _| query_error(&error).into()))
        .app_data(PayloadConfig::default().limit(BODY_BYTES));
}

fn json_error(error: &JsonPayloadError) -> ApiError {
    match error {
        JsonPayloadError::OverflowKnownLength { .. } | JsonPayloadError::Overflow { .. } => {
            ApiError::new(Code::TooLarge, format!("A body here has at most {} MiB.", BODY_BYTES / 1024 / 1024))
        }
        JsonPayloadError::ContentType => ApiError::new(Code::UnsupportedMedia, "Send the body as application/json."),
        JsonPayloadError::Deserialize(error) if error.is_data() => {
            ApiError::new(Code::BadRequest, format!("The body does not have the expected form: {error}."))
        }
        other => ApiError::new(Code::BadRequest, format!("The body is not valid JSON: {other}.")),
    }
}

fn path_error(_: &PathError) -> ApiError {
    // An id that cannot exist is simply absent.
    ApiError::not_found("thing at this address")
}

fn query_error(error: &QueryPayloadError) -> ApiError {
    ApiError::new(Code::BadRequest, format!("A query parameter cannot be read: {error}."))
}

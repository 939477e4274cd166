//! A JSON body that may be left out.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;

use super::codes::Code;
use super::error::ApiError;

/// The body, or its default when none was sent or it is `null`.
#[derive(Debug)]
pub struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned + Default + 'static> FromRequest for OptionalJson<T> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            let bytes = bytes.await.map_err(|_| ApiError::new(Code::TooLarge, "The body is too large."))?;
            if bytes.is_empty() {
                return Ok(Self(T::default()));
            }
            let unreadable = |error| ApiError::new(Code::BadRequest, format!("The body cannot be read: {error}."));
            let body: Option<T> = serde_json::from_slice(&bytes).map_err(unreadable)?;
            Ok(Self(body.unwrap_or_default()))
        })
    }
}

//! Whether anybody known signed a request, for routes that learn from the body whose device it is: nobody else is told what is wrong with a body.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::proof::DeviceProof;
use crate::platform::http::ApiError;
use crate::platform::tenancy::Identity;

/// A request with a good access token, or with a sound proof by some device's key; 401 otherwise. Stands before the body among a handler's parameters.
#[derive(Clone, Copy, Debug)]
pub struct Signed(());

impl FromRequest for Signed {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let Err(unproven) = DeviceProof::extract(&request).await else { return Ok(Self(())) };
            match Identity::extract(&request).await {
                Ok(_) => Ok(Self(())),
                // Who sent a proof has to learn what is wrong with it: often only its nonce.
                Err(_) if request.headers().contains_key("dpop") => Err(unproven),
                Err(nobody) => Err(nobody),
            }
        })
    }
}

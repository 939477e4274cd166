//! Where a phone is reached.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use floorline_domain::FieldError;
use reqwest::Url;
use uuid::Uuid;
use web_push_native::p256::PublicKey;

use super::views::NewSubscription;
use crate::platform::http::ApiError;
use crate::platform::outgoing::Reach;

/// Longest token or endpoint, in bytes; an index takes it whole.
const LONGEST: usize = 2_000;

/// Where notices go. Prints nothing: who knows the address can be told things, and who knows the keys can read them.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// A registration token of Firebase.
    Fcm(String),
    /// What a browser's push service gave out.
    Web(WebAddress),
}

/// An endpoint with the keys of the browser behind it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct WebAddress {
    pub(super) endpoint: Url,
    /// The browser's public key, a point of P-256.
    pub(super) key: PublicKey,
    /// What only the browser and this server know.
    pub(super) auth: [u8; 16],
}

/// A registration as it is sent to.
pub(super) struct Subscription {
    pub(super) id: Uuid,
    pub(super) address: Address,
}

impl Address {
    /// The way, as metrics and rows name it.
    pub(super) const fn way(&self) -> &'static str {
        match self {
            Self::Fcm(_) => "fcm",
            Self::Web(_) => "web",
        }
    }

    /// The token or the endpoint.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Fcm(token) => token,
            Self::Web(web) => web.endpoint.as_str(),
        }
    }

    /// What a phone says of itself.
    ///
    /// # Errors
    /// 422 that names the wrong fields.
    pub(super) fn read(new: &NewSubscription, reach: Reach) -> Result<Self, ApiError> {
        if new.address.is_empty() || new.address.len() > LONGEST {
            let message = format!("address has 1 to {LONGEST} characters.");
            return Err(ApiError::invalid_field("address", "LENGTH", message));
        }
        match new.kind.as_str() {
            "fcm" if new.address.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Self::Fcm(new.address.clone())),
            "fcm" => Err(ApiError::invalid_field("address", "TOKEN", "That is not a registration token.")),
            "web" => web(new, reach),
            _ => Err(ApiError::invalid_field("kind", "UNKNOWN", "kind is fcm or web.")),
        }
    }

    /// What a row says.
    pub(super) fn stored(way: &str, text: String, key: Option<&[u8]>, auth: Option<&[u8]>) -> Option<Self> {
        match way {
            "fcm" => Some(Self::Fcm(text)),
            "web" => Some(Self::Web(WebAddress {
                endpoint: Url::parse(&text).ok()?,
                key: PublicKey::from_sec1_bytes(key?).ok()?,
                auth: auth?.try_into().ok()?,
            })),
            _ => None,
        }
    }
}

fn web(new: &NewSubscription, reach: Reach) -> Result<Address, ApiError> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, code: &str, message: &str| faults.push(FieldError::new(field, code, message));
    let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?.trim_end_matches('=')).ok();
    let endpoint = Url::parse(&new.address).map_err(|_| "That is not an address.");
    let endpoint = endpoint.and_then(|url| reach.permits(&url).map(|()| url));
    // As it is stored: what is no letter of an address is three letters there.
    let endpoint = endpoint.and_then(|url| (url.as_str().len() <= LONGEST).then_some(url).ok_or("It is too long."));
    let endpoint = endpoint.map_err(|why| fault("address", "URL", why));
    let key = bytes(&new.p256dh).and_then(|bytes| PublicKey::from_sec1_bytes(&bytes).ok());
    if key.is_none() {
        fault("p256dh", "KEY", "p256dh is a public key of P-256: 65 bytes in base64url.");
    }
    let auth = bytes(&new.auth).and_then(|bytes| bytes.try_into().ok());
    if auth.is_none() {
        fault("auth", "KEY", "auth is 16 bytes in base64url.");
    }
    match (endpoint, key, auth) {
        (Ok(endpoint), Some(key), Some(auth)) => Ok(Address::Web(WebAddress { endpoint, key, auth })),
        _ => Err(ApiError::invalid(faults)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "BLn9b-VR0ca83knDNZ32dCHGyjJp-1riX9ZTN40MqV8K_LpQmLqxC_DoHvqvFXO_nGdAB4W9dogZb_sM-uV4JbY";
    const AUTH: &str = "_ordMnz7uTCmrpBTeUV4Bw";

    fn new(kind: &str, address: &str, p256dh: &str, auth: &str) -> NewSubscription {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        NewSubscription { kind: kind.into(), address: address.into(), p256dh: some(p256dh), auth: some(auth) }
    }

    #[test]
    fn what_a_phone_says_is_kept_or_its_faults_are_named() {
        let long = "x".repeat(LONGEST + 1);
        for (said, faults) in [
            (new("fcm", "token:of-a_phone", "", ""), vec![]),
            (new("web", "https://push.example/1", KEY, AUTH), vec![]),
            (new("web", "https://push.example/1", &format!("{KEY}="), &format!("{AUTH}==")), vec![]),
            (new("fcm", "to ken", "", ""), vec!["address"]),
            (new("fcm", "", "", ""), vec!["address"]),
            (new("fcm", &long, "", ""), vec!["address"]),
            (new("apns", "token", "", ""), vec!["kind"]),
            (new("web", "push.example", KEY, AUTH), vec!["address"]),
            (new("web", "https://10.0.0.1/", KEY, AUTH), vec!["address"]),
            (new("web", "http://127.0.0.1/", "", &AUTH[1..]), vec!["address", "p256dh", "auth"]),
            (new("web", "https://push.example/1", AUTH, KEY), vec!["p256dh", "auth"]),
        ] {
            let read = Address::read(&said, Reach::Public);
            let named: Vec<String> = match &read {
                Ok(_) => Vec::new(),
                Err(error) => error.problem().errors.iter().map(|error| error.field.clone()).collect(),
            };
            assert_eq!(named, faults, "{} {}", said.kind, said.address);
        }
    }

    #[test]
    fn what_was_kept_is_read_again() {
        let web = Address::read(&new("web", "https://push.example/1", KEY, AUTH), Reach::Public).ok().unwrap();
        let Address::Web(WebAddress { auth, .. }) = &web else { panic!("not web") };
        let key = URL_SAFE_NO_PAD.decode(KEY).unwrap();
        let again = Address::stored("web", web.text().to_owned(), Some(&key), Some(auth)).unwrap();
        assert!(again == web);
        assert!(Address::stored("web", web.text().to_owned(), None, Some(auth)).is_none());
    }
}

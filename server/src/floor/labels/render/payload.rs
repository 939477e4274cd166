//! What a label's QR code says: an address that any phone's camera opens, and that ends in the label's code.
//!
//! It is written in capitals because a QR code packs capitals, digits and a few signs (its alphanumeric mode) a third tighter than
//! mixed text: the same label then has larger, sturdier squares.

use std::net::SocketAddr;

use floorline_domain::label::Code;

use super::LabelRefused;

/// What a QR code of version 3 with error correction M holds in alphanumeric mode. Beyond it the squares get too small for a
/// label of an inch.
pub(super) const MAX_PAYLOAD: usize = 61;

/// The signs of alphanumeric mode, beside digits and capitals. A space is one too, but no address has one.
const SIGNS: &str = "$%*+-./:";

/// The address labels lead to: `public_url`, or this machine while the server listens on loopback, where nobody else can scan.
///
/// # Errors
/// [`LabelRefused::NoPublicUrl`] when it is unset and others can reach the server: their labels would lead nowhere.
pub fn base_url(public_url: Option<&str>, listening_on: SocketAddr, secure: bool) -> Result<String, LabelRefused> {
    let scheme = if secure { "https" } else { "http" };
    match public_url.map(str::trim).filter(|url| !url.is_empty()) {
        Some(url) => Ok(url.to_owned()),
        None if listening_on.ip().is_loopback() => Ok(format!("{scheme}://localhost:{}", listening_on.port())),
        None => Err(LabelRefused::NoPublicUrl),
    }
}

/// `<BASE URL>/Q/<code>`, in capitals.
///
/// # Errors
/// When the address has a character that alphanumeric mode lacks, or is too long.
pub fn payload(base_url: &str, code: &Code) -> Result<String, LabelRefused> {
    let base = base_url.trim_end_matches('/').to_ascii_uppercase();
    let is_alphanumeric = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || SIGNS.contains(c);
    if let Some(character) = base.chars().find(|&character| !is_alphanumeric(character)) {
        return Err(LabelRefused::NotAlphanumeric { url: base_url.to_owned(), character });
    }
    let payload = format!("{base}/Q/{code}");
    if payload.len() > MAX_PAYLOAD {
        return Err(LabelRefused::TooLong { url: base_url.to_owned(), length: payload.len() });
    }
    Ok(payload)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn at(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    #[test]
    fn is_the_public_url_in_capitals_with_the_code() {
        let code = sample::code(1);
        let expected = format!("HTTPS://FLOOR.EXAMPLE.COM/Q/{code}");
        assert_eq!(payload("https://floor.example.com", &code), Ok(expected.clone()));
        assert_eq!(payload("https://floor.example.com//", &code), Ok(expected));
        assert_eq!(payload("http://a.b:8080/x-1", &code), Ok(format!("HTTP://A.B:8080/X-1/Q/{code}")));
    }

    #[test]
    fn names_the_character_that_does_not_fit() {
        for (url, character) in [
            ("https://floor_1.example.com", '_'),
            ("http://[::1]:80", '['),
            ("https://fabrik-süd.de", 'ü'),
            ("https://a.b?x", '?'),
        ] {
            let refused = payload(url, &sample::code(1)).unwrap_err();
            assert_eq!(refused, LabelRefused::NotAlphanumeric { url: url.to_owned(), character });
        }
    }

    #[test]
    fn explains_what_is_too_long() {
        // 43 characters and "/Q/" and the code are 61.
        let fits = format!("https://{}.example.com", "a".repeat(43 - 20));
        assert_eq!(payload(&fits, &sample::code(1)).unwrap().len(), 61);
        let too_long = format!("{fits}m");
        let refused = payload(&too_long, &sample::code(1)).unwrap_err();
        assert_eq!(refused, LabelRefused::TooLong { url: too_long, length: 62 });
        assert!(refused.to_string().contains("62 characters, at most 61"));
    }

    #[test]
    fn without_a_public_url_only_loopback_has_labels() {
        assert_eq!(base_url(None, at("127.0.0.1:8080"), false), Ok("http://localhost:8080".to_owned()));
        assert_eq!(base_url(None, at("[::1]:90"), false), Ok("http://localhost:90".to_owned()));
        assert_eq!(base_url(Some(" "), at("127.0.0.1:1"), false), Ok("http://localhost:1".to_owned()));
        assert_eq!(base_url(None, at("0.0.0.0:8080"), false), Err(LabelRefused::NoPublicUrl));
        assert_eq!(base_url(None, at("192.168.1.4:8080"), false), Err(LabelRefused::NoPublicUrl));
        assert_eq!(base_url(Some("https://f.example"), at("0.0.0.0:80"), false), Ok("https://f.example".to_owned()));
    }
}

//! The authority as an iPhone takes it: a configuration profile, which is a property list with one payload.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::{Trust, escaped};

/// The profile. Downloading it again gives the same one, so that an iPhone replaces what it has.
pub(super) fn profile(trust: &Trust) -> String {
    include_str!("profile.xml")
        .replace("{name}", &escaped(&trust.name))
        .replace("{certificate}", &STANDARD.encode(&trust.certificate))
        .replace("{profile}", &id(trust, "profile"))
        .replace("{payload}", &id(trust, "payload"))
}

/// An id that follows from the certificate, as version 8 (RFC 9562, section 5.8).
fn id(trust: &Trust, part: &str) -> String {
    let digest = Sha256::new().chain_update(&trust.certificate).chain_update(part).finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(byte, from)| *byte = from);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string().to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_the_same_for_the_same_authority_and_another_for_another() {
        let trust =
            |byte| Trust { certificate: vec![byte; 9], name: "Floorline <1>".into(), fingerprint: String::new() };
        let (one, other) = (profile(&trust(1)), profile(&trust(2)));
        assert_eq!(one, profile(&trust(1)));
        assert_ne!(id(&trust(1), "payload"), id(&trust(2), "payload"));
        assert_ne!(id(&trust(1), "payload"), id(&trust(1), "profile"));
        assert!(one.contains("<data>AQEBAQEBAQEB</data>") && other.contains("<data>AgICAgICAgIC</data>"), "{one}");
        assert!(one.contains("<string>Floorline &lt;1&gt;</string>") && !one.contains('{'), "{one}");
    }
}

//! How phones are woken and told: Firebase Cloud Messaging, and browsers' push services.
//!
//! | variable | in the file | default | meaning |
//! |---|---|---|---|
//! | `FLOORLINE_FCM_ACCOUNT` | `push.fcm_account` | unset | file with the key of a Firebase project's service account (JSON); without it nothing goes over Firebase |
//! | `FLOORLINE_FCM_URL` | `push.fcm_url` | `https://fcm.googleapis.com` | where Firebase is; access tokens are had at the file's `token_uri` |
//! | `FLOORLINE_VAPID_KEY` | `push.vapid_key` | `<data>/vapid_key.pem`, made once | file with a P-256 private key (PKCS #8, PEM) that signs Web Push; where `DATABASE_URL` is set and this is not, there is no Web Push |
//! | `FLOORLINE_VAPID_CONTACT` | `push.vapid_contact` | `FLOORLINE_PUBLIC_URL` if that is https | `mailto:` or `https:` address at which push services find who runs this |
//! | `FLOORLINE_PUSH_LOOPBACK` | `push.loopback` | false | take browsers' addresses on this machine, over plain HTTP: for trials only |

use std::path::PathBuf;

use reqwest::Url;

use super::{Data, Database, Server, Source};
use crate::platform::outgoing::Reach;

/// Firebase's own.
const FCM: &str = "https://fcm.googleapis.com";

/// See the module.
#[derive(Debug, Clone)]
pub struct Push {
    /// None: nothing goes over Firebase.
    pub fcm_account: Option<PathBuf>,
    /// Where Firebase is.
    pub fcm_url: String,
    /// None: there is no Web Push.
    pub vapid: Option<Vapid>,
    /// For push services.
    pub vapid_contact: Option<String>,
    /// Whether a browser's push service may be on this machine.
    pub loopback: bool,
}

/// The key that signs Web Push.
#[derive(Debug, Clone)]
pub struct Vapid {
    /// Its file.
    pub file: PathBuf,
    /// Whether it is made when it is not there.
    pub made: bool,
}

impl Default for Push {
    /// No way to any phone.
    fn default() -> Self {
        Self { fcm_account: None, fcm_url: FCM.to_owned(), vapid: None, vapid_contact: None, loopback: false }
    }
}

impl Push {
    pub(super) fn read(source: &mut Source, server: &Server, data: &Data, database: &Database) -> Self {
        let given = source.get("push.vapid_key", "FLOORLINE_VAPID_KEY").map(|file| Vapid { file, made: false });
        let own = Vapid { file: data.folder.join("vapid_key.pem"), made: true };
        let public_url = server.public_url.clone().filter(|url| url.starts_with("https://"));
        Self {
            fcm_account: source.get("push.fcm_account", "FLOORLINE_FCM_ACCOUNT"),
            fcm_url: source.parse("push.fcm_url", "FLOORLINE_FCM_URL", root).unwrap_or_else(|| FCM.to_owned()),
            // Servers on one database must sign with one key.
            vapid: given.or_else(|| database.url.is_none().then_some(own)),
            vapid_contact: source.parse("push.vapid_contact", "FLOORLINE_VAPID_CONTACT", contact).or(public_url),
            loopback: source.get("push.loopback", "FLOORLINE_PUSH_LOOPBACK").unwrap_or(false),
        }
    }
}

fn root(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| format!("{text:?}: {error}"))?;
    Reach::Settings.permits(&url).map_err(|why| format!("{text:?}: {why}"))?;
    Ok(text.trim_end_matches('/').to_owned())
}

fn contact(text: &str) -> Result<String, String> {
    if text.starts_with("mailto:") || text.starts_with("https://") {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?}: must start with mailto: or https://"))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Config;
    use super::*;

    fn read(env: &[(&str, &str)]) -> Result<Push, String> {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let config = Source::new(env, "").and_then(Config::read);
        config.map(|config| config.push).map_err(|error| error.to_string())
    }

    #[test]
    fn a_server_of_its_own_makes_a_key_and_several_need_one() {
        let alone = read(&[]).unwrap().vapid.unwrap();
        assert!(alone.made && alone.file == Path::new("data/vapid_key.pem"));
        let shared = [("DATABASE_URL", "postgres://db/floorline"), ("FLOORLINE_SIGNING_KEY", "/key.pem")];
        assert!(read(&shared).unwrap().vapid.is_none());
        let given =
            read(&[shared.as_slice(), &[("FLOORLINE_VAPID_KEY", "/vapid.pem")]].concat()).unwrap().vapid.unwrap();
        assert!(!given.made && given.file == Path::new("/vapid.pem"));
    }

    #[test]
    fn push_services_find_who_runs_it_at_its_public_address() {
        let contact = |env: &[(&str, &str)]| read(env).unwrap().vapid_contact;
        assert_eq!(contact(&[]), None);
        assert_eq!(contact(&[("FLOORLINE_PUBLIC_URL", "http://127.0.0.1:8080")]), None);
        let public = ("FLOORLINE_PUBLIC_URL", "https://floor.example");
        assert_eq!(contact(&[public]).as_deref(), Some("https://floor.example"));
        let mail = ("FLOORLINE_VAPID_CONTACT", "mailto:it@floor.example");
        assert_eq!(contact(&[public, mail]).as_deref(), Some("mailto:it@floor.example"));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (name, value) in [
            ("FLOORLINE_FCM_URL", "fcm.googleapis.com"),
            ("FLOORLINE_FCM_URL", "http://fcm.googleapis.com"),
            ("FLOORLINE_VAPID_CONTACT", "it@floor.example"),
            ("FLOORLINE_PUSH_LOOPBACK", "perhaps"),
        ] {
            assert!(read(&[(name, value)]).unwrap_err().contains(name), "{name}");
        }
        assert_eq!(read(&[("FLOORLINE_FCM_URL", "http://127.0.0.1:9/")]).unwrap().fcm_url, "http://127.0.0.1:9");
    }
}

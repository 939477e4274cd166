//! The address of a NATS server, taken apart.

use reqwest::Url;

use super::Secret;

const PORT: u16 = 4222;

/// Where a NATS server is and what it is told there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nats {
    /// A name or an address, an IPv6 one without brackets.
    pub host: String,
    /// 4222 unless another is named.
    pub port: u16,
    /// None: everybody may.
    pub login: Option<Login>,
}

/// What a NATS server wants to hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// `nats://token@host`
    Token(Secret<String>),
    /// `nats://user:password@host`
    User(String, Secret<String>),
}

impl Nats {
    /// No error repeats the address: it may hold a password.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        const SHAPE: &str =
            "must be nats://host, nats://host:port, perhaps with user:password@ or token@ before the host";
        if text.starts_with("tls://") {
            return Err("tls:// is not spoken here; keep NATS on a private network, or leave it out".to_owned());
        }
        let url = Url::parse(text).map_err(|_| SHAPE.to_owned())?;
        let host = url.host_str().unwrap_or_default();
        let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        if url.scheme() != "nats" || host.is_empty() || host.contains(',') || !bare {
            return Err(SHAPE.to_owned());
        }
        let login = match (url.username(), url.password()) {
            (user, password) if format!("{user}{}", password.unwrap_or_default()).contains('%') => {
                return Err("user and password must be of letters, digits and -._~!$&'()*+,;=".to_owned());
            }
            ("", None) => None,
            (token, None) => Some(Login::Token(Secret::new(token.to_owned()))),
            (user, Some(password)) => Some(Login::User(user.to_owned(), Secret::new(password.to_owned()))),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { host, port: url.port().unwrap_or(PORT), login })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let (user, secret) = ("floor".to_owned(), |text: &str| Secret::new(text.to_owned()));
        for (text, host, port, login) in [
            ("nats://bus.example", "bus.example", 4222, None),
            ("nats://127.0.0.1:14222/", "127.0.0.1", 14222, None),
            ("nats://[::1]:5", "::1", 5, None),
            ("nats://s3cret@bus", "bus", 4222, Some(Login::Token(secret("s3cret")))),
            ("nats://floor:hunter2@bus", "bus", 4222, Some(Login::User(user, secret("hunter2")))),
        ] {
            assert_eq!(Nats::read(text), Ok(Nats { host: host.to_owned(), port, login }), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        let wrong =
            ["tls://u:hunter2@bus", "http://bus", "bus:4222", "nats://", "nats://a,nats://b", "nats://a/hunter2"];
        for text in wrong.into_iter().chain(["nats://u:hunter2%40@bus"]) {
            let refused = Nats::read(text).unwrap_err();
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }
}

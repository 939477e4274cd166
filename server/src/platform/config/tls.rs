//! Where the certificate of the server's own door comes from.
//!
//! | variable | in the file | `floorline serve` | default | meaning |
//! |---|---|---|---|---|
//! | `FLOORLINE_TLS` | `tls.from` | `--tls` | `off` | `auto`: an authority of this installation's own makes it; `acme`: a public one does, for the name in `FLOORLINE_PUBLIC_URL`; `CERTIFICATE.pem,KEY.pem`: these files; `off`: no TLS, for loopback and behind a proxy |
//! | `FLOORLINE_TLS_PAGE` | `tls.page` | | port 8080 beside the door | with `auto`, where a page without TLS says how phones come to trust the authority; `off` for nowhere |
//! | `FLOORLINE_ACME_DIRECTORY` | `tls.acme_directory` | | that of Let's Encrypt | with `acme`, whom to ask |
//! | `FLOORLINE_ACME_CONTACT` | `tls.acme_contact` | | | with `acme`, whom it writes to: `mailto:…` |
//! | `FLOORLINE_ACME_ROOT` | `tls.acme_root` | | what the system trusts | with `acme`, a file in PEM with the one authority whose word is taken for who the directory is |

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use super::Source;

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Where the certificate comes from.
    pub from: TlsFrom,
    /// Where the page about the authority is.
    pub page: TlsPage,
    /// Whom `acme` asks.
    pub acme: Acme,
}

/// A public authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acme {
    /// The address of its directory.
    pub directory: String,
    /// Whom it writes to.
    pub contact: Option<String>,
    /// The authority that vouches for the directory itself; none: those that the system trusts.
    pub root: Option<PathBuf>,
}

impl Default for Acme {
    fn default() -> Self {
        Self { directory: "https://acme-v02.api.letsencrypt.org/directory".into(), contact: None, root: None }
    }
}

/// Where the certificate comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TlsFrom {
    /// Nowhere: plain HTTP.
    #[default]
    Off,
    /// An authority of this installation's own.
    Auto,
    /// A public authority, asked by ACME.
    Acme,
    /// The operator's files, in PEM.
    Files {
        /// The server's certificate, and after it those that lead to an authority.
        certificate: PathBuf,
        /// The private key of the first of them.
        key: PathBuf,
    },
}

/// Where the page about the authority is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsPage {
    /// At the usual port of the address that the server listens on.
    #[default]
    Beside,
    /// There.
    At(SocketAddr),
    /// Nowhere.
    Off,
}

impl Tls {
    pub(super) fn read(source: &mut Source) -> Self {
        Self {
            from: source.get("tls.from", "FLOORLINE_TLS").unwrap_or_default(),
            page: source.get("tls.page", "FLOORLINE_TLS_PAGE").unwrap_or_default(),
            acme: Acme {
                directory: source
                    .get("tls.acme_directory", "FLOORLINE_ACME_DIRECTORY")
                    .unwrap_or_else(|| Acme::default().directory),
                contact: source.get("tls.acme_contact", "FLOORLINE_ACME_CONTACT"),
                root: source.get("tls.acme_root", "FLOORLINE_ACME_ROOT"),
            },
        }
    }
}

impl FromStr for TlsFrom {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            "auto" => Ok(Self::Auto),
            "acme" => Ok(Self::Acme),
            files => match files.split_once(',').map(|(certificate, key)| (certificate.trim(), key.trim())) {
                Some((certificate, key)) if !certificate.is_empty() && !key.is_empty() => {
                    Ok(Self::Files { certificate: certificate.into(), key: key.into() })
                }
                _ => Err("must be auto, acme, off, or the files CERTIFICATE.pem,KEY.pem"),
            },
        }
    }
}

impl FromStr for TlsPage {
    type Err = <SocketAddr as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" { Ok(Self::Off) } else { text.parse().map(Self::At) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_comes_from_nowhere_from_oneself_or_from_two_files() {
        assert_eq!("off".parse(), Ok(TlsFrom::Off));
        assert_eq!("auto".parse(), Ok(TlsFrom::Auto));
        assert_eq!("acme".parse(), Ok(TlsFrom::Acme));
        let files = TlsFrom::Files { certificate: "/etc/cert.pem".into(), key: "/etc/key.pem".into() };
        assert_eq!("/etc/cert.pem, /etc/key.pem".parse(), Ok(files));
        for wrong in ["", "on", "cert.pem", "cert.pem,", ",key.pem", "acme:floor.example.com"] {
            assert!(wrong.parse::<TlsFrom>().is_err(), "{wrong}");
        }
    }
}

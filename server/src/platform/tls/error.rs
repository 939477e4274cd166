//! Why there is no certificate to show, in words for who runs the server.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file holds something else than it should.
    #[error("{}: is not {what} in PEM", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
    },
    /// The key is another certificate's.
    #[error("{}: is not the key of the certificate in {}", key.display(), certificate.display())]
    OtherKey {
        /// The key's file.
        key: PathBuf,
        /// The certificate's file.
        certificate: PathBuf,
    },
    /// The certificate is past its time.
    #[error("{}: the certificate ended on {}", path.display(), ended.format("%Y-%m-%d at %H:%M UTC"))]
    Ended {
        /// The certificate's file.
        path: PathBuf,
        /// When.
        ended: DateTime<Utc>,
    },
    /// The authority was made for another network or another public address.
    #[error(
        "the authority in {} may not vouch for {host}, since it was made before that name was configured: move the folder away and start again, and let every phone trust the new authority",
        folder.display()
    )]
    OutOfBounds {
        /// Where the authority is kept.
        folder: PathBuf,
        /// The name in `FLOORLINE_PUBLIC_URL`.
        host: String,
    },
    /// A public authority vouches for names only.
    #[error("acme needs a public name in FLOORLINE_PUBLIC_URL, as https://floor.example.com")]
    NoPublicName,
    /// The directory of a public authority cannot be asked, or says no.
    #[error("the authority at {directory}: {source}")]
    Authority {
        /// Its directory.
        directory: String,
        /// What happened.
        source: instant_acme::Error,
    },
    /// A public authority does not believe that this server is who it says.
    #[error(
        "the authority at {directory} did not reach this server as {host}, by TLS at port 443 of the name's public address: {why}"
    )]
    NotProved {
        /// Its directory.
        directory: String,
        /// The public name.
        host: String,
        /// Its words.
        why: String,
    },
    /// A certificate cannot be made.
    #[error("a certificate cannot be made: {0}")]
    Made(#[from] rcgen::Error),
    /// A certificate cannot be used.
    #[error("a certificate cannot be used: {0}")]
    Library(rustls::Error),
}

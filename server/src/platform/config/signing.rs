//! The keys that sign access tokens and offline leases.
//!
//! | variable | in the file | default | meaning |
//! |---|---|---|---|
//! | `FLOORLINE_SIGNING_KEY` | `signing.key` | `<data>/signing_key.pem`, made once | file with an Ed25519 private key (PKCS #8, PEM); needed when `DATABASE_URL` is set |
//! | `FLOORLINE_SIGNING_KEY_PREVIOUS` | `signing.previous` | unset | the key before it: still accepted, signs nothing |

use std::path::PathBuf;

use super::{Database, Source};

/// See the module.
#[derive(Debug, Clone)]
pub struct Signing {
    /// None: the key in the data folder, made if absent.
    pub key: Option<PathBuf>,
    /// Accepted during a change of keys.
    pub previous: Option<PathBuf>,
}

impl Signing {
    pub(super) fn read(source: &mut Source, database: &Database) -> Self {
        let key = source.get("signing.key", "FLOORLINE_SIGNING_KEY");
        if key.is_none() && database.url.is_some() {
            source.fault(
                "FLOORLINE_SIGNING_KEY",
                "needed when DATABASE_URL is set: servers on one database must sign with one key",
            );
        }
        Self { key, previous: source.get("signing.previous", "FLOORLINE_SIGNING_KEY_PREVIOUS") }
    }
}

//! Which PostgreSQL.
//!
//! | variable | in the file | default | meaning |
//! |---|---|---|---|
//! | `DATABASE_URL` | `database.url` | unset | a PostgreSQL 15 or newer, as a login that may take the four roles; unset, the server runs its own in the data folder |
//! | `FLOORLINE_DB_POOL` | `database.pool` | 16 | most connections for requests and batches at one time |

use super::{Secret, Source};

/// See the module.
#[derive(Debug, Clone)]
pub struct Database {
    /// None: the embedded one. Holds a password, hence a secret.
    pub url: Option<Secret<String>>,
    /// At least 2.
    pub pool: usize,
}

impl Database {
    pub(super) fn read(source: &mut Source) -> Self {
        Self {
            url: source.parse("database.url", "DATABASE_URL", address),
            pool: source.parse("database.pool", "FLOORLINE_DB_POOL", pool).unwrap_or(16),
        }
    }
}

fn address(text: &str) -> Result<Secret<String>, String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        Ok(Secret::new(text.to_owned()))
    } else {
        Err("must start with postgres:// or postgresql://".to_owned())
    }
}

fn pool(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(size) if (2..=1000).contains(&size) => Ok(size),
        _ => Err(format!("{text:?}: must be a number from 2 to 1000")),
    }
}

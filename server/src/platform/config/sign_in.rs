//! What signing in costs, and whose address counts.
//!
//! | variable | in the file | default | meaning |
//! |---|---|---|---|
//! | `FLOORLINE_PASSWORD_MEMORY_KIB` | `sign_in.password_memory_kib` | 19456 | memory of one Argon2id hash; the default is OWASP's minimum |
//! | `FLOORLINE_PASSWORD_PASSES` | `sign_in.password_passes` | 2 | passes over that memory |
//! | `FLOORLINE_BEHIND_PROXY` | `sign_in.behind_proxy` | false | take a client's address, for sign-in and for `FLOORLINE_ADDRESS_RATE`, from the last `X-Forwarded-For`, and listen without TLS to others than this machine; only where a proxy in front sets it and does TLS; `floorline serve --behind-proxy` |

use super::Source;

/// See the module.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Argon2id's m.
    pub password_memory_kib: u32,
    /// Argon2id's t.
    pub password_passes: u32,
    /// Whether the connection's own address is only the proxy's.
    pub behind_proxy: bool,
}

impl SignIn {
    pub(super) fn read(source: &mut Source) -> Self {
        Self {
            password_memory_kib: source
                .parse("sign_in.password_memory_kib", "FLOORLINE_PASSWORD_MEMORY_KIB", |text| {
                    within(text, 8..=4 * 1024 * 1024)
                })
                .unwrap_or(19 * 1024),
            password_passes: source
                .parse("sign_in.password_passes", "FLOORLINE_PASSWORD_PASSES", |text| within(text, 1..=100))
                .unwrap_or(2),
            behind_proxy: source.get("sign_in.behind_proxy", "FLOORLINE_BEHIND_PROXY").unwrap_or(false),
        }
    }
}

fn within(text: &str, range: std::ops::RangeInclusive<u32>) -> Result<u32, String> {
    match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!("{text:?}: must be a number from {} to {}", range.start(), range.end())),
    }
}

//! The text of a refresh token: which login, which generation, and a MAC that only this installation can make.

use uuid::Uuid;

use crate::platform::tenancy::SigningKeys;

const PURPOSE: &str = "refresh token";

/// A token that came with a sound MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RefreshToken {
    pub(super) login: Uuid,
    pub(super) generation: i64,
}

impl RefreshToken {
    /// As it is given out. The same login and generation always give the same text.
    pub(super) fn text(self, keys: &SigningKeys) -> String {
        let named = self.named();
        format!("{named}.{}", keys.mac(PURPOSE, &named))
    }

    /// Reads one of ours; anything else is none.
    pub(super) fn read(keys: &SigningKeys, text: &str) -> Option<Self> {
        let (named, mac) = text.rsplit_once('.')?;
        if !keys.mac_matches(PURPOSE, named, mac) {
            return None;
        }
        let (login, generation) = named.split_once('.')?;
        Some(Self { login: login.parse().ok()?, generation: generation.parse().ok()? })
    }

    fn named(self) -> String {
        format!("{}.{}", self.login.simple(), self.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_no_other_is() {
        let keys = SigningKeys::random().unwrap();
        let token = RefreshToken { login: Uuid::from_u128(7), generation: 3 };
        let text = token.text(&keys);
        assert_eq!(RefreshToken::read(&keys, &text), Some(token));
        assert_eq!(text, token.text(&keys), "the same again");
        assert_eq!(RefreshToken::read(&SigningKeys::random().unwrap(), &text), None);
        for wrong in ["", ".", "a.b.c", &text.replace(".3.", ".4."), &text[..text.len() - 2]] {
            assert_eq!(RefreshToken::read(&keys, wrong), None, "{wrong}");
        }
    }
}

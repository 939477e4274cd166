//! The text of a label: a kind letter, twelve random characters, two check characters.
//!
//! The random ones are Crockford's base 32, which has no I, L, O and U. The check characters are those of ISO/IEC 7064
//! MOD 1271-36 over the thirteen before them: any single wrong character and any two neighbours exchanged are noticed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Kind;

/// Characters in a code.
pub const CODE_LENGTH: usize = 15;

/// Characters under the check characters.
const CHECKED: usize = 13;

const ALPHABET: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'M', 'N', 'P',
    'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
];

/// A sound code. Whether anyone knows it is another question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code {
    kind: Kind,
    text: String,
}

/// What is wrong with a text that should be a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeError {
    /// Not fifteen characters.
    Length,
    /// It begins with none of M, P, W.
    Kind,
    /// A character that no code has.
    Character,
    /// The check characters do not fit: it was misread or mistyped.
    Check,
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "a code has 15 characters",
            Self::Kind => "a code begins with M, P or W",
            Self::Character => "it contains a character that no code has",
            Self::Check => "its check characters do not fit: it was misread or mistyped",
        })
    }
}

impl std::error::Error for CodeError {}

impl Code {
    /// Reads a code as printed, or as typed: small letters, I and L for 1, O for 0.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        // The first letter is a kind, not one of the random characters.
        let mut characters = text.chars();
        let first = characters.next().ok_or(CodeError::Length)?.to_ascii_uppercase();
        let text: String = [first].into_iter().chain(characters.map(as_typed)).collect();
        if text.chars().count() != CODE_LENGTH {
            return Err(CodeError::Length);
        }
        let kind = Kind::from_letter(first).ok_or(CodeError::Kind)?;
        if !text.chars().skip(1).all(|character| ALPHABET.contains(&character)) {
            return Err(CodeError::Character);
        }
        if remainder(text.chars()) != Some(1) {
            return Err(CodeError::Check);
        }
        Ok(Self { kind, text })
    }

    /// What it is on.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its fifteen characters.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::str::FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Code {
    type Error = CodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.text
    }
}

/// Draws a new code from 60 random bits. Draws again while a check character is outside the alphabet, so that nothing
/// typed can be taken for something else. The number of the try is added, so that even a source that always says the
/// same comes to an end.
pub fn draw(kind: Kind, mut random: impl FnMut() -> u64) -> Code {
    let mut tries = 0_u64;
    loop {
        let mut bits = random().wrapping_add(tries);
        tries = tries.wrapping_add(1);
        let mut text = String::with_capacity(CODE_LENGTH);
        text.push(kind.letter());
        for _ in 1..CHECKED {
            let digit = usize::try_from(bits % 32).unwrap_or_default();
            text.extend(ALPHABET.get(digit));
            bits /= 32;
        }
        let check = check_characters(&text).filter(|check| check.iter().all(|one| ALPHABET.contains(one)));
        if let Some(check) = check {
            text.extend(check);
            return Code { kind, text };
        }
    }
}

/// The two check characters of MOD 1271-36 (ISO/IEC 7064) for digits and capital letters; none for anything else.
pub fn check_characters(text: &str) -> Option<[char; 2]> {
    let value = (1 + 1271 - remainder(text.chars().chain(['0', '0']))?) % 1271;
    Some([char::from_digit(value / 36, 36)?, char::from_digit(value % 36, 36)?].map(|digit| digit.to_ascii_uppercase()))
}

/// The text as a number to the base 36, modulo 1271.
fn remainder(text: impl Iterator<Item = char>) -> Option<u32> {
    text.map(|character| character.to_digit(36)).try_fold(0, |rest, digit| Some((rest * 36 + digit?) % 1271))
}

fn as_typed(character: char) -> char {
    match character.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        other => other,
    }
}

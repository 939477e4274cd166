//! What must be known about an entry's bytes before anything parses them into rows.
//!
//! serde's readers let through what PostgreSQL or another JSON reader would change or refuse: a key given twice, half a
//! surrogate pair, U+0000, an integer that a double rounds, and nesting without end. This walks the bytes once,
//! without recursion, and names the first such fault.

use std::borrow::Cow;
use std::collections::BTreeSet;

use floorline_domain::json::{self, Text};

use crate::limits::{ENTRY_DEPTH, MAX_INTEGER};

/// Why the bytes are not an entry that can be read the same everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not JSON at all, or not UTF-8.
    #[error("not JSON")]
    Syntax,
    /// Arrays and objects nested deeper than the limit.
    #[error("nested deeper than {ENTRY_DEPTH}")]
    TooDeep,
    /// An object names one key twice.
    #[error("a key is given twice")]
    DuplicateKey,
    /// `\u0000` in a text.
    #[error("U+0000 in a text")]
    Nul,
    /// Half a surrogate pair in a text.
    #[error("half a surrogate pair in a text")]
    LoneSurrogate,
    /// An integer outside ±(2^53 − 1).
    #[error("an integer outside ±(2^53−1)")]
    Integer,
    /// A number no double can hold.
    #[error("a number out of range")]
    Range,
}

/// Checks one JSON value, with nothing but blanks around it.
pub fn check(bytes: &[u8]) -> Result<(), Fault> {
    let mut text = Text::new(bytes);
    let mut open = Vec::new();
    loop {
        let mut first = enter(&mut text, &mut open)?;
        // A value is complete, or a bracket was opened: close what ends here, until another value must follow.
        loop {
            let Some(innermost) = open.last_mut() else {
                return if text.token().is_none() { Ok(()) } else { Err(Fault::Syntax) };
            };
            let closing = if innermost.is_some() { b'}' } else { b']' };
            if text.takes(closing) {
                open.pop();
                first = false;
                continue;
            }
            if !first {
                text.expect(b',')?;
            }
            if let Some(keys) = innermost {
                if !keys.insert(said(&mut text)?) {
                    return Err(Fault::DuplicateKey);
                }
                text.expect(b':')?;
            }
            break;
        }
    }
}

/// The keys so far of each object that is not closed yet; none for an array.
type Open<'a> = Vec<Option<BTreeSet<Cow<'a, str>>>>;

/// Takes a scalar, or the bracket of an array or object; true when one was opened.
fn enter<'a>(text: &mut Text<'a>, open: &mut Open<'a>) -> Result<bool, Fault> {
    match text.token() {
        Some(bracket @ (b'{' | b'[')) => {
            if open.len() >= ENTRY_DEPTH {
                return Err(Fault::TooDeep);
            }
            text.expect(bracket)?;
            open.push((bracket == b'{').then(BTreeSet::new));
            return Ok(true);
        }
        Some(b'"') => said(text).map(drop)?,
        Some(b'n') => text.word("null")?,
        Some(b't' | b'f') => text.truth().map(drop)?,
        _ => number(text)?,
    }
    Ok(false)
}

fn said<'a>(text: &mut Text<'a>) -> Result<Cow<'a, str>, Fault> {
    let said = text.string()?;
    if said.contains('\0') { Err(Fault::Nul) } else { Ok(said) }
}

fn number(text: &mut Text<'_>) -> Result<(), Fault> {
    let (digits, whole) = text.digits()?;
    if !whole {
        return json::read::<f64>(digits).map(drop).map_err(|_| Fault::Range);
    }
    let safe = digits.parse().is_ok_and(|number: i64| (-MAX_INTEGER..=MAX_INTEGER).contains(&number));
    if safe { Ok(()) } else { Err(Fault::Integer) }
}

impl From<json::Error> for Fault {
    fn from(error: json::Error) -> Self {
        if error.is_half_a_pair() { Self::LoneSurrogate } else { Self::Syntax }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_fault_has_its_name() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        let cases: &[(&str, Result<(), Fault>)] = &[
            (r#" {"a":[1,-2.5e3,true,false,null,"x",{}],"b":[]} "#, Ok(())),
            (&deep(32), Ok(())),
            (&deep(33), Err(Fault::TooDeep)),
            (&"[".repeat(1_000_000), Err(Fault::TooDeep)),
            (r#"{"a":1,"b":{"a":1},"a":2}"#, Err(Fault::DuplicateKey)),
            (r#"{"a":1,"\u0061":2}"#, Err(Fault::DuplicateKey)),
            (r#"["\u0000"]"#, Err(Fault::Nul)),
            (r#"{"\u0000":1}"#, Err(Fault::Nul)),
            ("[\"\u{0}\"]", Err(Fault::Syntax)),
            (r#""\ud800""#, Err(Fault::LoneSurrogate)),
            (r#""\ud800\u0041""#, Err(Fault::LoneSurrogate)),
            (r#""\udc00""#, Err(Fault::LoneSurrogate)),
            (r#""\ud83d\ude00""#, Ok(())),
            ("9007199254740991", Ok(())),
            ("9007199254740992", Err(Fault::Integer)),
            ("-9007199254740992", Err(Fault::Integer)),
            ("123456789012345678901234567890", Err(Fault::Integer)),
            ("1e400", Err(Fault::Range)),
            ("1e300", Ok(())),
            ("01", Err(Fault::Syntax)),
            ("1.", Err(Fault::Syntax)),
            ("+1", Err(Fault::Syntax)),
            ("[1,]", Err(Fault::Syntax)),
            (r#"{"a"}"#, Err(Fault::Syntax)),
            (r#"{,}"#, Err(Fault::Syntax)),
            ("[1}", Err(Fault::Syntax)),
            ("1 2", Err(Fault::Syntax)),
            ("", Err(Fault::Syntax)),
            (r#""open"#, Err(Fault::Syntax)),
            ("NaN", Err(Fault::Syntax)),
        ];
        for (text, expected) in cases {
            assert_eq!(check(text.as_bytes()), *expected, "{}", text.get(..60).unwrap_or(text));
        }
        assert_eq!(check(b"\"\xff\""), Err(Fault::Syntax));
    }

    proptest! {
        /// What the scanner lets through, serde reads; what serde writes within the limits, the scanner lets through.
        #[test]
        fn agrees_with_serde(text in r#"[\[\]{}:, 0-9a-f"\\utrue.\-]{0,24}"#) {
            let ours = check(text.as_bytes());
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            match ours {
                Ok(()) => prop_assert!(theirs.is_ok()),
                Err(Fault::Syntax) => prop_assert!(theirs.is_err()),
                Err(_) => {}
            }
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = check(&bytes);
        }
    }
}

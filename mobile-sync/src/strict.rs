//! What must be known about an entry's bytes before anything parses them into rows.
//!
//! serde's readers let through what PostgreSQL or another JSON reader would change or refuse: a key given twice, half a
//! surrogate pair, U+0000, an integer that a double rounds, and nesting without end. This scanner walks the bytes once,
//! without recursion, and names the first such fault.

use std::collections::BTreeSet;

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
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::Syntax)?;
    Scanner { text, rest: text.as_bytes(), open: Vec::new() }.run()
}

/// An array or object that is not closed yet.
enum Open {
    Array,
    Object(BTreeSet<String>),
}

struct Scanner<'a> {
    text: &'a str,
    rest: &'a [u8],
    open: Vec<Open>,
}

impl Scanner<'_> {
    fn run(mut self) -> Result<(), Fault> {
        loop {
            self.blanks();
            let opened = self.value()?;
            if opened && !self.first_member()? {
                continue;
            }
            // A value is complete: close what it ends, until another one must follow.
            loop {
                self.blanks();
                match self.open.last() {
                    None => return if self.rest.is_empty() { Ok(()) } else { Err(Fault::Syntax) },
                    Some(Open::Array) => match self.byte()? {
                        b',' => break,
                        b']' => drop(self.open.pop()),
                        _ => return Err(Fault::Syntax),
                    },
                    Some(Open::Object(_)) => match self.byte()? {
                        b',' => {
                            self.key()?;
                            break;
                        }
                        b'}' => drop(self.open.pop()),
                        _ => return Err(Fault::Syntax),
                    },
                }
            }
        }
    }

    /// Reads a scalar, or opens an array or object; true when one was opened.
    fn value(&mut self) -> Result<bool, Fault> {
        match self.peek() {
            Some(b'{') => self.open(Open::Object(BTreeSet::new())).map(|()| true),
            Some(b'[') => self.open(Open::Array).map(|()| true),
            Some(b'"') => self.string().map(|_| false),
            Some(b't') => self.word(b"true").map(|()| false),
            Some(b'f') => self.word(b"false").map(|()| false),
            Some(b'n') => self.word(b"null").map(|()| false),
            Some(b'-' | b'0'..=b'9') => self.number().map(|()| false),
            _ => Err(Fault::Syntax),
        }
    }

    fn open(&mut self, what: Open) -> Result<(), Fault> {
        if self.open.len() >= ENTRY_DEPTH {
            return Err(Fault::TooDeep);
        }
        self.byte()?;
        self.open.push(what);
        Ok(())
    }

    /// After an opening bracket: true when it was closed at once; otherwise a value must follow (an object's key is read).
    fn first_member(&mut self) -> Result<bool, Fault> {
        self.blanks();
        let closing = match self.open.last() {
            Some(Open::Array) => b']',
            _ => b'}',
        };
        if self.peek() == Some(closing) {
            self.byte()?;
            self.open.pop();
            return Ok(true);
        }
        if closing == b'}' {
            self.key()?;
        }
        Ok(false)
    }

    fn key(&mut self) -> Result<(), Fault> {
        self.blanks();
        if self.peek() != Some(b'"') {
            return Err(Fault::Syntax);
        }
        let key = self.string()?;
        let Some(Open::Object(keys)) = self.open.last_mut() else { return Err(Fault::Syntax) };
        if !keys.insert(key) {
            return Err(Fault::DuplicateKey);
        }
        self.blanks();
        if self.byte()? == b':' { Ok(()) } else { Err(Fault::Syntax) }
    }

    /// Reads a text and returns what it says, escapes resolved, so that keys compare as readers will compare them.
    fn string(&mut self) -> Result<String, Fault> {
        self.byte()?;
        let mut said = String::new();
        loop {
            let plain = self.rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f)).ok_or(Fault::Syntax)?;
            let from = self.text.len() - self.rest.len();
            said.push_str(self.text.get(from..from + plain).ok_or(Fault::Syntax)?);
            self.rest = self.rest.get(plain..).ok_or(Fault::Syntax)?;
            match self.byte()? {
                b'"' => return Ok(said),
                b'\\' => said.push(self.escape()?),
                _ => return Err(Fault::Syntax),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        Ok(match self.byte()? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(Fault::Syntax),
        })
    }

    fn unicode(&mut self) -> Result<char, Fault> {
        let unit = self.hex4()?;
        let code = match unit {
            0 => return Err(Fault::Nul),
            0xd800..=0xdbff => {
                if self.byte()? != b'\\' || self.byte()? != b'u' {
                    return Err(Fault::LoneSurrogate);
                }
                match self.hex4()? {
                    low @ 0xdc00..=0xdfff => 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00),
                    _ => return Err(Fault::LoneSurrogate),
                }
            }
            unit => unit,
        };
        char::from_u32(code).ok_or(Fault::LoneSurrogate)
    }

    fn hex4(&mut self) -> Result<u32, Fault> {
        (0..4).try_fold(0, |code, _| {
            let digit = char::from(self.byte()?).to_digit(16).ok_or(Fault::Syntax)?;
            Ok(code << 4 | digit)
        })
    }

    fn number(&mut self) -> Result<(), Fault> {
        let length = self
            .rest
            .iter()
            .position(|b| !matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
            .unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at_checked(length).ok_or(Fault::Syntax)?;
        self.rest = rest;
        let number = std::str::from_utf8(number).map_err(|_| Fault::Syntax)?;
        match grammar(number).ok_or(Fault::Syntax)? {
            Number::Integer => match number.parse::<i64>() {
                Ok(value) if (-MAX_INTEGER..=MAX_INTEGER).contains(&value) => Ok(()),
                _ => Err(Fault::Integer),
            },
            Number::Real => match number.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(()),
                _ => Err(Fault::Range),
            },
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Fault> {
        self.rest = self.rest.strip_prefix(word).ok_or(Fault::Syntax)?;
        Ok(())
    }

    fn blanks(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        let (first, rest) = self.rest.split_first().ok_or(Fault::Syntax)?;
        self.rest = rest;
        Ok(*first)
    }
}

enum Number {
    Integer,
    Real,
}

/// JSON's number grammar, which is narrower than Rust's: no leading zero, no bare point.
fn grammar(number: &str) -> Option<Number> {
    let unsigned = number.strip_prefix('-').unwrap_or(number);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let sound = digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits);
    sound.then_some(if fraction.is_none() && exponent.is_none() { Number::Integer } else { Number::Real })
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

//! JSON's tokens, and what they say.

use std::borrow::Cow;

use super::{Error, real};

/// A number as JSON tells them apart.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Whole(u64),
    Negative(i64),
    Real(f64),
}

/// What the error of half a surrogate pair says, by which it is told from others.
pub(super) const HALF_A_PAIR: &str = "half a surrogate pair in a text";

/// Bytes of JSON and a place in them. Nothing here depends on what is read, so that it is compiled once.
pub struct Text<'de> {
    bytes: &'de [u8],
    at: usize,
}

impl<'de> Text<'de> {
    /// Begins at their start. What is no UTF-8 is an error of the text that it stands in.
    pub fn new(bytes: &'de [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// What lies behind.
    pub(super) fn read(&self) -> &'de [u8] {
        self.bytes.get(..self.at).unwrap_or_default()
    }

    /// The first byte after blanks, not taken.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub fn token(&mut self) -> Option<u8> {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.peek()
    }

    /// Takes this byte, after blanks; false when another stands there.
    pub fn takes(&mut self, byte: u8) -> bool {
        let there = self.token() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// Takes this byte, after blanks; an error when another stands there.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub fn expect(&mut self, byte: u8) -> Result<(), Error> {
        if self.takes(byte) { Ok(()) } else { Err(Error::new(format!("`{}` is expected", char::from(byte)))) }
    }

    /// Takes this word, after blanks.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub fn word(&mut self, word: &'static str) -> Result<(), Error> {
        self.token();
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            return Err(Error::new("no value of JSON"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Takes `true` or `false`.
    pub fn truth(&mut self) -> Result<bool, Error> {
        match self.token() {
            Some(b't') => self.word("true").map(|()| true),
            Some(b'f') => self.word("false").map(|()| false),
            _ => Err(Error::new("true or false is expected")),
        }
    }

    /// Takes a text, and tells what it says, escapes resolved.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub fn string(&mut self) -> Result<Cow<'de, str>, Error> {
        if !self.takes(b'"') {
            return Err(Error::new("a text is expected"));
        }
        let plain = self.plain()?;
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        let mut said = plain.to_owned();
        loop {
            match self.next()? {
                b'"' => return Ok(Cow::Owned(said)),
                b'\\' => said.push(self.escape()?),
                _ => return Err(Error::new("a control character in a text")),
            }
            said.push_str(self.plain()?);
        }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn number(&mut self) -> Result<Number, Error> {
        if !matches!(self.token(), Some(b'-' | b'0'..=b'9')) {
            return Err(Error::new("a number is expected"));
        }
        let (number, whole) = self.digits()?;
        if whole && let Ok(number) = number.parse() {
            return Ok(Number::Whole(number));
        }
        // `-0` is no integer: only a double can tell it from 0.
        if whole && let Some(negative) = number.parse().ok().filter(|number| *number < 0) {
            return Ok(Number::Negative(negative));
        }
        let number = real::read(number);
        if number.is_finite() { Ok(Number::Real(number)) } else { Err(Error::new("a number out of range")) }
    }

    /// One whole value as it stands, whatever it is.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn raw(&mut self) -> Result<&'de str, Error> {
        self.token();
        let from = self.at;
        self.skip()?;
        self.since(from)
    }

    /// Passes over one whole value, without recursion.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn skip(&mut self) -> Result<(), Error> {
        let mut open = Vec::new();
        loop {
            let mut first = true;
            if self.takes(b'{') {
                open.push(b'}');
            } else if self.takes(b'[') {
                open.push(b']');
            } else {
                self.skip_scalar()?;
                first = false;
            }
            loop {
                let Some(closing) = open.last().copied() else { return Ok(()) };
                if self.takes(closing) {
                    open.pop();
                    first = false;
                    continue;
                }
                if !first {
                    self.expect(b',')?;
                }
                if closing == b'}' {
                    self.token();
                    self.skip_string()?;
                    self.expect(b':')?;
                }
                break;
            }
        }
    }

    fn skip_scalar(&mut self) -> Result<(), Error> {
        match self.peek() {
            Some(b'"') => self.skip_string(),
            Some(b'n') => self.word("null"),
            Some(b't' | b'f') => self.truth().map(|_| ()),
            _ => self.digits().map(|_| ()),
        }
    }

    /// Unlike [`string`](Self::string), takes half a surrogate pair: the text is kept or left out, never told.
    fn skip_string(&mut self) -> Result<(), Error> {
        self.expect(b'"')?;
        loop {
            self.pass_plain();
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => match self.next()? {
                    b'u' => self.hex4().map(|_| ())?,
                    byte => unescaped(byte).map(|_| ())?,
                },
                _ => return Err(Error::new("a control character in a text")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Error> {
        match self.next()? {
            b'u' => self.unicode(),
            byte => unescaped(byte),
        }
    }

    fn unicode(&mut self) -> Result<char, Error> {
        let half = || Error::new(HALF_A_PAIR);
        let unit = self.hex4()?;
        let code = match unit {
            0xd800..=0xdbff => {
                if self.next()? != b'\\' || self.next()? != b'u' {
                    return Err(half());
                }
                match self.hex4()? {
                    low @ 0xdc00..=0xdfff => 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00),
                    _ => return Err(half()),
                }
            }
            unit => unit,
        };
        char::from_u32(code).ok_or_else(half)
    }

    fn hex4(&mut self) -> Result<u32, Error> {
        (0..4).try_fold(0, |code, _| {
            let digit = char::from(self.next()?).to_digit(16);
            Ok(code << 4 | digit.ok_or_else(|| Error::new("no escape of JSON"))?)
        })
    }

    /// Takes a number, after blanks: its digits, by JSON's grammar, and whether it is written as an integer.
    pub fn digits(&mut self) -> Result<(&'de str, bool), Error> {
        self.token();
        let from = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let zero = self.peek() == Some(b'0');
        let many = self.run()?;
        if zero && many > 1 {
            return Err(Error::new("a number beginning with 0"));
        }
        let mut whole = true;
        if self.peek() == Some(b'.') {
            self.at += 1;
            whole = false;
            self.run()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            whole = false;
            self.run()?;
        }
        Ok((self.since(from)?, whole))
    }

    /// How many digits stand here, at least one.
    fn run(&mut self) -> Result<usize, Error> {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == from { Err(Error::new("no value of JSON")) } else { Ok(self.at - from) }
    }

    fn plain(&mut self) -> Result<&'de str, Error> {
        let from = self.at;
        self.pass_plain();
        self.since(from)
    }

    fn pass_plain(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).unwrap_or(rest.len());
    }

    fn since(&self, from: usize) -> Result<&'de str, Error> {
        let bytes = self.bytes.get(from..self.at).unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| Error::new("a text that is not UTF-8"))
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, Error> {
        let byte = self.peek().ok_or_else(|| Error::new("the text ends early"))?;
        self.at += 1;
        Ok(byte)
    }
}

fn unescaped(byte: u8) -> Result<char, Error> {
    Ok(match byte {
        b'"' | b'\\' | b'/' => char::from(byte),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        _ => return Err(Error::new("no escape of JSON")),
    })
}

//! serde's side of the writer: text that grows, compiled once for all types.

use std::fmt::Write as _;

use serde::Serialize;
use serde::ser::Serializer;

use super::within::Within;
use super::{Error, RAW, real};

/// JSON on its way.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) out: String,
    /// The next text is JSON itself.
    raw: bool,
}

impl Writer {
    pub(super) fn into_text(self) -> String {
        self.out
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn text(&mut self, text: &str) {
        if std::mem::take(&mut self.raw) {
            self.out.push_str(text);
            return;
        }
        self.out.push('"');
        if !text.bytes().any(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
            self.out.push_str(text);
            self.out.push('"');
            return;
        }
        for part in text.split_inclusive(|c| matches!(c, '"' | '\\' | '\0'..='\u{1f}')) {
            let mut chars = part.chars();
            match chars.next_back().and_then(escaped) {
                Some(escape) => self.out.extend([chars.as_str(), &escape]),
                None => self.out.push_str(part),
            }
        }
        self.out.push('"');
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn integer(&mut self, negative: bool, number: u64) {
        if negative {
            self.out.push('-');
        }
        // Writing to a String cannot fail.
        let _ = write!(self.out, "{number}");
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn real(&mut self, number: f64) {
        real::write(number, &mut self.out);
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn open(&mut self, bracket: char) -> Within<'_> {
        self.out.push(bracket);
        Within { writer: self, first: true, close: if bracket == '{' { "}" } else { "]" } }
    }

    /// Ends a member's name: a number becomes a text, anything else but a text is none.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn named(&mut self, from: usize) -> Result<(), Error> {
        match self.out.as_bytes().get(from) {
            Some(b'"') => {}
            Some(b'-' | b'0'..=b'9' | b't' | b'f') => {
                self.out.insert(from, '"');
                self.out.push('"');
            }
            _ => return Err(Error::new("a member's name must be a text")),
        }
        self.out.push(':');
        Ok(())
    }

    /// Opens `{"variant":` and what the variant carries.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn variant(&mut self, variant: &str, bracket: char) -> Within<'_> {
        self.open('{').name(variant);
        Within { close: if bracket == '{' { "}}" } else { "]}" }, ..self.open(bracket) }
    }
}

fn escaped(c: char) -> Option<String> {
    Some(match c {
        '"' | '\\' => format!("\\{c}"),
        '\u{8}' => "\\b".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\0'..='\u{1f}' => format!("\\u{:04x}", u32::from(c)),
        _ => return None,
    })
}

macro_rules! integers {
    ($($method:ident $type:ty, $value:ident => $negative:expr),*) => {$(
        fn $method(self, $value: $type) -> Result<(), Error> {
            self.integer($negative, $value.unsigned_abs().into());
            Ok(())
        }
    )*};
}

macro_rules! naturals {
    ($($method:ident $type:ty),*) => {$(
        fn $method(self, value: $type) -> Result<(), Error> {
            self.integer(false, value.into());
            Ok(())
        }
    )*};
}

impl<'a> Serializer for &'a mut Writer {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Within<'a>;
    type SerializeTuple = Within<'a>;
    type SerializeTupleStruct = Within<'a>;
    type SerializeTupleVariant = Within<'a>;
    type SerializeMap = Within<'a>;
    type SerializeStruct = Within<'a>;
    type SerializeStructVariant = Within<'a>;

    integers!(serialize_i8 i8, n => n < 0, serialize_i16 i16, n => n < 0, serialize_i32 i32, n => n < 0, serialize_i64 i64, n => n < 0);
    naturals!(serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64);

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.out.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        self.real(value);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.text(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.collect_seq(value)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn serialize_unit(self) -> Result<(), Error> {
        self.out.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        let mut within = self.open('{');
        within.name(variant);
        value.serialize(&mut *within.writer)?;
        within.finish()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Within<'a>, Error> {
        Ok(self.open('['))
    }

    fn serialize_tuple(self, _: usize) -> Result<Within<'a>, Error> {
        Ok(self.open('['))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Within<'a>, Error> {
        Ok(self.open('['))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Within<'a>, Error> {
        Ok(self.variant(variant, '['))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Within<'a>, Error> {
        Ok(self.open('{'))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Within<'a>, Error> {
        if name == RAW {
            self.raw = true;
            return Ok(Within { writer: self, first: true, close: "" });
        }
        Ok(self.open('{'))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Within<'a>, Error> {
        Ok(self.variant(variant, '{'))
    }
}

//! serde's side of the reader: thin generic methods over [`Text`], which does the work.

use serde::de::value::MapDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::text::{Number, Text};
use super::{DEPTH, Error, RAW};

/// A value about to be read.
///
/// Lists and objects are expected to be read to their ends, as every derived type does; one that was not leaves
/// `depth` raised, and [`end`](Reader::end) refuses the whole text.
pub(super) struct Reader<'de> {
    text: Text<'de>,
    depth: u8,
}

impl<'de> Reader<'de> {
    pub(super) fn new(bytes: &'de [u8]) -> Self {
        Self { text: Text::new(bytes), depth: 0 }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn end(&mut self) -> Result<(), Error> {
        let over = self.text.token().is_none() && self.depth == 0;
        if over { Ok(()) } else { Err(Error::new("something follows the value")) }
    }

    /// The error, with the place the reader has come to.
    pub(super) fn place(&self, error: Error) -> Error {
        error.after(self.text.read())
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn open(&mut self, bracket: u8) -> Result<Within<'_, 'de>, Error> {
        self.text.expect(bracket)?;
        if self.depth >= DEPTH {
            return Err(Error::new("nested too deep"));
        }
        self.depth += 1;
        Ok(Within { reader: self, first: true })
    }

    /// Goes on to the next member or element; false when the closing bracket came instead, which is taken.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn more(&mut self, first: bool, bracket: u8) -> Result<bool, Error> {
        if self.text.takes(bracket) {
            self.depth -= 1;
            return Ok(false);
        }
        if !first {
            self.text.expect(b',')?;
        }
        if bracket == b'}' && self.text.token() != Some(b'"') {
            return Err(Error::new("a member's name is expected"));
        }
        Ok(true)
    }

    fn visit_number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        match self.text.number()? {
            Number::Whole(number) => visitor.visit_u64(number),
            Number::Negative(number) => visitor.visit_i64(number),
            Number::Real(number) => visitor.visit_f64(number),
        }
    }
}

macro_rules! read_as {
    ($($method:ident)* => $by:ident) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.$by(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.text.token() {
            Some(b'"') => self.deserialize_str(visitor),
            Some(b'{') => self.deserialize_map(visitor),
            Some(b'[') => self.deserialize_seq(visitor),
            Some(b't' | b'f') => self.deserialize_bool(visitor),
            Some(b'n') => self.deserialize_unit(visitor),
            _ => self.visit_number(visitor),
        }
    }

    read_as!(
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 => visit_number
    );
    read_as!(deserialize_char deserialize_string deserialize_identifier deserialize_bytes deserialize_byte_buf => deserialize_str);

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.text.truth()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(&self.text.string()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.text.token() {
            Some(b'n') => self.text.word("null").and_then(|()| visitor.visit_none()),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text.word("null")?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        if name == RAW {
            return visitor.visit_map(MapDeserializer::new(std::iter::once((RAW, self.text.raw()?))));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(self.open(b'[')?)
    }

    /// Who reads a tuple stops at its last element.
    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        let depth = self.depth;
        let value = visitor.visit_seq(self.open(b'[')?)?;
        if self.depth > depth {
            self.text.expect(b']')?;
            self.depth -= 1;
        }
        Ok(value)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(self.open(b'{')?)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    /// A word alone, or an object of one member: the word and what it carries.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if self.text.token() != Some(b'{') {
            return visitor.visit_enum(Word { reader: self, carries: false });
        }
        self.open(b'{')?;
        let value = visitor.visit_enum(Word { reader: self, carries: true })?;
        self.text.expect(b'}')?;
        self.depth -= 1;
        Ok(value)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.text.skip()?;
        visitor.visit_unit()
    }
}

/// A list or an object that is open.
struct Within<'a, 'de> {
    reader: &'a mut Reader<'de>,
    first: bool,
}

impl<'de> SeqAccess<'de> for Within<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if !self.reader.more(std::mem::take(&mut self.first), b']')? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

impl<'de> MapAccess<'de> for Within<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        if !self.reader.more(std::mem::take(&mut self.first), b'}')? {
            return Ok(None);
        }
        let key = seed.deserialize(&mut *self.reader)?;
        self.reader.text.expect(b':')?;
        Ok(Some(key))
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(&mut *self.reader)
    }
}

/// A word of an enum, and what it carries in an object.
struct Word<'a, 'de> {
    reader: &'a mut Reader<'de>,
    carries: bool,
}

impl<'de> EnumAccess<'de> for Word<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Error> {
        let word = seed.deserialize(&mut *self.reader)?;
        if self.carries {
            self.reader.text.expect(b':')?;
        }
        Ok((word, self))
    }
}

impl<'de> Word<'_, 'de> {
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn carries(&self) -> Result<(), Error> {
        if self.carries { Ok(()) } else { Err(Error::new("a word that must carry something")) }
    }
}

impl<'de> VariantAccess<'de> for Word<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        if self.carries { self.reader.text.word("null") } else { Ok(()) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        self.carries()?;
        seed.deserialize(self.reader)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        self.carries()?;
        self.reader.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.carries()?;
        self.reader.deserialize_map(visitor)
    }
}

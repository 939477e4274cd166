//! A list or an object while it is written.

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple, SerializeTupleStruct,
    SerializeTupleVariant,
};

use super::Error;
use super::writer::Writer;

/// A list or an object that is open.
pub(super) struct Within<'a> {
    pub(super) writer: &'a mut Writer,
    pub(super) first: bool,
    /// What ends it; nothing for what is one text only.
    pub(super) close: &'static str,
}

impl Within<'_> {
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn comma(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.writer.out.push(',');
        }
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn name(&mut self, name: &str) {
        if self.close.is_empty() {
            return;
        }
        self.comma();
        self.writer.text(name);
        self.writer.out.push(':');
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))]
    pub(super) fn finish(self) -> Result<(), Error> {
        self.writer.out.push_str(self.close);
        Ok(())
    }
}

macro_rules! elements {
    ($($trait:ident $method:ident),*) => {$(
        impl $trait for Within<'_> {
            type Ok = ();
            type Error = Error;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.comma();
                value.serialize(&mut *self.writer)
            }

            fn end(self) -> Result<(), Error> {
                self.finish()
            }
        }
    )*};
}

macro_rules! members {
    ($($trait:ident),*) => {$(
        impl $trait for Within<'_> {
            type Ok = ();
            type Error = Error;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
                self.name(name);
                value.serialize(&mut *self.writer)
            }

            fn end(self) -> Result<(), Error> {
                self.finish()
            }
        }
    )*};
}

elements!(SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field);
members!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Within<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.comma();
        let from = self.writer.out.len();
        key.serialize(&mut *self.writer)?;
        self.writer.named(from)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

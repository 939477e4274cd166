//! Money as it travels: a decimal number, as a text.

use std::{fmt, str::FromStr as _};

use bigdecimal::BigDecimal;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Visitor},
};

/// An amount is written in at most this many bytes. Longer ones are refused unread: reading takes the square of their
/// length.
pub const MAX_MONEY_BYTES: usize = 40;

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Money(pub BigDecimal);

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Amount)
    }
}

struct Amount;

impl Visitor<'_> for Amount {
    type Value = Money;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a decimal number of at most {MAX_MONEY_BYTES} characters, as a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Money, E> {
        if text.len() > MAX_MONEY_BYTES {
            return Err(E::invalid_length(text.len(), &self));
        }
        BigDecimal::from_str(text).map(Money).map_err(|_| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Money, E> {
        Ok(Money(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Money, E> {
        Ok(Money(number.into()))
    }

    /// As the shortest text that means this number: 12.1 is 12.1 and not what is nearest to it in halves.
    fn visit_f64<E: Error>(self, number: f64) -> Result<Money, E> {
        self.visit_str(&number.to_string())
    }
}

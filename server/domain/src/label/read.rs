//! What a scanned or typed text could mean, before anyone looks anything up.

use serde::{Deserialize, Serialize};

use super::gs1::{self, Gs1};
use super::{Code, CodeError};
use crate::{
    ids::{ItemId, LocationId, UserId},
    workflow::ActionId,
};

/// What a text says by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// A sound label code.
    Code(Code),
    /// The address of a label whose code is not sound, or a key of GS1 whose check digit does not fit.
    Unsound {
        code: String,
        error: CodeError,
    },
    Item(ItemId),
    Location(LocationId),
    User(UserId),
    Action(ActionId),
    /// Anything else; it may be registered for an item.
    Text(String),
}

/// Reads a text: a label's address with any scheme and host, a bare code, `item:`, `location:`, `user:` and `action:`
/// with an id, in any case. Anything else is a text; one of GS1 has to fit its check digit.
pub fn read(raw: &str) -> Read {
    let text = raw.trim();
    if let Some(code) = code_in_address(text) {
        return match Code::parse(code) {
            Ok(code) => Read::Code(code),
            Err(error) => Read::Unsound { code: code.to_owned(), error },
        };
    }
    if let Ok(code) = Code::parse(text) {
        return Read::Code(code);
    }
    match gs1::read(text) {
        Some(Gs1::Misread(code)) => Read::Unsound { code, error: CodeError::Check },
        _ => named(text).unwrap_or_else(|| Read::Text(text.to_owned())),
    }
}

/// The text under which a code of another maker is registered for a thing: the same for every way in which GS1 writes it, and without the
/// `item:` that some labels carry.
pub fn registered_as(raw: &str) -> String {
    let text = raw.trim();
    match gs1::read(text) {
        Some(Gs1::Names(name)) => name,
        _ => text.strip_prefix("item:").unwrap_or(text).to_owned(),
    }
}

/// The last part of `<scheme>://<host>/…/Q/<code>`.
fn code_in_address(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    if scheme.is_empty() || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')) {
        return None;
    }
    let path = rest.split(['?', '#']).next()?.trim_end_matches('/');
    let mut parts = path.rsplit('/');
    let (code, q, host) = (parts.next()?, parts.next()?, parts.next()?);
    (q.eq_ignore_ascii_case("q") && !host.is_empty()).then_some(code)
}

/// `<noun>:<id>`.
fn named(text: &str) -> Option<Read> {
    let (noun, id) = text.split_once(':')?;
    match noun.to_ascii_lowercase().as_str() {
        "item" => id.parse().ok().map(Read::Item),
        "location" => id.parse().ok().map(Read::Location),
        "user" => id.parse().ok().map(Read::User),
        "action" if !id.is_empty() => Some(Read::Action(id.to_owned())),
        _ => None,
    }
}

/// What a text means here, after looking it up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Resolved {
    Item(ItemId),
    Location(LocationId),
    User(UserId),
    Action(ActionId),
    /// One of our labels that is on nothing yet.
    Blank(Code),
    /// One of our labels that counts no more.
    Revoked(Code),
    /// A sound code that is not ours: another factory's label.
    Foreign(Code),
    /// A text that names nothing here.
    Text(String),
    /// The address of a label whose code was misread or mistyped.
    Unsound(String),
}

impl Resolved {
    /// What can be said without looking anything up: codes stay unknown.
    pub fn unaided(raw: &str) -> Self {
        match read(raw) {
            Read::Code(code) => Self::Foreign(code),
            Read::Unsound { code, .. } => Self::Unsound(code),
            Read::Item(id) => Self::Item(id),
            Read::Location(id) => Self::Location(id),
            Read::User(id) => Self::User(id),
            Read::Action(id) => Self::Action(id),
            Read::Text(text) => Self::Text(text),
        }
    }
}

//! What is said of a label, before it is a page or JSON.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a label is to whoever asks.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Card {
    /// Which of the answers this is.
    pub(super) kind: Kind,
    /// The code asked for.
    pub(super) code: String,
    /// The thing, or what is the matter, in a few words.
    pub(super) title: String,
    /// Something to heed before all else: the label was replaced.
    pub(super) notice: Option<String>,
    /// A sentence.
    pub(super) text: Option<String>,
    /// What is known of it.
    pub(super) facts: Vec<Fact>,
    /// What to do next, the first first.
    pub(super) next: Vec<String>,
    /// What happened, the latest first.
    pub(super) history: Vec<Happened>,
    /// The item, for those who may see it.
    pub(super) item_id: Option<Uuid>,
    /// Its order, likewise.
    pub(super) order_id: Option<Uuid>,
}

/// The answers there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// The item's stage and what is next, for who works on it.
    Work,
    /// The same with what happened, for who oversees the floor.
    History,
    /// How far the order is, for its brand.
    Progress,
    /// What anybody may know.
    Passport,
    /// Nothing, before signing in.
    SignIn,
    /// A place of the factory.
    Place,
    /// A worker's badge.
    Badge,
    /// On nothing yet.
    Blank,
    /// Out of use.
    Revoked,
    /// Sound, but unknown here.
    Foreign,
    /// Misread or mistyped.
    Unsound,
}

/// One thing known.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Fact {
    /// What it is about.
    pub(super) name: String,
    /// What it is.
    pub(super) value: String,
}

/// One thing that happened.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Happened {
    /// When.
    pub(super) at: DateTime<Utc>,
    /// What, such as `item.advanced`.
    pub(super) kind: String,
    /// Who did it, if that is known.
    pub(super) by: Option<String>,
}

impl Card {
    /// A card that says no more than this.
    pub(super) fn new(kind: Kind, code: &str, title: impl Into<String>) -> Self {
        Self {
            kind,
            code: code.to_owned(),
            title: title.into(),
            notice: None,
            text: None,
            facts: Vec::new(),
            next: Vec::new(),
            history: Vec::new(),
            item_id: None,
            order_id: None,
        }
    }

    /// With a sentence.
    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// With one more thing known, if it is.
    pub(super) fn fact(mut self, name: &str, value: Option<impl Into<String>>) -> Self {
        if let Some(value) = value {
            self.facts.push(Fact { name: name.to_owned(), value: value.into() });
        }
        self
    }
}

/// `not_started` as people say it.
pub(super) fn words(text: &str) -> String {
    text.replace('_', " ")
}

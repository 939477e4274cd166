//! Reading an event for its row: what thing it is about, and how that is now.

use serde::Deserialize;

use crate::feed::Subject;
use crate::wire::Raw;

/// As much of an event as its row needs: what else a newer server says of it must not keep the row from being written.
#[derive(Deserialize)]
pub(super) struct Told {
    pub(super) kind: String,
    pub(super) subject: Subject,
    #[serde(default)]
    pub(super) after: Option<Raw>,
}

impl Told {
    /// Labels are looked up by what is printed on them.
    pub(super) fn row_id(&self) -> String {
        let label = self.after.as_ref().filter(|_| self.subject.kind == "label");
        let code = label.and_then(|after| after.read::<Coded>().ok()).map(|label| label.code);
        code.unwrap_or_else(|| self.subject.id.to_string())
    }
}

#[derive(Deserialize)]
pub(super) struct Coded {
    pub(super) code: String,
}

#[derive(Deserialize)]
pub(super) struct Versioned {
    #[serde(default)]
    pub(super) version: i64,
}

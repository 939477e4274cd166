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
    pub(super) fn row_id(&self) -> String {
        let text = self.after.as_ref().and_then(|after| scanned_text(&self.subject.kind, after));
        text.unwrap_or_else(|| self.subject.id.to_string())
    }
}

/// The text by which a label or a code of another maker is looked up, since it is all that a scan has.
pub(super) fn scanned_text(kind: &str, row: &Raw) -> Option<String> {
    match kind {
        "label" => row.read::<LabelText>().ok().map(|label| label.code),
        "item_code" => row.read::<CodeText>().ok().map(|code| code.raw),
        _ => None,
    }
}

#[derive(Deserialize)]
struct LabelText {
    code: String,
}

#[derive(Deserialize)]
struct CodeText {
    raw: String,
}

#[derive(Deserialize)]
pub(super) struct Versioned {
    #[serde(default)]
    pub(super) version: i64,
}

//! `approval`: yes or no, by someone other than those who did the work.

use crate::json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Judged, MAX_TEXT, content::Reader};
use crate::FieldError;

/// Configuration of an approval.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ApprovalConfig {
    /// The role the approver must hold; absent: whoever may approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(default)]
    pub comment_required: bool,
}

impl ApprovalConfig {
    /// Reads `{"approved","comment"}`. An approval refused is a result that did not pass.
    pub(super) fn judge(&self, data: &Map<String, Value>) -> Result<Judged, Vec<FieldError>> {
        let mut reader = Reader::default();
        let approved = reader.flag(data, "", "approved");
        let comment = reader.text_if_any(data, "", "comment", MAX_TEXT);
        if self.comment_required && comment == Some(None) {
            reader.fault("comment", "required", "a comment is required");
        }
        let mut content = json::object! { "approved" => approved };
        if let (Some(Some(comment)), Some(content)) = (comment, content.as_object_mut()) {
            content.insert("comment".to_owned(), comment.into());
        }
        reader.finish(Judged::new(approved == Some(true), content))
    }

    pub(super) fn faults(&self) -> Vec<FieldError> {
        match &self.role {
            Some(role) if role.trim().is_empty() => vec![FieldError::new("role", "required", "the role has no name")],
            _ => Vec::new(),
        }
    }
}

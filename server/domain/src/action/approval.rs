//! `approval`: yes or no, by someone other than those who did the work.

use serde::{Deserialize, Serialize};

/// Configuration of an approval.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ApprovalConfig {
    /// The role the approver must hold; absent: whoever may approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(default)]
    pub comment_required: bool,
}

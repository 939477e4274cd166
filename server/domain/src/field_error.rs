//! One wrong field of a form, an order or a workflow: the unit in which bad content is explained.

use serde::{Deserialize, Serialize};

/// What is wrong with one field. `field` is a path such as `readings[0].unit`, `code` is stable, `message` is for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    pub field: String,
    pub code: String,
    pub message: String,
}

impl FieldError {
    /// An error of `field`.
    pub fn new(field: impl Into<String>, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), code: code.into(), message: message.into() }
    }
}

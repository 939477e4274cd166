//! `signature`: a drawn name, stored as a picture.

use crate::json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Judged, content::Reader};
use crate::FieldError;

/// Configuration of a signature: there is nothing to configure.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SignatureConfig {}

impl SignatureConfig {
    /// Reads `{"sha256","name"}`.
    pub(super) fn judge(&self, data: &Map<String, Value>) -> Result<Judged, Vec<FieldError>> {
        let mut reader = Reader::default();
        let hash = reader.sha256(data, "");
        let name = reader.text(data, "", "name");
        let judged = Judged::new(true, json::object! { "sha256" => hash.clone(), "name" => name });
        reader.finish(Judged { evidence: hash.into_iter().collect(), ..judged })
    }
}

//! The eight kinds of action: how each is configured, and how what a worker sends is judged.
//!
//! Content that is missing, of a wrong type or in a wrong unit is refused field by field. Content that is complete but
//! bad (a measurement outside its limits, an inspection below its pass mark, an approval refused) is a result like any
//! other, with `passed: false`.

mod approval;
mod form;
mod inspection;
mod measurement;
mod note;
mod photo;
mod scan;
mod signature;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use approval::ApprovalConfig;
pub use form::{Field, FieldType, FormConfig};
pub use inspection::{InspectionConfig, PassMark};
pub use measurement::{MeasurementConfig, ReadingSpec};
pub use note::NoteConfig;
pub use photo::PhotoConfig;
pub use scan::{Expected, ScanConfig};
pub use signature::SignatureConfig;

use crate::words::words;

words! {
    "kind of action"
    /// The kinds of action.
    pub enum Kind {
        Scan = "scan",
        Photo = "photo",
        Note = "note",
        Approval = "approval",
        Measurement = "measurement",
        Inspection = "inspection",
        Form = "form",
        Signature = "signature",
    }
}

/// What an action asks for, by its kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Config {
    Scan(ScanConfig),
    Photo(PhotoConfig),
    Note(NoteConfig),
    Approval(ApprovalConfig),
    Measurement(MeasurementConfig),
    Inspection(InspectionConfig),
    Form(FormConfig),
    Signature(SignatureConfig),
}

impl Config {
    /// The kind it belongs to.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Scan(_) => Kind::Scan,
            Self::Photo(_) => Kind::Photo,
            Self::Note(_) => Kind::Note,
            Self::Approval(_) => Kind::Approval,
            Self::Measurement(_) => Kind::Measurement,
            Self::Inspection(_) => Kind::Inspection,
            Self::Form(_) => Kind::Form,
            Self::Signature(_) => Kind::Signature,
        }
    }

    /// Reads the configuration of an action of `kind`; null is an empty one.
    pub fn read(kind: Kind, config: Value) -> Result<Self, serde_json::Error> {
        use serde_json::from_value;
        let config = if config.is_null() { Value::Object(Map::new()) } else { config };
        Ok(match kind {
            Kind::Scan => Self::Scan(from_value(config)?),
            Kind::Photo => Self::Photo(from_value(config)?),
            Kind::Note => Self::Note(from_value(config)?),
            Kind::Approval => Self::Approval(from_value(config)?),
            Kind::Measurement => Self::Measurement(from_value(config)?),
            Kind::Inspection => Self::Inspection(from_value(config)?),
            Kind::Form => Self::Form(from_value(config)?),
            Kind::Signature => Self::Signature(from_value(config)?),
        })
    }

    /// The configuration as it travels.
    pub fn write(&self) -> Value {
        use serde_json::to_value;
        let written = match self {
            Self::Scan(config) => to_value(config),
            Self::Photo(config) => to_value(config),
            Self::Note(config) => to_value(config),
            Self::Approval(config) => to_value(config),
            Self::Measurement(config) => to_value(config),
            Self::Inspection(config) => to_value(config),
            Self::Form(config) => to_value(config),
            Self::Signature(config) => to_value(config),
        };
        // Plain structs with text keys: there is nothing in them that JSON cannot say.
        written.unwrap_or_default()
    }
}

/// A file that an entry refers to by the hash of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob {
    /// Lower-case hex.
    pub sha256: String,
    /// In bytes.
    pub size: u64,
    pub mime: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// What a completed action amounts to.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    pub passed: bool,
    /// What is kept of it, in our own form.
    pub content: Value,
}

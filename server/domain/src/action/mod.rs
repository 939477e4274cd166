//! The eight kinds of action: how each is configured, and how what a worker sends is judged.
//!
//! Content that is missing, of a wrong type or in a wrong unit is refused field by field. Content that is complete but
//! bad (a measurement outside its limits, an inspection below its pass mark, an approval refused) is a result like any
//! other, with `passed: false`.

mod approval;
mod bounds;
mod content;
mod form;
mod inspection;
mod measurement;
mod note;
mod photo;
mod scan;
mod signature;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use approval::ApprovalConfig;
pub use bounds::{MAX_ENTRIES, MAX_NAME};
pub use form::{Field, FieldType, FormConfig};
pub use inspection::{InspectionConfig, PassMark};
pub use measurement::{MeasurementConfig, ReadingSpec};
pub use note::NoteConfig;
pub use photo::PhotoConfig;
pub use scan::{Expected, ScanConfig};
pub use signature::SignatureConfig;

use crate::{FieldError, item::PhotoSize, json, words::words, workflow::Action};

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
    pub fn read(kind: Kind, config: &Value) -> Result<Self, json::Error> {
        let text = match config {
            Value::Null => String::from("{}"),
            config => json::write(config)?,
        };
        Ok(match kind {
            Kind::Scan => Self::Scan(json::read(&text)?),
            Kind::Photo => Self::Photo(json::read(&text)?),
            Kind::Note => Self::Note(json::read(&text)?),
            Kind::Approval => Self::Approval(json::read(&text)?),
            Kind::Measurement => Self::Measurement(json::read(&text)?),
            Kind::Inspection => Self::Inspection(json::read(&text)?),
            Kind::Form => Self::Form(json::read(&text)?),
            Kind::Signature => Self::Signature(json::read(&text)?),
        })
    }

    /// The configuration as it travels.
    pub fn write(&self) -> Value {
        match self {
            Self::Scan(config) => json::value(config),
            Self::Photo(config) => json::value(config),
            Self::Note(config) => json::value(config),
            Self::Approval(config) => json::value(config),
            Self::Measurement(config) => json::value(config),
            Self::Inspection(config) => json::value(config),
            Self::Form(config) => json::value(config),
            Self::Signature(config) => json::value(config),
        }
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

/// A text in a result has at most this many characters.
pub const MAX_TEXT: usize = 4_000;

/// What a completed action amounts to.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    pub passed: bool,
    /// What is kept of it, in our own form: an object.
    pub content: Value,
    /// Hashes of the files the content refers to.
    pub evidence: Vec<String>,
}

impl Judged {
    /// A result without files.
    fn new(passed: bool, content: Value) -> Self {
        Self { passed, content, evidence: Vec::new() }
    }
}

/// Judges what a worker sent. Whether a scanned code is the right one and an approver the right person is for the item
/// to say; here only content counts. `photo_size` knows the size of pictures that are stored already.
pub fn judge(
    action: &Action,
    data: &Value,
    photo_size: &dyn Fn(&str) -> Option<PhotoSize>,
) -> Result<Judged, Vec<FieldError>> {
    let Some(data) = data.as_object() else {
        return Err(vec![FieldError::new("data", "type", "data must be an object")]);
    };
    match &action.config {
        Config::Scan(config) => config.judge(data),
        Config::Photo(config) => config.judge(data, photo_size),
        Config::Note(config) => config.judge(data),
        Config::Approval(config) => config.judge(data),
        Config::Measurement(config) => config.judge(data),
        Config::Inspection(config) => config.judge(data),
        Config::Form(config) => config.judge(data),
        Config::Signature(config) => config.judge(data),
    }
}

impl Config {
    /// What is wrong with a configuration itself: limits that nothing can meet, names used twice.
    pub fn faults(&self) -> Vec<FieldError> {
        if let Some(fault) = self.beyond() {
            return vec![fault];
        }
        match self {
            Self::Signature(_) => Vec::new(),
            Self::Scan(config) => config.faults(),
            Self::Photo(config) => config.faults(),
            Self::Note(config) => config.faults(),
            Self::Approval(config) => config.faults(),
            Self::Measurement(config) => config.faults(),
            Self::Inspection(config) => config.faults(),
            Self::Form(config) => config.faults(),
        }
    }
}

/// The names that stand in a list more than once.
fn repeated<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = std::collections::BTreeSet::new();
    names.into_iter().filter(|name| !seen.insert(*name)).collect()
}

//! How much a configuration may hold: as many entries as a screen can show and a check can afford.

use super::{Config, Expected};
use crate::FieldError;

/// A list in a configuration (readings, checks, fields, options, angles) has at most this many entries.
pub const MAX_ENTRIES: usize = 200;

/// A text in a configuration has at most this many characters.
pub const MAX_NAME: usize = 500;

impl Config {
    /// A list or a text that is too long. What is beyond a bound is not looked into any further.
    pub(super) fn beyond(&self) -> Option<FieldError> {
        match self {
            Self::Note(_) | Self::Signature(_) => None,
            Self::Scan(config) => match &config.expected {
                Expected::Text(text) => beyond("expected", 1, [text.as_str()]),
                _ => None,
            },
            Self::Photo(config) => beyond("angles", config.angles.len(), texts(&config.angles)),
            Self::Approval(config) => beyond("role", 1, config.role.as_deref()),
            Self::Measurement(config) => {
                let texts = config.readings.iter().flat_map(|reading| [reading.name.as_str(), reading.unit.as_str()]);
                beyond("readings", config.readings.len(), texts)
            }
            Self::Inspection(config) => beyond("checks", config.checks.len(), texts(&config.checks)),
            Self::Form(config) => {
                let texts = config.fields.iter().flat_map(|field| [field.key.as_str(), field.label.as_str()]);
                beyond("fields", config.fields.len(), texts).or_else(|| {
                    let mut fields = config.fields.iter().enumerate();
                    fields.find_map(|(index, field)| {
                        beyond(&format!("fields[{index}].options"), field.options.len(), self::texts(&field.options))
                    })
                })
            }
        }
    }
}

fn texts(list: &[String]) -> impl Iterator<Item = &str> {
    list.iter().map(String::as_str)
}

fn beyond<'a>(field: &str, entries: usize, texts: impl IntoIterator<Item = &'a str>) -> Option<FieldError> {
    if entries > MAX_ENTRIES {
        return Some(FieldError::new(field, "too_many", format!("there are at most {MAX_ENTRIES} of these")));
    }
    let long = texts.into_iter().any(|text| text.chars().count() > MAX_NAME);
    long.then(|| FieldError::new(field, "too_long", format!("a text here has at most {MAX_NAME} characters")))
}

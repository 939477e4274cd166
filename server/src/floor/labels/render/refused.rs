//! Why a label is not drawn.

use thiserror::Error;

use super::payload::MAX_PAYLOAD;
use super::pdf::MAX_LABELS;
use super::zpl::MAX_COPIES;

/// The reason there is no label. All but [`LabelRefused::Failed`] can be put right by whoever reads the text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LabelRefused {
    /// Nobody has said under which address phones reach this installation, and a label is for years.
    #[error("labels need the address phones reach this server at: set FLOORLINE_PUBLIC_URL")]
    NoPublicUrl,
    /// The address holds a character that alphanumeric QR codes do not have.
    #[error(
        "the public URL {url} contains {character:?}: a label's QR code holds letters, digits and $ % * + - . / : only"
    )]
    NotAlphanumeric {
        /// The public URL.
        url: String,
        /// The first such character.
        character: char,
    },
    /// The address makes the code too large for a label.
    #[error(
        "the public URL {url} is too long for a label: with the code it has {length} characters, at most {MAX_PAYLOAD} fit"
    )]
    TooLong {
        /// The public URL.
        url: String,
        /// Characters of the whole payload.
        length: usize,
    },
    /// No label was asked for.
    #[error("there are no labels to print")]
    NoLabels,
    /// More labels than one document takes.
    #[error("at most {MAX_LABELS} labels fit one document: ask for fewer at a time")]
    TooManyLabels,
    /// A number of copies that no printer should be told.
    #[error("{copies} copies were asked for: 1 to {MAX_COPIES} can be printed at a time")]
    Copies {
        /// Copies asked for.
        copies: u32,
    },
    /// The drawing itself failed: a fault of this program.
    #[error("the label could not be drawn: {0}")]
    Failed(String),
}

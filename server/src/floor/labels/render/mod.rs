//! Labels as pictures and as print jobs. Pure: the same label gives the same bytes.
//!
//! Every form carries the same QR code, with the quiet zone of four modules that readers need, and under or beside it the code in
//! letters, so that a label whose QR code is damaged can be typed in.
//!
//! - [`svg`] and [`png`]: one label, for screens and office printers.
//! - [`pdf`]: sheets of labels or one label a page, with the texts of the thing it is on.
//! - [`zpl`]: the same for label printers that speak ZPL II.

mod payload;
pub mod pdf;
pub mod png;
mod refused;
pub mod svg;
mod symbol;
pub mod zpl;

use floorline_domain::label::Code;

pub use payload::{base_url, payload};
pub use refused::LabelRefused;
pub use symbol::{QUIET_ZONE, Symbol};

#[cfg(test)]
mod sample;

/// What stands on a label for people to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelText {
    /// The label's own code, printed small.
    pub code: Code,
    /// The human code of the thing it is on, printed large: `JKT-AURORA-M-0042`.
    pub title: String,
    /// What the thing is: the item's name. May be empty.
    pub subtitle: String,
    /// More lines, one text each: the order's number, a due date. As many are printed as fit.
    pub lines: Vec<String>,
}

/// A label ready to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// What the QR code says.
    pub payload: String,
    /// The QR code.
    pub symbol: Symbol,
    /// What stands beside it.
    pub text: LabelText,
}

impl Label {
    /// A label whose QR code leads to `base_url` (see [`base_url`]).
    ///
    /// # Errors
    /// When the address is not one that fits a label: see [`payload()`].
    pub fn new(base_url: &str, text: LabelText) -> Result<Self, LabelRefused> {
        let payload = payload(base_url, &text.code)?;
        let symbol = Symbol::of(&payload)?;
        Ok(Self { payload, symbol, text })
    }
}

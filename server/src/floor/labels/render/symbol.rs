//! The squares of a QR code, apart from how they are drawn.

use qrcode::{Color, EcLevel, QrCode};

use super::LabelRefused;

/// Light modules a reader needs around the code, on every side.
pub const QUIET_ZONE: u8 = 4;

/// A QR code with error correction M, of the smallest version that holds its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    side: u8,
    dark: Vec<bool>,
}

/// Dark modules side by side in one row. Coordinates count modules from the code's corner, without the quiet zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first column.
    pub x: u8,
    /// The row.
    pub y: u8,
    /// How many.
    pub width: u8,
}

impl Symbol {
    /// The symbol that says `payload`.
    pub(super) fn of(payload: &str) -> Result<Self, LabelRefused> {
        let failed = |error: &dyn std::fmt::Display| LabelRefused::Failed(error.to_string());
        let code = QrCode::with_error_correction_level(payload, EcLevel::M).map_err(|error| failed(&error))?;
        let side = u8::try_from(code.width()).map_err(|error| failed(&error))?;
        let dark = code.into_colors().into_iter().map(|color| color == Color::Dark).collect();
        Ok(Self { side, dark })
    }

    /// Modules along one side, without the quiet zone: 21, 25 or 29.
    pub fn side(&self) -> u8 {
        self.side
    }

    /// Modules along one side, with the quiet zone.
    pub fn side_with_quiet_zone(&self) -> u8 {
        self.side + 2 * QUIET_ZONE
    }

    /// The dark modules, row by row, neighbours joined.
    pub fn runs(&self) -> impl Iterator<Item = Run> {
        let rows = self.dark.chunks(usize::from(self.side).max(1));
        rows.zip(0u8..).flat_map(|(row, y)| {
            let mut x = 0u8;
            row.chunk_by(|a, b| a == b).filter_map(move |chunk| {
                let run = Run { x, y, width: u8::try_from(chunk.len()).ok()? };
                x += run.width;
                chunk.first().is_some_and(|&dark| dark).then_some(run)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn runs_are_exactly_the_dark_modules() {
        let symbol = sample::label(1).symbol;
        let mut drawn = vec![false; symbol.dark.len()];
        for run in symbol.runs() {
            for x in run.x..run.x + run.width {
                drawn[usize::from(run.y) * usize::from(symbol.side) + usize::from(x)] = true;
            }
        }
        assert_eq!(drawn, symbol.dark);
        // The corner square's top edge is one run of seven.
        assert_eq!(symbol.runs().next(), Some(Run { x: 0, y: 0, width: 7 }));
    }

    #[test]
    fn the_longest_payload_is_version_3() {
        let symbol = Symbol::of(&"A".repeat(61)).unwrap();
        assert_eq!((symbol.side(), symbol.side_with_quiet_zone()), (29, 37));
    }
}

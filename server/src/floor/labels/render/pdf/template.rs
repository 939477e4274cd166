//! How labels lie on a page, in millimetres.

use std::fmt;
use std::str::FromStr;

/// A kind of paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Template {
    /// A4 with three columns of eight labels, 70 × 37 mm each.
    #[default]
    Sheet3x8,
    /// One label of 101.6 × 50.8 mm (4 × 2 inches) a page, for label printers with a driver.
    Single,
}

/// One label's place on the page, and how it is filled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    pub(super) x_mm: f32,
    pub(super) y_mm: f32,
    pub(super) width_mm: f32,
    pub(super) height_mm: f32,
    /// Free at the left and right: office printers do not reach the edge of the paper.
    pub(super) inset_mm: f32,
    /// The code's side, quiet zone included.
    pub(super) code_mm: f32,
    /// The title's size in points; the other texts follow it.
    pub(super) title_pt: f32,
}

impl Template {
    /// Every template.
    pub const ALL: [Self; 2] = [Self::Sheet3x8, Self::Single];

    /// Its name in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sheet3x8 => "sheet_3x8",
            Self::Single => "single",
        }
    }

    /// Width and height of a page.
    pub(super) fn page_mm(self) -> (f32, f32) {
        match self {
            Self::Sheet3x8 => (210.0, 297.0),
            Self::Single => (101.6, 50.8),
        }
    }

    /// The places on a page, row by row.
    pub(super) fn cells(self) -> Vec<Cell> {
        match self {
            Self::Sheet3x8 => {
                let cell = |row: u8, column: u8| Cell {
                    x_mm: f32::from(column) * 70.0,
                    // Eight rows of 37 mm leave 1 mm of A4's height.
                    y_mm: 0.5 + f32::from(row) * 37.0,
                    width_mm: 70.0,
                    height_mm: 37.0,
                    inset_mm: 3.0,
                    code_mm: 31.0,
                    title_pt: 9.5,
                };
                (0..8).flat_map(|row| (0..3).map(move |column| cell(row, column))).collect()
            }
            Self::Single => vec![Cell {
                x_mm: 0.0,
                y_mm: 0.0,
                width_mm: 101.6,
                height_mm: 50.8,
                inset_mm: 2.5,
                code_mm: 45.0,
                title_pt: 15.0,
            }],
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Template {
    type Err = UnknownTemplate;

    fn from_str(text: &str) -> Result<Self, UnknownTemplate> {
        Self::ALL.into_iter().find(|template| template.as_str() == text).ok_or(UnknownTemplate)
    }
}

/// No template has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("templates are sheet_3x8 and single")]
pub struct UnknownTemplate;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for template in Template::ALL {
            assert_eq!(template.to_string().parse(), Ok(template));
        }
        assert_eq!("sheet".parse::<Template>(), Err(UnknownTemplate));
    }

    #[test]
    fn cells_lie_on_the_page_and_apart() {
        for template in Template::ALL {
            let (width, height) = template.page_mm();
            let cells = template.cells();
            for (n, cell) in cells.iter().enumerate() {
                assert!(cell.x_mm + cell.width_mm <= width && cell.y_mm + cell.height_mm <= height);
                assert!(cell.code_mm <= cell.height_mm && cell.inset_mm + cell.code_mm < cell.width_mm);
                for other in &cells[n + 1..] {
                    let beside = cell.x_mm + cell.width_mm <= other.x_mm || other.x_mm + other.width_mm <= cell.x_mm;
                    let below = cell.y_mm + cell.height_mm <= other.y_mm;
                    assert!(beside || below);
                }
            }
        }
        assert_eq!(Template::Sheet3x8.cells().len(), 24);
    }
}

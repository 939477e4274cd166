//! Labels for printers that speak ZPL II: a program of text that the printer draws itself.
//!
//! Whatever comes from outside is written through `^FH`, where `_` and two hexadecimal digits stand for a byte: neither an item's
//! name nor an address can then begin a command of its own. Texts are UTF-8 (`^CI28`); what the printer's own font lacks stays blank.

use std::fmt::Write as _;

use super::{Label, LabelRefused, QUIET_ZONE};

/// Most copies of a label in one job.
pub const MAX_COPIES: u32 = 999;

/// Characters of a text that are sent; more never fit a label.
const MAX_TEXT: usize = 80;

/// Modules along a side of the code a printer draws, at most: version 4, since `^BQ` is asked for error correction Q.
const MODULES: u32 = 33;

/// Dots to the inch of the printer's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resolution {
    /// 203 dpi, 8 dots to the millimetre: most label printers.
    #[default]
    Dpi203,
    /// 300 dpi, 11.8 dots to the millimetre.
    Dpi300,
}

impl Resolution {
    /// The resolution for a number of dots to the inch, if printers have it.
    pub fn from_dpi(dpi: u32) -> Option<Self> {
        match dpi {
            203 => Some(Self::Dpi203),
            300 => Some(Self::Dpi300),
            _ => None,
        }
    }

    /// Dots in so many tenths of a millimetre.
    fn dots(self, tenths_mm: u32) -> u32 {
        let per_mm_times_ten = match self {
            Self::Dpi203 => 80,
            Self::Dpi300 => 118,
        };
        tenths_mm * per_mm_times_ten / 100
    }
}

/// Programs for labels of 101.6 × 50.8 mm, each printed `copies` times.
///
/// # Errors
/// [`LabelRefused::Copies`] when `copies` is 0 or over [`MAX_COPIES`], [`LabelRefused::NoLabels`] when there are none.
pub fn render<'a>(
    labels: impl IntoIterator<Item = &'a Label>,
    resolution: Resolution,
    copies: u32,
) -> Result<String, LabelRefused> {
    if !(1..=MAX_COPIES).contains(&copies) {
        return Err(LabelRefused::Copies { copies });
    }
    let mut program = String::new();
    for label in labels {
        write_label(&mut program, label, resolution, copies);
    }
    if program.is_empty() { Err(LabelRefused::NoLabels) } else { Ok(program) }
}

fn write_label(program: &mut String, label: &Label, resolution: Resolution, copies: u32) {
    let (width, height) = (resolution.dots(1016), resolution.dots(508));
    let module = (resolution.dots(440) / (MODULES + 2 * u32::from(QUIET_ZONE))).clamp(1, 10);
    let quiet = u32::from(QUIET_ZONE) * module;
    let code_top = height.saturating_sub(MODULES * module) / 2;
    let left = 2 * quiet + MODULES * module;
    let text_width = width.saturating_sub(left + resolution.dots(20));

    // Writing to a String cannot fail.
    let _ = write!(program, "^XA^CI28^PW{width}^LL{height}^LH0,0");
    let _ = write!(program, "^FO{quiet},{code_top}^BQN,2,{module}^FH^FDQA,{}^FS", escaped(&label.payload));

    let mut top = resolution.dots(50);
    let mut write_text = |text: &str, tenths_mm: u32, lines: u32| {
        let size = resolution.dots(tenths_mm);
        let needed = size * lines + size / 2;
        if text.trim().is_empty() || top + needed > height {
            return;
        }
        let text = escaped(&text.chars().take(MAX_TEXT).collect::<String>());
        let _ = write!(program, "^FO{left},{top}^A0N,{size},{size}^FB{text_width},{lines},0,L,0^FH^FD{text}^FS");
        top += needed;
    };
    write_text(&label.text.title, 45, 2);
    write_text(&label.text.subtitle, 32, 2);
    write_text(label.text.code.as_str(), 30, 1);
    for line in &label.text.lines {
        write_text(line, 30, 1);
    }
    let _ = writeln!(program, "^PQ{copies}^XZ");
}

/// The text in the form `^FH` reads: everything that is not a plain printable character as `_` and two hexadecimal digits.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        // A control character in a name is a blank on paper; `^FB` reads a backslash as its own sign.
        let character = if character.is_control() { ' ' } else { character };
        if character == ' ' || (character.is_ascii_graphic() && !matches!(character, '^' | '~' | '_' | '\\')) {
            escaped.push(character);
        } else {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(escaped, "_{byte:02X}");
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::sample::label;
    use super::*;

    /// The fields between `^FD` and `^FS`, read as the printer does.
    fn fields(program: &str) -> Vec<String> {
        let unescaped = |field: &str| {
            let mut bytes = Vec::new();
            let mut rest = field.bytes();
            while let Some(byte) = rest.next() {
                if byte == b'_' {
                    let hex: String = rest.by_ref().take(2).map(char::from).collect();
                    bytes.push(u8::from_str_radix(&hex, 16).unwrap());
                } else {
                    bytes.push(byte);
                }
            }
            String::from_utf8(bytes).unwrap()
        };
        program.split("^FD").skip(1).map(|rest| unescaped(rest.split("^FS").next().unwrap())).collect()
    }

    #[test]
    fn a_label_at_203_dpi() {
        let label = label(42);
        let program = render([&label], Resolution::Dpi203, 2).unwrap();
        assert!(
            program.starts_with("^XA^CI28^PW812^LL406^LH0,0^FO32,71^BQN,2,8^FH^FDQA,HTTPS://FLOOR.EXAMPLE.COM/Q/M")
        );
        assert!(program.ends_with("^PQ2^XZ\n"));
        let code = label.text.code.to_string();
        let expected = [
            format!("QA,{}", label.payload),
            "JKT-AURORA-M-0042".to_owned(),
            "Aurora jacket, moss green".to_owned(),
            code,
            "PO-2026-0001".to_owned(),
        ];
        assert_eq!(fields(&program), expected);
    }

    #[test]
    fn a_label_at_300_dpi_is_the_same_size_on_paper() {
        let program = render([&label(1)], Resolution::Dpi300, 1).unwrap();
        assert!(program.starts_with("^XA^CI28^PW1198^LL599^LH0,0"), "{program}");
        assert!(program.contains("^BQN,2,10^FH"));
        assert_eq!(Resolution::from_dpi(300), Some(Resolution::Dpi300));
        assert_eq!(Resolution::from_dpi(203), Some(Resolution::Dpi203));
        assert_eq!(Resolution::from_dpi(600), None);
    }

    #[test]
    fn the_code_and_its_quiet_zone_fit_the_label() {
        for (resolution, width, height) in [(Resolution::Dpi203, 812, 406), (Resolution::Dpi300, 1198, 599)] {
            let program = render([&label(1)], resolution, 1).unwrap();
            let number = |after: &str| -> u32 {
                let rest = program.split(after).nth(1).unwrap();
                rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
            };
            let (quiet, module) = (number("^FO"), number("^BQN,2,"));
            assert_eq!(quiet, 4 * module);
            assert!((33 + 8) * module <= height && 2 * quiet + 33 * module < width);
        }
    }

    #[test]
    fn no_text_can_begin_a_command() {
        let mut label = label(1);
        label.text.title = "A^XZ~JR_5E\\&\n\u{7f}".to_owned();
        label.text.subtitle = "Áo khoác, জ্যাকেট".to_owned();
        let program = render([&label], Resolution::Dpi203, 1).unwrap();
        assert_eq!(program.matches("^XZ").count(), 1);
        assert!(!program.contains('~') && program.trim_end().chars().all(|c| c.is_ascii_graphic() || c == ' '));
        let fields = fields(&program);
        assert_eq!(fields[1], "A^XZ~JR_5E\\&  ");
        assert_eq!(fields[2], "Áo khoác, জ্যাকেট");
    }

    #[test]
    fn texts_that_do_not_fit_are_left_out_not_printed_over_the_edge() {
        let mut label = label(1);
        label.text.lines = (0..50).map(|n| format!("line {n}")).collect();
        label.text.title = "W".repeat(5000);
        let program = render([&label], Resolution::Dpi203, 1).unwrap();
        assert!(fields(&program).len() < 15);
        assert_eq!(fields(&program)[1].len(), MAX_TEXT);
    }

    #[test]
    fn copies_have_bounds() {
        assert_eq!(render([&label(1)], Resolution::Dpi203, 0), Err(LabelRefused::Copies { copies: 0 }));
        assert_eq!(render([&label(1)], Resolution::Dpi203, 1000), Err(LabelRefused::Copies { copies: 1000 }));
        assert_eq!(render([], Resolution::Dpi203, 1), Err(LabelRefused::NoLabels));
        let two = render([&label(1), &label(2)], Resolution::Dpi203, 999).unwrap();
        assert_eq!(two.matches("^PQ999^XZ").count(), 2);
    }
}

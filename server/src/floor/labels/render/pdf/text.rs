//! Texts into glyphs.
//!
//! A label's texts are names that people gave to things, in their own scripts. Bengali cannot be set letter by letter: vowels move
//! before their consonants and consonants join, which is what shaping does. Two fonts are built in (`fonts/README.md`); a character
//! that neither has is shown as the empty box of the font, so that it is seen to be missing.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::{Direction, Face, ShapePlan, UnicodeBuffer, script};

use crate::floor::labels::render::LabelRefused;

static LATIN: &[u8] = include_bytes!("../fonts/NotoSans-Regular-subset.ttf");
static BENGALI: &[u8] = include_bytes!("../fonts/NotoSansBengali-Regular-subset.ttf");

/// A text may shrink to this part of its size before it is cut.
const SMALLEST: f32 = 0.75;

/// Characters of a text that are looked at; more never fit a label.
const MAX_TEXT: usize = 120;

/// Which built-in font a character is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Latin,
    Bengali,
}

/// Glyphs of one font, side by side.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) script: Script,
    pub(super) text: String,
    pub(super) glyphs: Vec<KrillaGlyph>,
    /// In units of the font size.
    pub(super) width: f32,
}

/// A text set in one line.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) runs: Vec<Run>,
    /// In points.
    pub(super) size: f32,
}

impl Line {
    /// From one baseline to the next, in points.
    pub(super) fn height(&self) -> f32 {
        self.size * 1.25
    }

    /// In points.
    pub(super) fn width(&self) -> f32 {
        self.runs.iter().map(|run| run.width).sum::<f32>() * self.size
    }
}

/// The built-in fonts, read once for a document.
pub(super) struct Typesetter {
    latin: Typeface,
    bengali: Typeface,
}

struct Typeface {
    font: Font,
    face: Face<'static>,
    /// Which rules of the font apply: the same for every text, and dear to work out.
    plan: ShapePlan,
    script: rustybuzz::Script,
    units_per_em: f32,
}

impl Typesetter {
    pub(super) fn new() -> Result<Self, LabelRefused> {
        let typeface = |bytes: &'static [u8], script: rustybuzz::Script| {
            let font = Font::new(bytes.into(), 0)?;
            let face = Face::from_slice(bytes, 0)?;
            let plan = ShapePlan::new(&face, Direction::LeftToRight, Some(script), None, &[]);
            let units_per_em = font.units_per_em();
            Some(Typeface { font, face, plan, script, units_per_em })
        };
        let unreadable = || LabelRefused::Failed("a built-in font cannot be read".to_owned());
        Ok(Self {
            latin: typeface(LATIN, script::LATIN).ok_or_else(unreadable)?,
            bengali: typeface(BENGALI, script::BENGALI).ok_or_else(unreadable)?,
        })
    }

    /// The font of a run.
    pub(super) fn font(&self, script: Script) -> &Font {
        &self.typeface(script).font
    }

    fn typeface(&self, script: Script) -> &Typeface {
        match script {
            Script::Latin => &self.latin,
            Script::Bengali => &self.bengali,
        }
    }

    /// One line of at most `width` points: made smaller, then cut with an ellipsis, when it is too long.
    pub(super) fn fit(&self, text: &str, size: f32, width: f32) -> Line {
        let text = printable(text);
        let line = self.set(&text, size);
        let excess = line.width() / width;
        if excess <= 1.0 {
            line
        } else if excess <= 1.0 / SMALLEST {
            Line { size: size / excess, ..line }
        } else {
            self.cut(&text, size * SMALLEST, width)
        }
    }

    /// At most `most` lines of at most `width` points, broken at blanks; what is left over is cut with an ellipsis.
    pub(super) fn wrap(&self, text: &str, size: f32, width: f32, most: usize) -> Vec<Line> {
        let text = printable(text);
        let mut lines: Vec<Line> = Vec::new();
        let mut rest = text.as_str();
        while !rest.is_empty() && lines.len() + 1 < most {
            let breaks = rest.match_indices(' ').map(|(at, _)| at).chain([rest.len()]);
            let fits = |end: &usize| rest.get(..*end).is_some_and(|part| self.set(part, size).width() <= width);
            let Some(end) = breaks.take_while(fits).last() else { break };
            let (line, after) = rest.split_at(end);
            lines.push(self.set(line, size));
            rest = after.trim_start();
        }
        if !rest.is_empty() {
            lines.push(self.fit(rest, size, width));
        }
        lines
    }

    /// As many characters as fit, and an ellipsis.
    fn cut(&self, text: &str, size: f32, width: f32) -> Line {
        let ends = text.char_indices().map(|(at, _)| at).rev();
        ends.filter_map(|end| text.get(..end))
            .map(|kept| self.set(&format!("{}…", kept.trim_end()), size))
            .find(|line| line.width() <= width)
            .unwrap_or_else(|| self.set("…", size))
    }

    fn set(&self, text: &str, size: f32) -> Line {
        Line { runs: by_script(text).map(|(script, text)| self.shape(script, text)).collect(), size }
    }

    fn shape(&self, script: Script, text: &str) -> Run {
        let typeface = self.typeface(script);
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.set_script(typeface.script);
        buffer.set_direction(Direction::LeftToRight);
        let shaped = rustybuzz::shape_with_plan(&typeface.face, &typeface.plan, buffer);

        let em = |units: i32| i16::try_from(units).map_or(0.0, f32::from) / typeface.units_per_em;
        let start = |cluster: u32| usize::try_from(cluster).unwrap_or(text.len());
        let clusters: Vec<usize> = shaped.glyph_infos().iter().map(|glyph| start(glyph.cluster)).collect();
        let glyphs: Vec<KrillaGlyph> = shaped
            .glyph_infos()
            .iter()
            .zip(shaped.glyph_positions())
            .zip(&clusters)
            .map(|((glyph, position), &from)| {
                let to = clusters.iter().copied().filter(|&other| other > from).min().unwrap_or(text.len());
                KrillaGlyph::new(
                    GlyphId::new(glyph.glyph_id),
                    em(position.x_advance),
                    em(position.x_offset),
                    em(position.y_offset),
                    em(position.y_advance),
                    from..to,
                    None,
                )
            })
            .collect();
        let width = glyphs.iter().map(|glyph| glyph.x_advance).sum();
        Run { script, text: text.to_owned(), glyphs, width }
    }
}

/// The text on one line, without control characters and without more of it than anyone could print.
fn printable(text: &str) -> String {
    let text: String = text.chars().take(MAX_TEXT).map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.trim().to_owned()
}

/// The text in pieces of one script each. Blanks and joiners stay with the piece they are in.
fn by_script(text: &str) -> impl Iterator<Item = (Script, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let script = rest.chars().find_map(script_of).or((!rest.is_empty()).then_some(Script::Latin))?;
        let other = |c: char| script_of(c).is_some_and(|found| found != script);
        let (piece, after) = rest.split_at(rest.find(other).unwrap_or(rest.len()));
        rest = after;
        Some((script, piece))
    })
}

/// The script a character belongs to; `None` for those that go with any.
fn script_of(character: char) -> Option<Script> {
    match character {
        ' ' | '\u{A0}' | '\u{200C}' | '\u{200D}' => None,
        '\u{0964}' | '\u{0965}' | '\u{0980}'..='\u{09FF}' => Some(Script::Bengali),
        _ => Some(Script::Latin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glyphs(line: &Line) -> usize {
        line.runs.iter().map(|run| run.glyphs.len()).sum()
    }

    #[test]
    fn pieces_of_scripts_follow_one_another() {
        let pieces: Vec<_> = by_script("Jacket জ্যাকেট M").collect();
        assert_eq!(pieces, [(Script::Latin, "Jacket "), (Script::Bengali, "জ্যাকেট "), (Script::Latin, "M")]);
        assert_eq!(by_script("").count(), 0);
        assert_eq!(by_script("  ").collect::<Vec<_>>(), [(Script::Latin, "  ")]);
    }

    #[test]
    fn latin_vietnamese_and_bengali_have_their_glyphs() {
        let typesetter = Typesetter::new().unwrap();
        for text in ["JKT-0042 Größe M – 12 €", "Áo khoác nữ, cỡ vừa, xanh rêu ơ ư đ ẫ ỷ", "জ্যাকেট, শ্যাওলা সবুজ ৪২"]
        {
            let line = typesetter.set(text, 10.0);
            assert!(line.width() > 20.0);
            for run in &line.runs {
                assert!(run.glyphs.iter().all(|glyph| glyph.glyph_id != GlyphId::new(0)), "{text}");
            }
        }
    }

    #[test]
    fn bengali_is_shaped_not_lined_up() {
        let line = Typesetter::new().unwrap().set("ক্ষ", 10.0);
        assert_eq!(glyphs(&line), 1, "three characters join to one conjunct");
    }

    #[test]
    fn long_texts_shrink_and_then_are_cut() {
        let typesetter = Typesetter::new().unwrap();
        let text = "JKT-AURORA-M-0042";
        let natural = typesetter.set(text, 10.0).width();
        let as_is = typesetter.fit(text, 10.0, natural + 1.0);
        assert!((as_is.size - 10.0).abs() < f32::EPSILON);
        let smaller = typesetter.fit(text, 10.0, natural * 0.9);
        assert!(smaller.size < 10.0 && glyphs(&smaller) == text.len());
        let cut = typesetter.fit(text, 10.0, natural * 0.4);
        assert!(cut.width() <= natural * 0.4 && cut.runs[0].text.ends_with('…'));
        let hopeless = typesetter.fit(text, 10.0, 0.1);
        assert_eq!(hopeless.runs[0].text, "…");
        assert!(typesetter.fit(&"W".repeat(100_000), 10.0, 80.0).width() <= 80.0);
    }

    #[test]
    fn texts_wrap_at_blanks() {
        let typesetter = Typesetter::new().unwrap();
        let lines = typesetter.wrap("Aurora jacket, moss green", 8.0, 70.0, 2);
        let texts: Vec<_> = lines.iter().map(|line| line.runs[0].text.as_str()).collect();
        assert_eq!(texts, ["Aurora jacket,", "moss green"]);
        assert_eq!(typesetter.wrap("", 8.0, 70.0, 2).len(), 0);
        assert_eq!(typesetter.wrap("short", 8.0, 70.0, 2).len(), 1);
        let endless = typesetter.wrap(&"word ".repeat(500), 8.0, 70.0, 2);
        assert!(endless.len() == 2 && endless.iter().all(|line| line.width() <= 70.01));
        let unbroken = typesetter.wrap(&"W".repeat(300), 8.0, 70.0, 2);
        assert!(unbroken.len() == 1 && unbroken[0].width() <= 70.01);
    }

    #[test]
    fn control_characters_are_blanks() {
        assert_eq!(printable(" a\nb\u{0}c\t"), "a b c");
    }
}

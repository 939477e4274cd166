//! Labels as a PDF for office printers: the code as vectors, the texts beside it.

mod template;
mod text;

use krilla::geom::{PathBuilder, Point, Rect, Transform};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings};

use super::{Label, LabelRefused, QUIET_ZONE, Symbol};

pub use template::Template;

use template::Cell;
use text::{Line, Typesetter};

/// Most labels in one document: what an order has at most in a single call, and the bound on a document's memory.
pub const MAX_LABELS: usize = 10_000;

/// Points to a millimetre.
const PT: f32 = 72.0 / 25.4;

/// A PDF of the labels, in their order. They are taken one at a time, so a caller may make them as it goes.
///
/// # Errors
/// [`LabelRefused::NoLabels`], [`LabelRefused::TooManyLabels`], or [`LabelRefused::Failed`] when drawing fails.
pub fn render(template: Template, labels: impl IntoIterator<Item = Label>) -> Result<Vec<u8>, LabelRefused> {
    render_with(SerializeSettings::default(), template, labels, MAX_LABELS)
}

fn render_with(
    settings: SerializeSettings,
    template: Template,
    labels: impl IntoIterator<Item = Label>,
    most: usize,
) -> Result<Vec<u8>, LabelRefused> {
    let typesetter = Typesetter::new()?;
    let (width, height) = template.page_mm();
    let cells = template.cells();
    let mut document = Document::new_with(settings);
    document.set_metadata(Metadata::new().title("Labels".to_owned()).creator("Floorline".to_owned()));

    let mut labels = labels.into_iter().peekable();
    let mut drawn = 0;
    while labels.peek().is_some() {
        let size = PageSettings::from_wh(width * PT, height * PT)
            .ok_or_else(|| LabelRefused::Failed("a page without a size".to_owned()))?;
        let mut page = document.start_page_with(size);
        let mut surface = page.surface();
        for (cell, label) in cells.iter().zip(labels.by_ref().take(cells.len())) {
            if drawn == most {
                return Err(LabelRefused::TooManyLabels);
            }
            draw_label(&mut surface, &typesetter, cell, &label);
            drawn += 1;
        }
        surface.finish();
        page.finish();
    }
    if drawn == 0 {
        return Err(LabelRefused::NoLabels);
    }
    document.finish().map_err(|error| LabelRefused::Failed(format!("{error:?}")))
}

/// The code at the cell's left, the texts at its right: title, what it is and further lines from the top, the code in letters at
/// the foot.
fn draw_label(surface: &mut Surface<'_>, typesetter: &Typesetter, cell: &Cell, label: &Label) {
    let code_side = cell.code_mm * PT;
    let (left, top) = ((cell.x_mm + cell.inset_mm) * PT, (cell.y_mm + (cell.height_mm - cell.code_mm) / 2.0) * PT);
    draw_symbol(surface, &label.symbol, left, top, code_side);

    let text_left = left + code_side;
    let text_width = (cell.x_mm + cell.width_mm - cell.inset_mm) * PT - text_left;
    let quiet = code_side * f32::from(QUIET_ZONE) / f32::from(label.symbol.side_with_quiet_zone());
    let (mut y, foot) = (top + quiet, top + code_side - quiet);

    let size = cell.title_pt;
    let code = typesetter.fit(label.text.code.as_str(), size * 0.72, text_width);
    let title = typesetter.fit(&label.text.title, size, text_width);
    let subtitle = typesetter.wrap(&label.text.subtitle, size * 0.8, text_width, 2);
    let lines = label.text.lines.iter().map(|line| typesetter.fit(line, size * 0.72, text_width));
    for line in [title].into_iter().chain(subtitle).chain(lines) {
        if y + line.height() > foot - code.height() {
            break;
        }
        y += line.height();
        draw_line(surface, typesetter, &line, text_left, y);
    }
    draw_line(surface, typesetter, &code, text_left, foot);
}

fn draw_line(surface: &mut Surface<'_>, typesetter: &Typesetter, line: &Line, left: f32, baseline: f32) {
    let mut x = left;
    for run in &line.runs {
        let font = typesetter.font(run.script);
        surface.draw_glyphs(Point::from_xy(x, baseline), &run.glyphs, font.clone(), &run.text, line.size, false);
        x += run.width * line.size;
    }
}

/// All dark modules as one path, so that no viewer draws seams between neighbours. Its unit is a module: the numbers in the file
/// stay short.
fn draw_symbol(surface: &mut Surface<'_>, symbol: &Symbol, left: f32, top: f32, side: f32) {
    let module = side / f32::from(symbol.side_with_quiet_zone());
    let mut path = PathBuilder::new();
    for run in symbol.runs() {
        let (x, y) = (f32::from(run.x + QUIET_ZONE), f32::from(run.y + QUIET_ZONE));
        if let Some(rect) = Rect::from_xywh(x, y, f32::from(run.width), 1.0) {
            path.push_rect(rect);
        }
    }
    if let Some(path) = path.finish() {
        surface.push_transform(&Transform::from_row(module, 0.0, 0.0, module, left, top));
        surface.draw_path(&path);
        surface.pop();
    }
}

#[cfg(test)]
mod tests;

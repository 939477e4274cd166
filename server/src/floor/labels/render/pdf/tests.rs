//! Documents are checked by painting what is in them and decoding that.

use krilla::SerializeSettings;

use super::super::sample::{Canvas, label, read};
use super::*;

/// Pixels to a point.
const SCALE: f64 = 4.0;

/// The first page of an uncompressed document, its filled rectangles painted: just enough of PDF for what `draw_symbol` writes.
fn painted(pdf: &[u8], template: Template) -> Canvas {
    let (width, height) = template.page_mm();
    let pixels = |mm: f32| (1..).find(|&px| f64::from(px) >= f64::from(mm * PT) * SCALE).unwrap();
    let mut canvas = Canvas::new(pixels(width), pixels(height));
    let text = String::from_utf8_lossy(pdf);
    let content = text.split("stream\n").find(|part| part.contains(" cm\n") || part.contains(" cm ")).unwrap();

    let mut numbers: Vec<f64> = Vec::new();
    let mut matrices = vec![[1.0, 0.0, 0.0, 1.0, 0.0, 0.0]];
    let mut corners: Vec<(f64, f64)> = Vec::new();
    let mut rects: Vec<Vec<(f64, f64)>> = Vec::new();
    for word in content.split("endstream").next().unwrap().split_whitespace() {
        if let Ok(number) = word.parse() {
            numbers.push(number);
            continue;
        }
        let current = *matrices.last().unwrap();
        let placed = |x: f64, y: f64| (current[0] * x + current[4], current[3] * y + current[5]);
        match (word, numbers.as_slice()) {
            ("q", _) => matrices.push(current),
            ("Q", _) => drop(matrices.pop()),
            ("cm", &[a, _, _, d, e, f]) => {
                let (x, y) = placed(e, f);
                *matrices.last_mut().unwrap() = [current[0] * a, 0.0, 0.0, current[3] * d, x, y];
            }
            ("m", &[x, y]) => corners = vec![placed(x, y)],
            ("l", &[x, y]) => corners.push(placed(x, y)),
            ("re", &[x, y, w, h]) => rects.push(vec![placed(x, y), placed(x + w, y + h)]),
            ("h", _) => rects.push(std::mem::take(&mut corners)),
            _ => {}
        }
        numbers.clear();
    }
    for rect in &rects {
        let (xs, ys): (Vec<f64>, Vec<f64>) = rect.iter().copied().unzip();
        let (left, right) = (xs.iter().copied().fold(f64::MAX, f64::min), xs.iter().copied().fold(f64::MIN, f64::max));
        let (low, high) = (ys.iter().copied().fold(f64::MAX, f64::min), ys.iter().copied().fold(f64::MIN, f64::max));
        let top = f64::from(height * PT) - high;
        canvas.fill(left * SCALE, top * SCALE, (right - left) * SCALE, (high - low) * SCALE);
    }
    canvas
}

fn plain() -> SerializeSettings {
    SerializeSettings { compress_content_streams: false, ..SerializeSettings::default() }
}

fn pages(pdf: &[u8]) -> usize {
    let text = String::from_utf8_lossy(pdf);
    text.matches("/Type /Page\n").count() + text.matches("/Type/Page/").count() + text.matches("/Type/Page\n").count()
}

#[test]
fn a_single_label_decodes_to_its_payload() {
    let label = label(1);
    let pdf = render_with(plain(), Template::Single, [label.clone()], 1).unwrap();
    let picture = painted(&pdf, Template::Single).into_picture();
    assert_eq!(read(&picture), Some(label.payload));
}

#[test]
fn every_place_of_a_sheet_holds_its_label() {
    let labels: Vec<_> = (0..24).map(label).collect();
    let pdf = render_with(plain(), Template::Sheet3x8, labels.clone(), 24).unwrap();
    let sheet = painted(&pdf, Template::Sheet3x8).into_picture();
    for (cell, label) in Template::Sheet3x8.cells().iter().zip(labels).step_by(5) {
        let px = |mm: f32| (0..).find(|&px| f64::from(px) >= f64::from(mm * PT) * SCALE).unwrap();
        let (x, y, width, height) = (px(cell.x_mm), px(cell.y_mm), px(cell.width_mm), px(cell.height_mm));
        let place = image::imageops::crop_imm(&sheet, x, y, width, height).to_image();
        assert_eq!(read(&place), Some(label.payload));
    }
}

#[test]
fn the_25th_label_begins_a_page() {
    let count = |labels: u64| pages(&render_with(plain(), Template::Sheet3x8, (0..labels).map(label), 100).unwrap());
    assert_eq!((count(1), count(24), count(25), count(49)), (1, 1, 2, 3));
}

#[test]
fn the_same_labels_give_the_same_bytes() {
    let once = || render(Template::Sheet3x8, (0..30).map(label)).unwrap();
    assert!(once().starts_with(b"%PDF-"));
    assert_eq!(once(), once());
}

#[test]
fn any_text_can_be_printed() {
    let mut label = label(3);
    label.text.title = "Áo khoác 0042 \u{202E}\u{0}\u{FFFD} 夹克 😀".to_owned();
    label.text.subtitle = "জ্যাকেট, শ্যাওলা সবুজ, খুব লম্বা একটি নাম যা কখনোই এক লাইনে আঁটে না".to_owned();
    label.text.lines = vec![String::new(), "x".repeat(10_000), "\n".to_owned()];
    for template in Template::ALL {
        assert!(!render(template, [label.clone()]).unwrap().is_empty());
    }
}

#[test]
fn there_are_bounds() {
    assert_eq!(render(Template::Single, []), Err(LabelRefused::NoLabels));
    let one = label(1);
    let endless = std::iter::repeat_with(|| one.clone());
    assert_eq!(render_with(plain(), Template::Sheet3x8, endless, 30), Err(LabelRefused::TooManyLabels));
}

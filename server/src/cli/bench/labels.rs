//! `floorline bench labels`: labels a second as a PDF of sheets, and as PNG pictures, on one processor.
//!
//! Both are timed from a label's texts to the finished bytes, the making of its QR code included. The peer is the bare `qrcode` crate: the same
//! payloads as pictures of the same size in PNG, and as SVG for the PDF, which has vectors too; it sets no text, which ours does.

use std::time::{Duration, Instant};

use floorline_domain::label::{Kind, draw};
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder as _, Luma};
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};

use super::figure::{Figure, number};
use super::progress;
use crate::floor::labels::render::pdf::{self, Template};
use crate::floor::labels::render::png::{self, DEFAULT_MODULE};
use crate::floor::labels::render::{Label, LabelText};

const BENCH: &str = "labels";
const URL: &str = "https://floor.example.com";

struct Size {
    pdf: usize,
    png: usize,
}

const FULL: Size = Size { pdf: 10_000, png: 2_000 };
const QUICK: Size = Size { pdf: 48, png: 4 };

pub(super) fn measure(quick: bool) -> anyhow::Result<Vec<Figure>> {
    let size = if quick { QUICK } else { FULL };
    let progress = progress::bar(4, "labels");
    let texts: Vec<LabelText> = (0..size.pdf.max(size.png)).map(text).collect();
    let payloads = texts
        .iter()
        .map(|text| Ok(Label::new(URL, text.clone())?.payload))
        .collect::<Result<Vec<_>, anyhow::Error>>()?;
    let step = |count: usize, work: &dyn Fn() -> anyhow::Result<()>| {
        let took = timed(work)?;
        progress.inc(1);
        anyhow::Ok(number(count) / took.as_secs_f64())
    };
    let sheets = step(size.pdf, &|| {
        let labels = texts.iter().take(size.pdf).filter_map(|text| Label::new(URL, text.clone()).ok());
        pdf::render(Template::Sheet3x8, labels)?;
        Ok(())
    })?;
    let vectors = step(size.pdf, &|| payloads.iter().take(size.pdf).try_for_each(|payload| bare_svg(payload)))?;
    let pictures = step(size.png, &|| {
        texts.iter().take(size.png).try_for_each(|text| {
            png::render(&Label::new(URL, text.clone())?, DEFAULT_MODULE)?;
            Ok(())
        })
    })?;
    let bare = step(size.png, &|| payloads.iter().take(size.png).try_for_each(|payload| bare_png(payload)))?;
    progress.finish_and_clear();
    Ok(vec![
        Figure::new(BENCH, "pdf", sheets, "labels/s", "the qrcode crate's SVG, without texts", vectors),
        Figure::new(BENCH, "png", pictures, "labels/s", "the qrcode crate's picture as PNG, without letters", bare),
    ])
}

fn timed(work: &dyn Fn() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let began = Instant::now();
    work()?;
    Ok(began.elapsed())
}

/// What stands on the label of a jacket.
fn text(n: usize) -> LabelText {
    let mut state = u64::try_from(n).unwrap_or_default().wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let code = draw(Kind::Item, || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 7
    });
    LabelText {
        code,
        title: format!("JKT-AURORA-M-{n:04}"),
        subtitle: "Aurora jacket, moss green".to_owned(),
        lines: vec!["PO-2026-0001".to_owned()],
    }
}

fn code(payload: &str) -> anyhow::Result<QrCode> {
    Ok(QrCode::with_error_correction_level(payload, EcLevel::M)?)
}

fn bare_svg(payload: &str) -> anyhow::Result<()> {
    std::hint::black_box(code(payload)?.render::<svg::Color<'_>>().build());
    Ok(())
}

fn bare_png(payload: &str) -> anyhow::Result<()> {
    let module = u32::from(DEFAULT_MODULE);
    let picture = code(payload)?.render::<Luma<u8>>().module_dimensions(module, module).build();
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new(&mut bytes);
    encoder.write_image(picture.as_raw(), picture.width(), picture.height(), ExtendedColorType::L8)?;
    std::hint::black_box(bytes);
    Ok(())
}

//! Labels to draw in tests, and the check that makes a drawing a label: it is decoded.

#![allow(clippy::as_conversions, reason = "tests")]

use std::time::Duration;

use floorline_domain::label::{Code, Kind, draw};
use floorline_mobile_sync::decode::{Budget, decode};
use image::GrayImage;

use super::{Label, LabelText};

/// The address in the samples.
pub(super) const BASE_URL: &str = "https://floor.example.com";

/// A sound code, always the same for the same number.
pub(super) fn code(n: u64) -> Code {
    let mut state = n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    draw(Kind::Item, || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 7
    })
}

/// A label as an order of jackets has them.
pub(super) fn label(n: u64) -> Label {
    let text = LabelText {
        code: code(n),
        title: format!("JKT-AURORA-M-{n:04}"),
        subtitle: "Aurora jacket, moss green".to_owned(),
        lines: vec!["PO-2026-0001".to_owned()],
    };
    Label::new(BASE_URL, text).unwrap()
}

/// What the decode ladder reads in the picture.
pub(super) fn read(picture: &GrayImage) -> Option<String> {
    decode(picture, Budget::lasting(Duration::from_secs(60))).map(|found| found.text)
}

/// Paints rectangles of modules, as a viewer would.
pub(super) struct Canvas {
    picture: GrayImage,
}

impl Canvas {
    /// A white canvas.
    pub(super) fn new(width: u32, height: u32) -> Self {
        Self { picture: GrayImage::from_pixel(width, height, image::Luma([255])) }
    }

    /// A black rectangle, edges rounded to pixels.
    pub(super) fn fill(&mut self, left: f64, top: f64, width: f64, height: f64) {
        let pixel = |at: f64| at.round() as u32;
        for y in pixel(top)..pixel(top + height) {
            for x in pixel(left)..pixel(left + width) {
                self.picture.put_pixel(x, y, image::Luma([0]));
            }
        }
    }

    pub(super) fn into_picture(self) -> GrayImage {
        self.picture
    }
}

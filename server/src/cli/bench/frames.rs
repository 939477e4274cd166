//! A camera's frames of labels, spoilt in six ways and four degrees of each, always the same.
//!
//! A label of 29 by 29 modules lies on a table of 1280 × 960 pixels, as a phone's preview shows it from a forearm's distance: seven pixels to a
//! module, give or take one. Degree 4 is meant to be more than anybody can read.

use std::f64::consts::TAU;

use image::{GrayImage, Luma, imageops};
use qrcode::{Color, EcLevel, QrCode, Version};

const WIDTH: u32 = 1280;
const HEIGHT: u32 = 960;
const TABLE: f64 = 150.0;
const PAPER: f64 = 245.0;
const INK: f64 = 15.0;
/// Light modules around the code, within the label.
const QUIET: f64 = 4.0;

/// How a frame is spoilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spoilt {
    Rotation,
    Perspective,
    Blur,
    Noise,
    LowLight,
    Damage,
}

impl Spoilt {
    pub(super) const ALL: [Self; 6] =
        [Self::Rotation, Self::Perspective, Self::Blur, Self::Noise, Self::LowLight, Self::Damage];

    /// Its name in figures.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Rotation => "rotation",
            Self::Perspective => "perspective",
            Self::Blur => "blur",
            Self::Noise => "noise",
            Self::LowLight => "low_light",
            Self::Damage => "damage",
        }
    }
}

/// One picture and what it says.
pub(super) struct Frame {
    pub(super) spoilt: Spoilt,
    pub(super) text: String,
    pub(super) luma: GrayImage,
}

/// The frame of the label with this number, spoilt in one way to a degree of 1 to 4.
pub(super) fn frame(spoilt: Spoilt, degree: u32, number: u32) -> anyhow::Result<Frame> {
    let kind = Spoilt::ALL.into_iter().position(|other| other == spoilt).unwrap_or_default();
    let mut chance = Chance(u64::try_from(kind)? << 40 | u64::from(degree) << 32 | u64::from(number));
    let text = format!("HTTPS://FLOOR.EXAMPLE.COM/Q/M0123456789{:04}", 1000 + number);
    let hard = f64::from(degree);
    let mut view = View::upright(&mut chance);
    match spoilt {
        Spoilt::Rotation => view.turn = TAU * chance.between(0.02, 0.25) * hard,
        Spoilt::Perspective => view.tilt = [0.18, -0.12].map(|tilt| tilt * hard * chance.sign()),
        _ => {}
    }
    let mut label = Label::of(&text)?;
    if spoilt == Spoilt::Damage {
        label.damage(0.02 * hard, &mut chance);
    }
    let mut luma = view.picture(&label);
    let sigma = if spoilt == Spoilt::Blur { 1.2 * hard } else { 0.7 };
    luma = imageops::blur(&luma, single(sigma));
    let light = if spoilt == Spoilt::LowLight { 0.5_f64.powi(i32::try_from(degree)?) } else { 1.0 };
    let grain = if spoilt == Spoilt::Noise { 30.0 * hard } else { 4.0 };
    expose(&mut luma, light, grain, &mut chance);
    Ok(Frame { spoilt, text, luma })
}

/// A code with its quiet zone, and what covers it.
struct Label {
    modules: Vec<bool>,
    side: f64,
    /// Middle, radius and shade of spots, in modules.
    spots: Vec<([f64; 2], f64, f64)>,
}

impl Label {
    fn of(text: &str) -> anyhow::Result<Self> {
        let code = QrCode::with_version(text, Version::Normal(3), EcLevel::M)?;
        let side = f64::from(u32::try_from(code.width())?);
        let modules = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        Ok(Self { modules, side, spots: Vec::new() })
    }

    /// Covers about that part of the code with oil and scratches: dark and light spots in a row or alone. A corner square may be hit.
    fn damage(&mut self, part: f64, chance: &mut Chance) {
        let mut left = part * self.side * self.side;
        while left > 0.0 {
            let shade = if chance.between(0.0, 1.0) < 0.5 { INK } else { PAPER };
            let (mut x, mut y) = (chance.between(0.0, self.side), chance.between(0.0, self.side));
            let (step, radius) = (chance.between(0.0, TAU).sin_cos(), chance.between(0.5, 1.4));
            let length = if chance.between(0.0, 1.0) < 0.5 { 1 } else { 6 };
            for _ in 0..length {
                self.spots.push(([x, y], radius, shade));
                left -= TAU / 2.0 * radius * radius;
                (x, y) = (x + step.0 * radius, y + step.1 * radius);
            }
        }
    }

    /// The shade at a point of the label, in modules from the code's corner; none beside the label.
    fn shade(&self, x: f64, y: f64) -> Option<f64> {
        let within = |v: f64| (-QUIET..self.side + QUIET).contains(&v);
        if !within(x) || !within(y) {
            return None;
        }
        let covered = |((spot_x, spot_y), radius): ((f64, f64), f64)| (x - spot_x).hypot(y - spot_y) < radius;
        let spot = self.spots.iter().rev().find(|([x, y], radius, _)| covered(((*x, *y), *radius)));
        Some(spot.map_or_else(|| self.module(x, y), |(_, _, shade)| *shade))
    }

    fn module(&self, x: f64, y: f64) -> f64 {
        let inside = |v: f64| (0.0..self.side).contains(&v);
        let dark = inside(x) && inside(y) && self.modules.get(index(y.floor() * self.side + x.floor())) == Some(&true);
        if dark { INK } else { PAPER }
    }
}

/// Where the camera is.
struct View {
    /// Pixels to a module.
    scale: f64,
    middle: [f64; 2],
    /// Radians.
    turn: f64,
    /// How much nearer one side is than the other, to the right and to the foot.
    tilt: [f64; 2],
}

impl View {
    /// Straight from above, as still as a hand is.
    fn upright(chance: &mut Chance) -> Self {
        let middle = [WIDTH, HEIGHT].map(|side| f64::from(side) / 2.0 + chance.between(-40.0, 40.0));
        Self { scale: chance.between(6.0, 8.0), middle, turn: chance.between(-0.05, 0.05), tilt: [0.0; 2] }
    }

    fn picture(&self, label: &Label) -> GrayImage {
        let (sin, cos) = self.turn.sin_cos();
        let half = label.side / 2.0;
        let [middle_x, middle_y] = self.middle;
        let [right, foot] = self.tilt.map(|tilt| tilt / (label.side + 2.0 * QUIET));
        GrayImage::from_fn(WIDTH, HEIGHT, |x, y| {
            let (x, y) = ((f64::from(x) - middle_x) / self.scale, (f64::from(y) - middle_y) / self.scale);
            let (x, y) = (x * cos + y * sin, y * cos - x * sin);
            // The plane of the label, seen by a pinhole: what is nearer is larger.
            let near = 1.0 - right * x - foot * y;
            let shade = (near > 0.1).then(|| label.shade(x / near + half, y / near + half)).flatten();
            Luma([byte(shade.unwrap_or(TABLE))])
        })
    }
}

/// Dims a picture and gives it the sensor's grain.
fn expose(luma: &mut GrayImage, light: f64, grain: f64, chance: &mut Chance) {
    for Luma([level]) in luma.pixels_mut() {
        // Two throws: grain is mostly small.
        let grain = (chance.between(-grain, grain) + chance.between(-grain, grain)) / 2.0;
        *level = byte(f64::from(*level) * light + grain);
    }
}

/// SplitMix64: the same frames on every machine and in every version of every library.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        let unit = u32::try_from(self.next() >> 32).map_or(0.0, |bits| f64::from(bits) / f64::from(u32::MAX));
        low + (high - low) * unit
    }

    fn sign(&mut self) -> f64 {
        if self.next().is_multiple_of(2) { 1.0 } else { -1.0 }
    }
}

#[expect(clippy::as_conversions, reason = "clamped to a byte")]
fn byte(level: f64) -> u8 {
    level.round().clamp(0.0, 255.0) as u8
}

#[expect(clippy::as_conversions, reason = "a place in the code, whole and not negative")]
fn index(place: f64) -> usize {
    place as usize
}

#[expect(clippy::as_conversions, reason = "a blur of a few pixels")]
fn single(sigma: f64) -> f32 {
    sigma as f32
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use floorline_mobile_sync::decode::{Budget, decode};

    use super::*;

    #[test]
    fn the_least_of_each_damage_is_readable_and_says_what_it_should() {
        for spoilt in Spoilt::ALL {
            let frame = frame(spoilt, 1, 0).unwrap();
            let found = decode(&frame.luma, Budget::lasting(Duration::from_secs(60))).map(|found| found.text);
            assert_eq!(found, Some(frame.text), "{spoilt:?}");
        }
    }

    #[test]
    fn a_frame_is_the_same_whenever_it_is_made() {
        let [one, other] = [3, 3].map(|number| frame(Spoilt::Damage, 2, number).unwrap().luma);
        assert!(one == other);
        assert!(one != frame(Spoilt::Damage, 2, 4).unwrap().luma);
    }
}

//! The passes, in the order of what they cost for what they read.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use image::GrayImage;
use rxing::common::HybridBinarizer;
use rxing::{BarcodeFormat, BinaryBitmap, DecodeHints, Luma8LuminanceSource, MultiFormatReader, Reader};

use super::crowd::is_crowded;
use super::{Budget, filter};

/// How `rqrr` marks a dark pixel in a picture it has prepared.
const DARK: u8 = 1;

/// One rung of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pass {
    /// `rxing` once over the picture as it is: clean frames, in a few milliseconds.
    Quick,
    /// `rqrr`, against a label seen aslant; it also forgives other damage than `rxing` does.
    Slanted,
    /// `rxing` at half size, its pyramid of sizes, also inverted: against noise and large blurred modules.
    Half,
    /// The same at full size: most of what else can be read.
    Thorough,
    /// The same, sharpened, against frames out of focus.
    Sharpened,
    /// The same, smoothed, against grain.
    Blurred,
    /// The same at twice the size, against very small modules.
    Double,
}

impl Pass {
    /// Every pass, in the order it is tried.
    pub const LADDER: [Self; 7] =
        [Self::Quick, Self::Slanted, Self::Half, Self::Thorough, Self::Sharpened, Self::Blurred, Self::Double];

    /// Its name in figures and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Slanted => "slanted",
            Self::Half => "half",
            Self::Thorough => "thorough",
            Self::Sharpened => "sharpened",
            Self::Blurred => "blurred",
            Self::Double => "double",
        }
    }

    /// The text this pass finds.
    fn read(self, luma: &GrayImage, budget: &Budget) -> Option<String> {
        match self {
            Self::Quick => search(&mut black_and_white(luma.clone())?, false),
            Self::Slanted => slanted(luma),
            Self::Half => thorough(filter::halved(luma)?, budget),
            Self::Thorough => thorough(luma.clone(), budget),
            Self::Sharpened => thorough(filter::sharpened(luma), budget),
            Self::Blurred => thorough(filter::blurred(luma), budget),
            Self::Double => thorough(filter::doubled(luma)?, budget),
        }
    }
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The text of the code, as it stands in it.
    pub text: String,
    /// The pass that read it.
    pub pass: Pass,
    /// Time since the budget was made, all passes before it included.
    pub elapsed: Duration,
}

/// The text of a QR code in the picture: the first that any pass finds. `None` when none does within the budget.
///
/// The first pass is always made, however small the budget.
pub fn decode(luma: &GrayImage, budget: Budget) -> Option<Decoded> {
    for (rung, pass) in Pass::LADDER.into_iter().enumerate() {
        if rung > 0 && budget.is_spent() {
            return None;
        }
        if let Some(text) = guarded(|| pass.read(luma, &budget)) {
            return Some(Decoded { text, pass, elapsed: budget.elapsed() });
        }
    }
    None
}

/// A picture is input, and decoders do much arithmetic on it: where one panics (`rqrr` 0.11 does on some pictures of many corner
/// squares), its pass has found nothing.
pub(super) fn guarded(read: impl FnOnce() -> Option<String>) -> Option<String> {
    catch_unwind(AssertUnwindSafe(read)).ok().flatten().filter(|text| !text.is_empty())
}

fn slanted(luma: &GrayImage) -> Option<String> {
    let (width, height) = luma.dimensions();
    let (columns, rows) = (usize::try_from(width).ok()?, usize::try_from(height).ok()?);
    let pixels = luma.as_raw();
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(columns, rows, |x, y| {
        pixels.get(y * columns + x).copied().unwrap_or(u8::MAX)
    });
    let is_dark = |x: u32, y: u32| match (usize::try_from(x), usize::try_from(y)) {
        (Ok(x), Ok(y)) => prepared.get_pixel_at(x, y) == DARK,
        _ => false,
    };
    if is_crowded(width, height, is_dark) {
        return None;
    }
    prepared.detect_grids().iter().find_map(|grid| grid.decode().ok()).map(|(_, text)| text)
}

/// Searches the picture and its third, ninth … in size, each as it is and with its gaps closed. This is what `rxing`'s own filtered
/// reader does, but one step at a time: between two of them the budget is looked at.
fn thorough(luma: GrayImage, budget: &Budget) -> Option<String> {
    let mut layer = Some(luma);
    while let Some(luma) = layer {
        layer = filter::next_layer(&luma);
        let mut bitmap = black_and_white(luma)?;
        for close_gaps in [false, true] {
            if budget.is_spent() || (close_gaps && bitmap.close().is_err()) {
                break;
            }
            if let Some(text) = search(&mut bitmap, true) {
                return Some(text);
            }
        }
    }
    None
}

/// The picture as `rxing` searches it.
type Bitmap = BinaryBitmap<HybridBinarizer<Luma8LuminanceSource>>;

fn black_and_white(luma: GrayImage) -> Option<Bitmap> {
    let (width, height) = luma.dimensions();
    let source = Luma8LuminanceSource::new(luma.into_raw(), width, height).ok()?;
    Some(BinaryBitmap::new(HybridBinarizer::new(source)))
}

/// One search of `rxing`'s.
fn search(bitmap: &mut Bitmap, also_inverted: bool) -> Option<String> {
    let black = bitmap.get_black_matrix();
    if is_crowded(black.width(), black.height(), |x, y| black.get(x, y)) {
        return None;
    }
    let hints = DecodeHints {
        PossibleFormats: Some(HashSet::from([BarcodeFormat::QR_CODE])),
        TryHarder: Some(true),
        AlsoInverted: Some(also_inverted),
        ..DecodeHints::default()
    };
    let found = MultiFormatReader::default().decode_with_hints(bitmap, &hints).ok()?;
    Some(found.getText().to_owned())
}

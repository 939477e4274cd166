//! `floorline bench scan`: how many spoilt labels are read, and how long that takes.
//!
//! The frames are made here (`frames.rs`), the same at every run. Ours is the ladder that phones and the scan route use, with the phone's time
//! for a frame; beside it `rqrr` and `rxing` alone, each as its documentation has it, on the same pictures. A wrong text counts as unread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use floorline_mobile_sync::decode::{Budget, decode};
use image::GrayImage;
use rxing::BarcodeFormat;
use rxing::helpers::detect_in_luma_slice;

use super::figure::{Figure, number, percentile};
use super::frames::{Frame, Spoilt, frame};
use super::progress;
use crate::cli::output::complain;

const BENCH: &str = "scan";
/// The time that our ladder has for a frame. The others have no limit.
const WITHIN: Duration = Duration::from_millis(400);
const DEGREES: u32 = 4;

struct Size {
    /// Of each kind and degree.
    labels: u32,
    degrees: u32,
}

const FULL: Size = Size { labels: 10, degrees: DEGREES };
const QUICK: Size = Size { labels: 1, degrees: 1 };

type Reader = fn(&GrayImage) -> Option<String>;

const READERS: [(&str, Reader); 3] = [("our ladder", ladder), ("rqrr alone", rqrr_alone), ("rxing alone", rxing_alone)];

/// One number for many times, which are sorted.
type OfTimes = fn(&[f64]) -> f64;

/// What is said of the times of frames.
const TIMES: [(&str, OfTimes); 2] = [("time_mean", mean), ("time_p50", median)];

/// What one reader made of one frame.
struct Reading {
    spoilt: Spoilt,
    read: bool,
    wrong: bool,
    ms: f64,
}

pub(super) fn measure(quick: bool) -> anyhow::Result<Vec<Figure>> {
    let wanted = wanted(quick);
    let progress = progress::bar(wanted.len(), "spoilt frames");
    let mut readings = READERS.map(|_| Vec::new());
    for (spoilt, degree, label) in wanted {
        let frame = frame(spoilt, degree, label)?;
        for ((_, reader), readings) in READERS.iter().zip(&mut readings) {
            readings.push(reading(*reader, &frame));
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(figures(&readings))
}

/// Which frames are looked at: how each is spoilt, to which degree, and its label's number.
pub(super) fn wanted(quick: bool) -> Vec<(Spoilt, u32, u32)> {
    let size = if quick { QUICK } else { FULL };
    let degrees = Spoilt::ALL.into_iter().flat_map(|spoilt| (1..=size.degrees).map(move |degree| (spoilt, degree)));
    degrees.flat_map(|(spoilt, degree)| (0..size.labels).map(move |label| (spoilt, degree, label))).collect()
}

fn reading(reader: Reader, frame: &Frame) -> Reading {
    let began = Instant::now();
    // `rqrr` panics on some pictures: then it has read nothing.
    let found = catch_unwind(AssertUnwindSafe(|| reader(&frame.luma))).ok().flatten();
    let ms = began.elapsed().as_secs_f64() * 1000.0;
    let read = found.as_ref() == Some(&frame.text);
    Reading { spoilt: frame.spoilt, read, wrong: found.is_some() && !read, ms }
}

fn figures(readings: &[Vec<Reading>; 3]) -> Vec<Figure> {
    let [ours, others @ ..] = readings;
    let [_, names @ ..] = READERS.map(|(name, _)| name);
    for ((name, _), readings) in READERS.iter().zip(readings) {
        let wrong = readings.iter().filter(|reading| reading.wrong).count();
        if wrong > 0 {
            complain(&format!("{name} read {wrong} wrong texts"));
        }
    }
    let mut figures = Vec::new();
    for (name, theirs) in names.into_iter().zip(others) {
        figures.push(Figure::new(BENCH, "read", rate(ours, None), "%", name, rate(theirs, None)));
        for spoilt in Spoilt::ALL {
            let [ours, theirs] = [ours, theirs].map(|readings| rate(readings, Some(spoilt)));
            figures.push(Figure::new(BENCH, format!("read_{}", spoilt.as_str()), ours, "%", name, theirs));
        }
        for (figure, time) in TIMES {
            let [ours, theirs] = [ours, theirs].map(|readings| time(&times(readings)));
            figures.push(Figure::new(BENCH, figure, ours, "ms", name, theirs));
        }
    }
    figures
}

/// How many of a hundred were read, of one kind of damage or of all.
fn rate(readings: &[Reading], of: Option<Spoilt>) -> f64 {
    let asked = readings.iter().filter(|reading| of.is_none_or(|spoilt| reading.spoilt == spoilt));
    let (all, read) = asked.fold((0, 0), |(all, read), reading| (all + 1, read + usize::from(reading.read)));
    100.0 * number(read) / number(all)
}

fn times(readings: &[Reading]) -> Vec<f64> {
    let mut times: Vec<f64> = readings.iter().map(|reading| reading.ms).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn mean(times: &[f64]) -> f64 {
    times.iter().sum::<f64>() / number(times.len())
}

fn median(times: &[f64]) -> f64 {
    percentile(times, 0.5)
}

fn ladder(luma: &GrayImage) -> Option<String> {
    decode(luma, Budget::lasting(WITHIN)).map(|found| found.text)
}

fn rqrr_alone(luma: &GrayImage) -> Option<String> {
    let (width, height) = luma.dimensions();
    let (columns, rows) = (usize::try_from(width).ok()?, usize::try_from(height).ok()?);
    let pixels = luma.as_raw();
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(columns, rows, |x, y| {
        pixels.get(y * columns + x).copied().unwrap_or(u8::MAX)
    });
    prepared.detect_grids().iter().find_map(|grid| grid.decode().ok()).map(|(_, text)| text)
}

fn rxing_alone(luma: &GrayImage) -> Option<String> {
    let (width, height) = luma.dimensions();
    let found = detect_in_luma_slice(luma.as_raw(), width, height, Some(BarcodeFormat::QR_CODE)).ok()?;
    Some(found.getText().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames that only one of the two decoders reads; the ladder had read neither kind of them once.
    #[test]
    fn the_ladder_reads_what_a_decoder_reads_alone() {
        let frames =
            [3, 4].into_iter().flat_map(|degree| (0..7).map(move |label| (Spoilt::Perspective, degree, label)));
        let (mut by_rqrr, mut by_rxing) = (0, 0);
        for (spoilt, degree, label) in
            frames.chain([(Spoilt::Damage, 4, 9), (Spoilt::Blur, 2, 0), (Spoilt::Blur, 2, 1)])
        {
            let Frame { luma, text, .. } = frame(spoilt, degree, label).unwrap();
            let [rqrr, rxing] = [rqrr_alone(&luma), rxing_alone(&luma)].map(|found| found.as_ref() == Some(&text));
            by_rqrr += u32::from(rqrr && !rxing);
            by_rxing += u32::from(rxing && !rqrr);
            let ours = decode(&luma, Budget::lasting(Duration::from_secs(60))).map(|found| found.text);
            assert!(ours == Some(text) || !(rqrr || rxing), "{spoilt:?} {degree} {label}");
        }
        assert!(by_rqrr > 0 && by_rxing > 0, "{by_rqrr} {by_rxing}");
    }
}

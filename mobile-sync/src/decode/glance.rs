//! The cheapest look at a camera frame, for which every frame pays: two thirds of its size, black where a pixel is darker than what is around
//! it, and one search by `rqrr`.
//!
//! Shrinking and choosing between black and white are done here, each in sweeps over whole rows that become vector instructions: 2 ms for a frame of
//! 1280 × 960 in a browser, where `image` and `rqrr` take 10 at half the size, and fewer labels are read in what they make.

use std::ops::Range;

use image::GrayImage;

use super::crowd::is_crowded;
use super::ladder::guarded;

/// Above this many pixels a frame is shrunk. The modules of a smaller one are small already.
const MOST_PIXELS: usize = 640 * 480;
/// Pixels that the smallest code is wide.
const NARROWEST: usize = 21;
/// Pixels a side of a block, of which one mean is taken.
const BLOCK: usize = 8;
/// A block's pixels.
const BLOCK_PIXELS: u32 = 64;
/// How many blocks to each side are the surroundings of a block: wider than a corner square, whose solid middle is then seen beside paper.
const REACH: usize = 4;
/// Hundredths of the surroundings' brightness below which a pixel is dark: the grain of bare paper is not.
const DARK_BELOW: u32 = 95;

/// The text of a code in a camera frame, if a glance finds it.
pub(super) fn glance(luma: GrayImage) -> Option<String> {
    let frame = Frame::of(luma)?;
    let frame = if frame.pixels.len() > MOST_PIXELS { frame.two_thirds() } else { frame };
    let ink = frame.ink();
    guarded(|| ink.searched())
}

/// Levels, row after row.
struct Frame {
    width: usize,
    pixels: Vec<u8>,
}

impl Frame {
    /// None of a picture that is too narrow for any code.
    fn of(luma: GrayImage) -> Option<Self> {
        let width = usize::try_from(luma.width()).ok().filter(|width| *width >= NARROWEST)?;
        Some(Self { width, pixels: luma.into_raw() })
    }

    /// Each square of nine pixels becomes one of four. What fills no square is left out.
    fn two_thirds(&self) -> Self {
        let width = self.width / 3 * 2;
        let mut pixels = vec![0; self.pixels.len() / (3 * self.width) * 2 * width];
        for (three, two) in self.pixels.chunks_exact(3 * self.width).zip(pixels.chunks_exact_mut(2 * width)) {
            let (upper, others) = three.split_at(self.width);
            let (middle, lower) = others.split_at(self.width);
            let (first, second) = two.split_at_mut(width);
            shrink([upper, middle], first);
            shrink([lower, middle], second);
        }
        Self { width, pixels }
    }

    /// 1 where it is dark, else 0. What fills no block is left out.
    fn ink(&self) -> Self {
        let width = self.width / BLOCK * BLOCK;
        let limits = self.limits();
        let mut pixels = vec![0; limits.len() * BLOCK * width];
        let rows_of_blocks = self.pixels.chunks_exact(BLOCK * self.width).zip(pixels.chunks_exact_mut(BLOCK * width));
        for ((rows, inked), limits) in rows_of_blocks.zip(&limits) {
            for (row, inked) in rows.chunks_exact(self.width).zip(inked.chunks_exact_mut(width)) {
                let blocks = row.as_chunks::<BLOCK>().0.iter().zip(inked.as_chunks_mut::<BLOCK>().0);
                for ((block, inked), limit) in blocks.zip(limits) {
                    *inked = block.map(|level| u8::from(level < *limit));
                }
            }
        }
        Self { width, pixels }
    }

    /// For each row of blocks, below which level a pixel of each block is dark.
    fn limits(&self) -> Vec<Vec<u8>> {
        let sums: Vec<Vec<u32>> = self.pixels.chunks_exact(BLOCK * self.width).map(|rows| self.sums(rows)).collect();
        let wide: Vec<Vec<u32>> = sums
            .iter()
            .map(|row| {
                (0..row.len())
                    .map(|at| mean(row.get(around(at, row.len())).unwrap_or_default().iter().copied()))
                    .collect()
            })
            .collect();
        (0..wide.len())
            .map(|at| {
                let near = wide.get(around(at, wide.len())).unwrap_or_default();
                let mean_of = |column: usize| mean(near.iter().filter_map(|row| row.get(column).copied()));
                let limit = |column: usize| level(mean_of(column) * DARK_BELOW / (100 * BLOCK_PIXELS));
                (0..self.width / BLOCK).map(limit).collect()
            })
            .collect()
    }

    /// One search of `rqrr`'s, in ink.
    fn searched(&self) -> Option<String> {
        let height = self.pixels.len().checked_div(self.width)?;
        let is_ink = |x: usize, y: usize| self.pixels.get(y * self.width + x) == Some(&1);
        let is_dark = |x, y| matches!((usize::try_from(x), usize::try_from(y)), (Ok(x), Ok(y)) if is_ink(x, y));
        if is_crowded(u32::try_from(self.width).ok()?, u32::try_from(height).ok()?, is_dark) {
            return None;
        }
        let mut prepared = rqrr::PreparedImage::prepare_from_bitmap(self.width, height, is_ink);
        prepared.detect_grids().iter().find_map(|grid| grid.decode().ok()).map(|(_, text)| text)
    }

    /// The sums of one row of blocks.
    fn sums(&self, rows: &[u8]) -> Vec<u32> {
        let mut sums = vec![0; self.width / BLOCK];
        for row in rows.chunks_exact(self.width) {
            let (blocks, _) = row.as_chunks::<BLOCK>();
            for (sum, block) in sums.iter_mut().zip(blocks) {
                *sum += block.iter().map(|level| u32::from(*level)).sum::<u32>();
            }
        }
        sums
    }
}

/// Makes two pixels of each three by three, by their areas: the middle ones belong to both. 57/512 is a ninth, without a division.
fn shrink([outer, middle]: [&[u8]; 2], two: &mut [u8]) {
    let threes = outer.as_chunks::<3>().0.iter().zip(middle.as_chunks::<3>().0);
    for ((outer, middle), [left, right]) in threes.zip(two.as_chunks_mut::<2>().0) {
        let [a, b, c] = outer.map(u32::from);
        let [d, e, f] = middle.map(u32::from);
        *left = level((4 * a + 2 * b + 2 * d + e) * 57 / 512);
        *right = level((4 * c + 2 * b + 2 * f + e) * 57 / 512);
    }
}

/// The places of so many that are near this one.
fn around(at: usize, count: usize) -> Range<usize> {
    at.saturating_sub(REACH)..(at + REACH + 1).min(count)
}

fn mean(values: impl Iterator<Item = u32>) -> u32 {
    let (count, sum) = values.fold((0, 0), |(count, sum): (u32, u32), value| (count + 1, sum + value));
    sum.checked_div(count).unwrap_or_default()
}

fn level(number: impl TryInto<u8>) -> u8 {
    number.try_into().unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::damage::{corner_wallpaper, frame, in_low_light, noisy, rotated, text};
    use super::{Frame, glance};
    use image::{GrayImage, Luma};

    #[test]
    fn labels_are_read_at_any_angle_in_grain_and_in_low_light() {
        for n in 0..6 {
            let label = frame(&text(n), 8, 1280, 960);
            let turned = rotated(&label, f32::from(u8::try_from(n).unwrap()) * 31.0);
            for picture in [noisy(&label, 40, n), in_low_light(&label, n), label, turned] {
                assert_eq!(glance(picture), Some(text(n)), "{n}");
            }
        }
    }

    #[test]
    fn a_small_picture_is_not_made_smaller() {
        for n in 0..6 {
            assert_eq!(glance(frame(&text(n), 4, 320, 240)), Some(text(n)), "{n}");
        }
    }

    #[test]
    fn light_that_falls_off_to_one_side_is_no_ink() {
        let mut label = frame(&text(1), 8, 1280, 960);
        for (x, _, Luma([level])) in label.enumerate_pixels_mut() {
            *level = u8::try_from(u32::from(*level) * (1400 - x) / 1400).unwrap();
        }
        assert_eq!(glance(label), Some(text(1)));
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        for (width, height) in
            [(0, 0), (0, 9), (9, 0), (1, 1), (7, 2000), (2000, 7), (2, 200_000), (21, 20_000), (1281, 961)]
        {
            assert_eq!(glance(GrayImage::from_pixel(width, height, Luma([128]))), None, "{width} {height}");
        }
        assert_eq!(glance(corner_wallpaper(3, 1024)), None);
    }

    #[test]
    fn nine_pixels_become_four_of_the_same_brightness() {
        let pixels = vec![9, 0, 0, 200, 0, 9, 0, 200, 0, 0, 9, 200];
        let small = Frame { width: 4, pixels }.two_thirds();
        assert_eq!((small.width, small.pixels), (2, vec![5, 1, 1, 5]));
    }
}

//! Pictures made to be slow.
//!
//! A QR decoder looks for the squares in a code's corners and then tries them in threes, so its time grows with the cube of how many
//! it sees: a wallpaper of a thousand squares keeps one busy for half a minute. A full sheet of labels has about a hundred. So the
//! squares are counted first, in one sweep over the very black and white the decoder is about to search.

/// More corner squares than this and the picture is not searched. A sheet of 24 labels has 72.
const MOST_CORNERS: usize = 300;

/// Whether more corner squares show than any honest frame has. `is_dark(x, y)` tells the black and white picture.
pub(super) fn is_crowded(width: u32, height: u32, is_dark: impl Fn(u32, u32) -> bool) -> bool {
    let mut above: Vec<Crossing> = Vec::new();
    let mut row: Vec<Crossing> = Vec::new();
    let mut corners = 0;
    for y in 0..height {
        row.clear();
        let mut runs = Runs::default();
        let mut before = false;
        for x in 0..width {
            let dark = is_dark(x, y);
            if x > 0 && dark != before {
                row.extend(runs.end_run(x));
            }
            before = dark;
        }
        row.extend(runs.end_run(width));
        for crossing in &mut row {
            crossing.rows = 1 + above.iter().find(|other| other.continues(crossing)).map_or(0, |other| other.rows);
            corners += usize::from(crossing.rows == crossing.rows_of_a_corner());
        }
        if corners > MOST_CORNERS {
            return true;
        }
        std::mem::swap(&mut above, &mut row);
    }
    false
}

/// A place where a row has runs of 1:1:3:1:1, as any line through the middle of a corner square does.
#[derive(Debug, Clone, Copy)]
struct Crossing {
    left: u32,
    right: u32,
    rows: u32,
}

impl Crossing {
    /// Half the height of the square's solid middle, so that a slanted one counts too; but no less than the smallest has, for two rows of
    /// grain are alike in thousands of places.
    fn rows_of_a_corner(&self) -> u32 {
        ((self.right - self.left) * 3 / 14).max(3)
    }

    fn continues(&self, below: &Self) -> bool {
        let module = (below.right - below.left) / 7 + 1;
        self.left.abs_diff(below.left) <= module && self.right.abs_diff(below.right) <= module
    }
}

/// The last five runs of one colour in a row.
#[derive(Default)]
struct Runs {
    lengths: [u32; 5],
    start: u32,
}

impl Runs {
    /// Closes the run that ended before `x`. Either colour may come first: inverted labels are read as well.
    fn end_run(&mut self, x: u32) -> Option<Crossing> {
        self.lengths.rotate_left(1);
        let [.., last] = &mut self.lengths;
        *last = x - self.start;
        self.start = x;
        let [a, b, middle, c, d] = self.lengths;
        let four = a + b + c + d;
        // Each thin run within three quarters of their mean, the thick one around three times it: as tolerant as the decoders.
        let thin = |run: u32| run * 16 >= four && run * 16 <= four * 7;
        let thick = middle * 16 >= four * 9 && middle * 16 <= four * 15;
        let complete = a > 0 && [a, b, c, d].into_iter().all(thin) && thick;
        complete.then(|| Crossing { left: x - four - middle, right: x, rows: 0 })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::damage::{corner_wallpaper, frame, inverted, noisy, text};
    use super::is_crowded;
    use image::{GrayImage, Luma, imageops};

    fn crowded(image: &GrayImage) -> bool {
        is_crowded(image.width(), image.height(), |x, y| image.get_pixel(x, y).0 < [128])
    }

    #[test]
    fn a_wallpaper_of_corners_is_crowded_at_any_size_and_in_either_colour() {
        for module in [1, 2, 3, 5] {
            let wallpaper = corner_wallpaper(module, 9 * module * 20);
            assert!(crowded(&wallpaper), "{module}");
            assert!(crowded(&inverted(&wallpaper)), "{module} inverted");
        }
    }

    #[test]
    fn a_sheet_of_labels_is_not() {
        let mut sheet = GrayImage::from_pixel(1300, 900, Luma([255]));
        for n in 0..24u32 {
            let label = frame(&text(n), 4, 200, 200);
            imageops::overlay(&mut sheet, &label, i64::from(n % 6 * 210), i64::from(n / 6 * 220));
        }
        assert!(!crowded(&sheet));
        assert!(!crowded(&inverted(&sheet)));
    }

    #[test]
    fn a_label_in_noise_is_not() {
        assert!(!crowded(&noisy(&frame(&text(0), 7, 640, 480), 60, 3)));
        assert!(!crowded(&noisy(&GrayImage::from_pixel(1280, 960, Luma([128])), 127, 3)));
    }

    #[test]
    fn pictures_without_rows_or_columns_are_not() {
        for (width, height) in [(0, 0), (0, 5), (5, 0), (1, 1)] {
            assert!(!is_crowded(width, height, |_, _| true));
        }
    }
}

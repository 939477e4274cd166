//! How much of each kind of damage the ladder reads, and that it never reads something else.

#![allow(clippy::unwrap_used, clippy::as_conversions, reason = "tests")]

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use image::{GrayImage, Luma};

use super::damage::{blurred, corner_wallpaper, frame, in_low_light, inverted, noisy, resized, rotated, text};
use super::{Budget, Decoded, Pass, decode};

const LABELS: u32 = 6;

fn unhurried() -> Budget {
    Budget::lasting(Duration::from_secs(60))
}

/// How many of six labels are read after `damage`. A wrong text fails the test at once.
fn read_after(damage: impl Fn(GrayImage, u32) -> GrayImage) -> u32 {
    let mut read = 0;
    for n in 0..LABELS {
        let image = damage(frame(&text(n), 7, 640, 480), n);
        if let Some(Decoded { text: found, .. }) = decode(&image, unhurried()) {
            assert_eq!(found, text(n), "a wrong text is worse than none");
            read += 1;
        }
    }
    read
}

#[test]
fn clean_labels_are_read_by_the_quick_pass() {
    for n in 0..LABELS {
        let found = decode(&frame(&text(n), 7, 640, 480), unhurried()).unwrap();
        assert_eq!((found.text, found.pass), (text(n), Pass::Quick));
    }
}

#[test]
fn turned_labels_are_read_at_any_angle() {
    for degrees in [3.0, 17.0, 45.0, 90.0, 133.0, 180.0, 271.0] {
        assert_eq!(read_after(|image, n| rotated(&image, degrees + n as f32)), LABELS, "{degrees}°");
    }
}

#[test]
fn noisy_labels_are_read() {
    assert_eq!(read_after(|image, n| noisy(&image, 40, n)), LABELS);
    assert!(read_after(|image, n| noisy(&rotated(&image, 11.0), 110, n)) >= 5);
}

#[test]
fn blurred_labels_are_read() {
    assert_eq!(read_after(|image, _| blurred(&image, 2.0)), LABELS);
    assert!(read_after(|image, n| blurred(&rotated(&image, n as f32), 3.4)) >= 5);
}

#[test]
fn inverted_labels_are_read() {
    assert_eq!(read_after(|image, n| rotated(&inverted(&image), n as f32 * 9.0)), LABELS);
}

#[test]
fn labels_in_low_light_are_read() {
    assert_eq!(read_after(|image, n| in_low_light(&image, n)), LABELS);
}

#[test]
fn small_modules_are_read() {
    // Two pixels a module, and less.
    assert_eq!(read_after(|_, n| frame(&text(n), 2, 320, 240)), LABELS);
    assert!(read_after(|image, n| resized(&rotated(&image, n as f32 * 3.0), 0.25)) >= 5);
}

#[test]
fn nothing_is_found_where_nothing_is() {
    let flat = GrayImage::from_pixel(320, 240, Luma([128]));
    assert_eq!(decode(&flat, unhurried()), None);
    assert_eq!(decode(&noisy(&flat, 127, 1), unhurried()), None);
    assert_eq!(decode(&GrayImage::from_pixel(1, 1, Luma([0])), unhurried()), None);
    assert_eq!(decode(&GrayImage::new(0, 0), unhurried()), None);
    assert_eq!(decode(&GrayImage::new(2000, 1), unhurried()), None);
}

#[test]
fn a_spent_budget_stops_the_ladder() {
    // Inverted needs a later pass: the first one is made, no other.
    let image = inverted(&frame(&text(1), 7, 640, 480));
    let looked = Rc::new(Cell::new(0));
    let count = Rc::clone(&looked);
    let spent = Budget::by_clock(Duration::from_millis(1), move || {
        count.set(count.get() + 1);
        Duration::from_millis(2)
    });
    assert_eq!(decode(&image, spent), None);
    assert_eq!(looked.get(), 1);
    assert_eq!(decode(&image, unhurried()).unwrap().text, text(1));
}

#[test]
fn a_picture_made_to_be_slow_costs_no_more_than_its_budget_and_one_pass() {
    // Searched without looking first, this one takes half a minute on a quick machine.
    let wallpaper = corner_wallpaper(3, 1024);
    let started = Instant::now();
    assert_eq!(decode(&wallpaper, Budget::lasting(Duration::from_secs(1))), None);
    assert!(started.elapsed() < Duration::from_secs(25), "{:?}", started.elapsed());
}

#[test]
fn slivers_cost_nothing() {
    let started = Instant::now();
    for (width, height) in [(2048, 1), (1, 2048), (2048, 33), (40, 2048)] {
        assert_eq!(decode(&GrayImage::new(width, height), unhurried()), None);
    }
    assert!(started.elapsed() < Duration::from_secs(25), "{:?}", started.elapsed());
}

#[test]
fn the_first_pass_is_made_even_without_time() {
    let found = decode(&frame(&text(2), 7, 640, 480), Budget::lasting(Duration::ZERO)).unwrap();
    assert_eq!(found.pass, Pass::Quick);
}

#[test]
fn passes_have_names_and_an_order() {
    assert!(Pass::LADDER.is_sorted());
    assert_eq!(Pass::LADDER.map(Pass::as_str).join(" "), "quick slanted half thorough sharpened blurred double");
}

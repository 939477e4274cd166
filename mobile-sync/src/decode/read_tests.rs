//! Pictures good and bad, as bytes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::io::Cursor;
use std::time::Duration;

use image::{DynamicImage, GrayImage, ImageFormat, Luma};

use super::damage::{frame, text};
use super::{Budget, ImageLimits, ImageRefused, decode, read_image};

fn encoded(image: &GrayImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    // WebP is written from colour only.
    let image = DynamicImage::ImageLuma8(image.clone()).to_rgb8();
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn refusal(bytes: &[u8]) -> ImageRefused {
    read_image(bytes, ImageLimits::default()).unwrap_err()
}

/// A PNG of which only the header is honest: it claims a size, and its pixels are never reached.
fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 0, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1A\n".to_vec();
    png.extend(13u32.to_be_bytes());
    png.extend(&header);
    png.extend(crc32(&header).to_be_bytes());
    for (name, body) in [(b"IDAT", &b"\x78\x9c\x63\x00"[..]), (b"IEND", &b""[..])] {
        let chunk = [&name[..], body].concat();
        png.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        png.extend(&chunk);
        png.extend(crc32(&chunk).to_be_bytes());
    }
    png
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[test]
fn every_accepted_kind_is_read_and_its_label_decoded() {
    let label = frame(&text(3), 6, 400, 320);
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff] {
        let luma = read_image(&encoded(&label, format), ImageLimits::default()).unwrap();
        assert_eq!(luma.dimensions(), (400, 320), "{format:?}");
        let found = decode(&luma, Budget::lasting(Duration::from_secs(60))).unwrap();
        assert_eq!(found.text, text(3), "{format:?}");
    }
}

#[test]
fn large_frames_are_scaled_down_and_still_read() {
    let bytes = encoded(&frame(&text(4), 24, 3000, 1500), ImageFormat::Jpeg);
    let limits = ImageLimits { max_side: 1000, ..ImageLimits::default() };
    let luma = read_image(&bytes, limits).unwrap();
    assert_eq!(luma.dimensions(), (1000, 500));
    assert_eq!(decode(&luma, Budget::lasting(Duration::from_secs(60))).unwrap().text, text(4));
    // A sliver keeps at least one pixel.
    let sliver = encoded(&GrayImage::new(3000, 1), ImageFormat::Png);
    assert_eq!(read_image(&sliver, limits).unwrap().dimensions(), (1000, 1));
}

#[test]
fn more_bytes_than_allowed_are_not_looked_at() {
    let huge = vec![0u8; 200 * 1024 * 1024];
    let limit = ImageLimits::default().max_bytes;
    assert_eq!(refusal(&huge), ImageRefused::TooManyBytes { bytes: huge.len(), limit });
}

#[test]
fn a_decompression_bomb_is_refused_by_its_header() {
    for (width, height) in [(50_000, 50_000), (60_000, 1_000), (u32::MAX >> 1, u32::MAX >> 1)] {
        let refused = refusal(&png_claiming(width, height));
        assert!(
            matches!(refused, ImageRefused::TooManyPixels { .. } | ImageRefused::Damaged { .. }),
            "{width}×{height}: {refused:?}"
        );
    }
    assert_eq!(
        refusal(&png_claiming(50_000, 50_000)),
        ImageRefused::TooManyPixels { width: 50_000, height: 50_000, limit: 50_000_000 }
    );
}

#[test]
fn a_picture_without_pixels_is_refused() {
    for (width, height) in [(0, 0), (0, 10), (10, 0)] {
        let refused = refusal(&png_claiming(width, height));
        assert!(
            matches!(refused, ImageRefused::NoPixels { .. } | ImageRefused::Damaged { .. }),
            "{width}×{height}: {refused:?}"
        );
    }
}

#[test]
fn the_bytes_decide_what_it_is() {
    let zip = b"PK\x03\x04\x14\x00\x00\x00label.png";
    assert_eq!(refusal(zip), ImageRefused::NotAPicture { looks_like: "a ZIP archive" });
    assert_eq!(refusal(b"%PDF-1.7"), ImageRefused::NotAPicture { looks_like: "a PDF" });
    assert_eq!(refusal(b"<svg xmlns='x'/>"), ImageRefused::NotAPicture { looks_like: "markup text" });
    assert_eq!(refusal(b"\0"), ImageRefused::NotAPicture { looks_like: "an unknown kind of file" });
    assert_eq!(refusal(b"\0\0\0\x18ftypheic"), ImageRefused::UnsupportedKind { kind: "HEIC" });
    assert_eq!(refusal(b"GIF89a"), ImageRefused::UnsupportedKind { kind: "GIF" });
    assert_eq!(refusal(b""), ImageRefused::Empty);
}

#[test]
fn a_zip_behind_a_png_signature_is_damaged() {
    let mut bytes = b"\x89PNG\r\n\x1A\n".to_vec();
    bytes.extend(b"PK\x03\x04\x14\x00\x00\x00\x08\x00label.png");
    bytes.extend([7u8; 4000]);
    assert!(matches!(refusal(&bytes), ImageRefused::Damaged { .. }));
}

#[test]
fn a_picture_cut_short_never_panics() {
    let label = frame(&text(5), 4, 200, 200);
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Tiff] {
        let whole = encoded(&label, format);
        for keep in (1..whole.len()).step_by(whole.len() / 23 + 1) {
            // JPEG may give the part that arrived; no other answer than pixels or a refusal is possible.
            match read_image(&whole[..keep], ImageLimits::default()) {
                Ok(part) => assert_eq!(part.dimensions(), (200, 200), "{format:?} {keep}"),
                Err(refused) => assert!(!refused.to_string().is_empty()),
            }
        }
        let half = read_image(&whole[..whole.len() / 2], ImageLimits::default());
        assert!(half.is_err() || format == ImageFormat::Jpeg, "{format:?}");
    }
}

#[test]
fn flipped_bytes_never_panic() {
    let whole = encoded(&frame(&text(5), 4, 160, 160), ImageFormat::Png);
    for at in (0..whole.len()).step_by(7) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xFF;
        if let Err(refused) = read_image(&bytes, ImageLimits::default()) {
            assert!(refused.code().starts_with("IMAGE_"));
        }
    }
}

#[test]
fn sixteen_bits_and_transparency_become_grey() {
    let deep = DynamicImage::ImageLuma16(image::ImageBuffer::from_pixel(8, 4, Luma([0x8080u16])));
    let mut bytes = Cursor::new(Vec::new());
    deep.write_to(&mut bytes, ImageFormat::Png).unwrap();
    let luma = read_image(bytes.get_ref(), ImageLimits::default()).unwrap();
    assert_eq!((luma.dimensions(), luma.get_pixel(0, 0).0), ((8, 4), [0x80]));
}

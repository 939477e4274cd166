//! Bytes from outside into grey pixels.
//!
//! The name and the stated media type of an upload are hearsay; its first bytes decide. The header's width and height are read
//! before the pixels, so a file of 100 bytes that would unfold into gigabytes is refused at the cost of reading its header.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageDecoder, ImageFormat, ImageReader, imageops};

use super::{ImageLimits, ImageRefused};

/// Bytes a pixel may take while decoding: four channels of 16 bits.
const MAX_BYTES_PER_PIXEL: u64 = 8;

/// Reads a JPEG, PNG, WebP or TIFF as grey pixels, scaled down to `limits.max_side`.
///
/// Orientation metadata is left alone: a QR code is read in any direction.
///
/// # Errors
/// [`ImageRefused`] says which limit the bytes break or why they are no picture.
pub fn read_image(bytes: &[u8], limits: ImageLimits) -> Result<GrayImage, ImageRefused> {
    let (_, decoder) = open_image(bytes, limits)?;
    let luma = DynamicImage::from_decoder(decoder).map_err(damaged)?.into_luma8();
    Ok(scale_down(luma, limits.max_side))
}

/// Opens a JPEG, PNG, WebP or TIFF within limits: its kind, and a decoder that has read the header and no pixels yet.
///
/// # Errors
/// As [`read_image`]; decoding may still find the picture damaged ([`damaged`]).
pub fn open_image(bytes: &[u8], limits: ImageLimits) -> Result<(ImageFormat, impl ImageDecoder + '_), ImageRefused> {
    if bytes.is_empty() {
        return Err(ImageRefused::Empty);
    }
    if bytes.len() > limits.max_bytes {
        return Err(ImageRefused::TooManyBytes { bytes: bytes.len(), limit: limits.max_bytes });
    }
    let format = kind_of(bytes)?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut allowed = image::Limits::default();
    allowed.max_alloc = Some(limits.max_pixels.saturating_mul(MAX_BYTES_PER_PIXEL));
    reader.limits(allowed);

    let decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(ImageRefused::NoPixels { width, height });
    }
    if u64::from(width) * u64::from(height) > limits.max_pixels {
        return Err(ImageRefused::TooManyPixels { width, height, limit: limits.max_pixels });
    }
    Ok((format, decoder))
}

/// The format the first bytes announce, or what they are instead.
fn kind_of(bytes: &[u8]) -> Result<ImageFormat, ImageRefused> {
    let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    let unsupported = |kind| Err(ImageRefused::UnsupportedKind { kind });
    let not_a_picture = |looks_like| Err(ImageRefused::NotAPicture { looks_like });

    if at(0, b"\xFF\xD8\xFF") {
        Ok(ImageFormat::Jpeg)
    } else if at(0, b"\x89PNG\r\n\x1A\n") {
        Ok(ImageFormat::Png)
    } else if at(0, b"RIFF") && at(8, b"WEBP") {
        Ok(ImageFormat::WebP)
    } else if at(0, b"II*\0") || at(0, b"MM\0*") {
        Ok(ImageFormat::Tiff)
    } else if at(4, b"ftyphei") || at(4, b"ftyphev") || at(4, b"ftypmif1") || at(4, b"ftypmsf1") {
        unsupported("HEIC")
    } else if at(4, b"ftypavif") || at(4, b"ftypavis") {
        unsupported("AVIF")
    } else if at(0, b"GIF8") {
        unsupported("GIF")
    } else if at(0, b"BM") {
        unsupported("BMP")
    } else if at(0, b"PK\x03\x04") || at(0, b"PK\x05\x06") {
        not_a_picture("a ZIP archive")
    } else if at(0, b"%PDF-") {
        not_a_picture("a PDF")
    } else if at(0, b"\x1F\x8B") {
        not_a_picture("a gzip file")
    } else if at(0, b"<") || at(0, b"\xEF\xBB\xBF<") {
        not_a_picture("markup text")
    } else {
        not_a_picture("an unknown kind of file")
    }
}

/// Makes the longer side at most `max_side`, keeping the proportions.
fn scale_down(luma: GrayImage, max_side: u32) -> GrayImage {
    let (width, height) = luma.dimensions();
    let longer = width.max(height);
    if longer <= max_side || max_side == 0 {
        return luma;
    }
    let scaled = |side: u32| {
        let side = u64::from(side) * u64::from(max_side) / u64::from(longer);
        u32::try_from(side).unwrap_or(max_side).max(1)
    };
    imageops::thumbnail(&luma, scaled(width), scaled(height))
}

/// What a decoder that stopped half way says.
pub fn damaged(error: image::ImageError) -> ImageRefused {
    ImageRefused::Damaged { message: error.to_string() }
}

//! What a camera wrote into a photo (EXIF), as far as somebody may ask for it.
//!
//! Only a short list of tags is taken, each in a unit that its name says, so that a photo cannot bring along more than a few hundred
//! bytes. Nothing here fails: a photo without EXIF, or with a broken one, is a photo.

use std::io::Cursor;
use std::panic::catch_unwind;

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
use exif::{Exif, In, Reader, Tag, Value as Field};
use serde_json::{Map, Value, json};

/// Characters kept of a text.
const TEXT: usize = 100;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    /// By name; `gps` is for the record and never shown.
    pub(super) fields: Map<String, Value>,
    /// When it was taken, if the camera knew its time zone.
    pub(super) taken_at: Option<DateTime<Utc>>,
}

/// Reads what there is.
pub(super) fn read(bytes: &[u8]) -> Metadata {
    let found = catch_unwind(|| {
        let mut reader = Reader::new();
        reader.continue_on_error(true);
        match reader.read_from_container(&mut Cursor::new(bytes)) {
            Ok(exif) => Some(exif),
            Err(error) => error.distill_partial_result(|_| ()).ok(),
        }
    });
    found.ok().flatten().as_ref().map(collect).unwrap_or_default()
}

fn collect(exif: &Exif) -> Metadata {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    for (name, tag) in
        [("make", Tag::Make), ("model", Tag::Model), ("software", Tag::Software), ("lens", Tag::LensModel)]
    {
        put(name, text(exif, tag).map(Value::from));
    }
    for (name, tag) in
        [("exposure_s", Tag::ExposureTime), ("f_number", Tag::FNumber), ("focal_length_mm", Tag::FocalLength)]
    {
        put(name, number(exif, tag, 0).map(Value::from));
    }
    for (name, tag) in [("iso", Tag::PhotographicSensitivity), ("orientation", Tag::Orientation)] {
        let field = exif.get_field(tag, In::PRIMARY);
        put(name, field.and_then(|field| field.value.get_uint(0)).map(Value::from));
    }
    let local = text(exif, Tag::DateTimeOriginal)
        .and_then(|text| NaiveDateTime::parse_from_str(&text, "%Y:%m:%d %H:%M:%S").ok());
    put("taken_at_local", local.map(|time| Value::from(time.format("%Y-%m-%dT%H:%M:%S").to_string())));
    put("gps", place(exif));
    let offset = text(exif, Tag::OffsetTimeOriginal).and_then(|text| text.parse::<FixedOffset>().ok());
    let taken_at = local.zip(offset).and_then(|(time, offset)| time.and_local_timezone(offset).single());
    Metadata { fields, taken_at: taken_at.map(|time| time.to_utc()) }
}

/// A text without control characters, which the database and screens would choke on.
fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let Field::Ascii(parts) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    let text =
        String::from_utf8_lossy(parts.first()?).chars().filter(|c| !c.is_control()).take(TEXT).collect::<String>();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn number(exif: &Exif, tag: Tag, index: usize) -> Option<f64> {
    let Field::Rational(values) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    values.get(index).map(exif::Rational::to_f64).filter(|value| value.is_finite())
}

fn place(exif: &Exif) -> Option<Value> {
    let latitude = degrees(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, "S")?;
    let longitude = degrees(exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, "W")?;
    Some(json!({ "latitude_deg": latitude, "longitude_deg": longitude }))
}

/// Degrees, minutes and seconds as one number, negative towards `below`.
fn degrees(exif: &Exif, tag: Tag, reference: Tag, below: &str) -> Option<f64> {
    let parts = (number(exif, tag, 0)?, number(exif, tag, 1)?, number(exif, tag, 2)?);
    let value = parts.0 + parts.1 / 60.0 + parts.2 / 3600.0;
    let sign = if text(exif, reference)?.eq_ignore_ascii_case(below) { -1.0 } else { 1.0 };
    Some(sign * value)
}

#[cfg(test)]
mod tests {
    use exif::experimental::Writer;
    use exif::{Field as Entry, Rational};

    use super::*;

    fn tiff(fields: &[(Tag, Field)]) -> Vec<u8> {
        let entries: Vec<Entry> =
            fields.iter().map(|(tag, value)| Entry { tag: *tag, ifd_num: In::PRIMARY, value: value.clone() }).collect();
        let mut writer = Writer::new();
        entries.iter().for_each(|entry| writer.push_field(entry));
        let mut bytes = Cursor::new(Vec::new());
        writer.write(&mut bytes, false).unwrap();
        bytes.into_inner()
    }

    fn ascii(text: &str) -> Field {
        Field::Ascii(vec![text.as_bytes().to_vec()])
    }

    fn rational(values: &[(u32, u32)]) -> Field {
        Field::Rational(values.iter().map(|(num, denom)| Rational { num: *num, denom: *denom }).collect())
    }

    #[test]
    fn what_the_camera_wrote_is_read_in_units() {
        let bytes = tiff(&[
            (Tag::Make, ascii("Floor\u{1}cam")),
            (Tag::ExposureTime, rational(&[(1, 50)])),
            (Tag::DateTimeOriginal, ascii("2026:11:20 08:30:00")),
            (Tag::OffsetTimeOriginal, ascii("+07:00")),
            (Tag::GPSLatitudeRef, ascii("S")),
            (Tag::GPSLatitude, rational(&[(10, 1), (30, 1), (0, 1)])),
            (Tag::GPSLongitudeRef, ascii("E")),
            (Tag::GPSLongitude, rational(&[(106, 1), (0, 1), (36, 1)])),
        ]);
        let found = read(&bytes);
        assert_eq!(found.taken_at.unwrap().to_rfc3339(), "2026-11-20T01:30:00+00:00");
        assert_eq!(
            Value::Object(found.fields),
            json!({
                "make": "Floorcam", "exposure_s": 0.02, "taken_at_local": "2026-11-20T08:30:00",
                "gps": { "latitude_deg": -10.5, "longitude_deg": 106.01 },
            })
        );
    }

    #[test]
    fn without_a_time_zone_the_moment_is_not_known() {
        let found = read(&tiff(&[(Tag::DateTimeOriginal, ascii("2026:11:20 08:30:00"))]));
        assert!(found.taken_at.is_none());
        assert_eq!(found.fields.get("taken_at_local").unwrap(), "2026-11-20T08:30:00");
    }

    #[test]
    fn a_division_by_nothing_and_a_date_that_is_none_are_left_out() {
        let found = read(&tiff(&[
            (Tag::FNumber, rational(&[(1, 0)])),
            (Tag::DateTimeOriginal, ascii("yesterday")),
            (Tag::Model, ascii("  ")),
        ]));
        assert!(found.fields.is_empty() && found.taken_at.is_none());
    }

    #[test]
    fn bytes_without_any_give_nothing() {
        for bytes in [&b""[..], b"II*\0", b"\xFF\xD8\xFF\xE1\x00\x10Exif\0\0MM\0*\xFF\xFF\xFF\xFF"] {
            assert!(read(bytes).fields.is_empty());
        }
    }
}

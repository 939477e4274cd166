//! `photo`: pictures, enough of them, large enough, from every angle asked for.

use crate::json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Judged, MAX_TEXT,
    content::{Reader, at},
    repeated,
};
use crate::{FieldError, item::PhotoSize};

/// Configuration of a photo.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PhotoConfig {
    /// At least this many; absent: one, or one for each angle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// In pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_width: Option<u32>,
    /// In pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_height: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub angles: Vec<String>,
}

/// An entry holds no more pictures than this.
const MAX_PHOTOS: u32 = 50;

impl PhotoConfig {
    /// Reads `{"photos":[{"sha256","angle"}]}`. The same picture twice counts once. A picture's size is judged when it
    /// is known: from the store, or else as the device says in `width` and `height`.
    pub(super) fn judge(
        &self,
        data: &Map<String, Value>,
        photo_size: &dyn Fn(&str) -> Option<PhotoSize>,
    ) -> Result<Judged, Vec<FieldError>> {
        let mut reader = Reader::default();
        let (mut photos, mut hashes, mut angles) = (Vec::new(), Vec::new(), Vec::new());
        for (path, photo) in reader.objects(data, "photos") {
            let hash = reader.sha256(photo, &path);
            let angle = reader.text_if_any(photo, &path, "angle", MAX_TEXT).flatten();
            let Some(hash) = hash.filter(|hash| !hashes.contains(hash)) else { continue };
            self.check_size(&mut reader, &path, photo_size(&hash).or_else(|| said(photo)));
            photos.push(match &angle {
                Some(angle) => json::object! { "sha256" => hash.as_str(), "angle" => angle.as_str() },
                None => json::object! { "sha256" => hash.as_str() },
            });
            hashes.push(hash);
            angles.extend(angle);
        }
        for angle in self.angles.iter().filter(|angle| !angles.contains(angle)) {
            reader.fault("photos", "angle_missing", format!("a picture from {angle:?} is missing"));
        }
        let wanted = usize::try_from(self.wanted()).unwrap_or(usize::MAX);
        if hashes.len() < wanted {
            let message = format!("{wanted} different pictures are required, {} were given", hashes.len());
            reader.fault("photos", "too_few", message);
        }
        let judged = Judged::new(true, json::object! { "photos" => photos });
        reader.finish(Judged { evidence: hashes, ..judged })
    }

    fn wanted(&self) -> u32 {
        self.count.unwrap_or_else(|| u32::try_from(self.angles.len()).unwrap_or(u32::MAX)).max(1)
    }

    fn check_size(&self, reader: &mut Reader, path: &str, size: Option<PhotoSize>) {
        let Some(size) = size else { return };
        let (width, height) = (self.min_width.unwrap_or_default(), self.min_height.unwrap_or_default());
        if size.width < width || size.height < height {
            let message = format!(
                "the picture has {} × {} pixels, at least {width} × {height} are required",
                size.width, size.height
            );
            reader.fault(&at(path, "sha256"), "too_small", message);
        }
    }

    pub(super) fn faults(&self) -> Vec<FieldError> {
        let mut faults = Vec::new();
        if self.count == Some(0) || self.wanted() > MAX_PHOTOS {
            faults.push(FieldError::new("count", "range", format!("1 to {MAX_PHOTOS} pictures can be asked for")));
        }
        for angle in repeated(self.angles.iter().map(String::as_str)) {
            faults.push(FieldError::new("angles", "duplicate", format!("the angle {angle:?} is there twice")));
        }
        faults
    }
}

/// The size as the device says.
fn said(photo: &Map<String, Value>) -> Option<PhotoSize> {
    let pixels = |key| photo.get(key).and_then(Value::as_u64).and_then(|pixels| u32::try_from(pixels).ok());
    Some(PhotoSize { width: pixels("width")?, height: pixels("height")? })
}

//! The text of a code in a picture.

use std::time::Duration;

use bytes::Bytes;
use floorline_mobile_sync::decode::{Budget, ImageLimits, decode, read_image};

use crate::photos::Pictures;
use crate::platform::http::ApiError;

/// The time for trying. The worst of the labels that can be read at all takes a tenth of it.
const WITHIN: Duration = Duration::from_millis(2_500);

/// What a picture may be.
pub(super) fn limits() -> ImageLimits {
    ImageLimits::default()
}

/// Reads the code; none when nothing can be made out in time.
pub(super) async fn read_picture(pictures: &Pictures, bytes: Bytes) -> Result<Option<String>, ApiError> {
    pictures
        .work(move || {
            let luma = read_image(&bytes, limits())?;
            Ok(decode(&luma, Budget::lasting(WITHIN)).map(|found| found.text))
        })
        .await
}

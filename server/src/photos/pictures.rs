//! Pictures are decoded beside the requests, a few at a time.
//!
//! One picture of fifty million pixels takes hundreds of megabytes while it is decoded; how many are open at once is what bounds the
//! server's memory.

use std::sync::Arc;
use std::time::Duration;

use floorline_mobile_sync::decode::ImageRefused;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::platform::http::{ApiError, Code};

/// Pictures open at one time.
const AT_ONCE: usize = 2;
/// How long one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(20);

/// The place where pictures are worked on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pictures(Arc<Semaphore>);

impl Default for Pictures {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

/// One of the few places. What the work needs is loaded after it was given, and it is given back with the last of its clones.
#[derive(Clone, Debug)]
pub struct Turn {
    _held: Arc<OwnedSemaphorePermit>,
}

impl Pictures {
    /// Waits for a turn.
    ///
    /// # Errors
    /// 503 when too many wait.
    pub async fn turn(&self) -> Result<Turn, ApiError> {
        match tokio::time::timeout(PATIENCE, Arc::clone(&self.0).acquire_owned()).await {
            Ok(Ok(turn)) => Ok(Turn { _held: Arc::new(turn) }),
            _ => Err(ApiError::busy("Too many pictures at once; try again shortly.")),
        }
    }

    /// Does `work` when it is its turn, see [`Turn::work`].
    ///
    /// # Errors
    /// What the work refused, as [`refused`] says it; 503 when too many wait.
    pub async fn work<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, ImageRefused> + Send + 'static,
    {
        self.turn().await?.work(work).await
    }
}

impl Turn {
    /// Does `work` on a thread of its own. Decoders that panic have met a damaged picture.
    ///
    /// # Errors
    /// What the work refused, as [`refused`] says it.
    pub async fn work<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, ImageRefused> + Send + 'static,
    {
        let turn = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            // Held by the thread, too: a client that goes away does not end the work.
            let _turn = turn;
            work()
        });
        match done.await {
            Ok(result) => result.map_err(|refusal| refused(&refusal)),
            Err(_) => Err(refused(&ImageRefused::Damaged { message: "it cannot be decoded".into() })),
        }
    }
}

/// Why a picture was not taken, as an answer: 413 for what is too much, 415 for what is no picture that is read here, 422 for one that
/// is but holds nothing. `context.code` has the particular reason.
pub fn refused(refusal: &ImageRefused) -> ApiError {
    let code = match refusal {
        ImageRefused::TooManyBytes { .. } | ImageRefused::TooManyPixels { .. } => Code::TooLarge,
        ImageRefused::NotAPicture { .. } | ImageRefused::UnsupportedKind { .. } => Code::UnsupportedMedia,
        ImageRefused::Empty | ImageRefused::NoPixels { .. } | ImageRefused::Damaged { .. } => Code::Invalid,
    };
    let mut sentence = refusal.to_string();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    ApiError::new(code, format!("{sentence}.")).with(json!({ "code": refusal.code() }))
}

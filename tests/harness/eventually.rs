//! Waiting for a thing, never for a time.

use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(70);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Waits until `look` finds something. Fails after a minute.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited too long for {what}");
    }
}

//! What a person sees of a bench that takes its time: a bar on a terminal, nothing elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of `length` steps.
pub(super) fn bar(length: usize, message: impl Into<String>) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(length).unwrap_or(u64::MAX)).with_message(message.into());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar
}

/// A bar that counts seconds.
pub(super) fn seconds(time: Duration, message: impl Into<String>) -> ProgressBar {
    bar(usize::try_from(time.as_secs()).unwrap_or(usize::MAX), message)
}

/// Moves `progress` on by one a second until `work` is done.
pub(super) async fn watched<T>(work: impl Future<Output = T>, progress: &ProgressBar) -> T {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    seconds.tick().await;
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = seconds.tick() => progress.inc(1),
        }
    }
}

//! `floorline serve`

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use super::output::{complain, say};
use crate::platform::config::Config;
use crate::serving::Serving;

pub(super) async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let mut serving = Serving::start(&config).await?;
    say(&format!("Floorline is ready at http://{0} (API: http://{0}/docs)", serving.address));
    if let Some(metrics) = serving.metrics {
        say(&format!("Metrics are at http://{metrics}/metrics"));
    }
    let broken = tokio::select! {
        asked = asked_to_stop() => asked.err(),
        error = serving.broken() => Some(error),
    };
    tokio::spawn(hurry());
    serving.stop().await?;
    broken.map_or(Ok(ExitCode::SUCCESS), Err)
}

/// Returns at the first SIGTERM or SIGINT.
pub(super) async fn asked_to_stop() -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Who asks twice does not want to wait. The database then stays up, and the next start adopts it.
async fn hurry() {
    if asked_to_stop().await.is_ok() {
        complain("floorline: stopped at once; nothing confirmed is lost");
        std::process::exit(130);
    }
}

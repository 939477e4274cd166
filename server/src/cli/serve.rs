//! `floorline serve`

use std::io::IsTerminal as _;
use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

use super::open_here;
use super::output::{complain, say};
use crate::platform::config::Config;
use crate::serving::Serving;

/// How it is reached. Each is a setting as well, which it wins over.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Does TLS: `auto` makes a certificate for this network, `acme` has one made for the public name, two files are yours, `off` is for this machine alone
    #[arg(long, value_name = "auto|acme|CERTIFICATE.pem,KEY.pem|off")]
    tls: Option<String>,
    /// A proxy in front does TLS and says in `X-Forwarded-For` who asks; nobody else can reach this server
    #[arg(long)]
    behind_proxy: bool,
    /// Shows the app's address as a QR code where the output is no terminal, too
    #[arg(long)]
    qr: bool,
}

impl Options {
    /// As variables of the environment.
    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        let tls = self.tls.clone().map(|tls| ("FLOORLINE_TLS", tls));
        let behind_proxy = self.behind_proxy.then(|| ("FLOORLINE_BEHIND_PROXY", "true".to_owned()));
        tls.into_iter().chain(behind_proxy).collect()
    }
}

pub(super) async fn run(config: Config, options: Options) -> anyhow::Result<ExitCode> {
    let mut serving = Serving::start(&config).await?;
    let asked = asked_to_stop()?;
    say(&format!("Floorline is ready at {0}://{1} (API: {0}://{1}/docs)", serving.scheme(), serving.address));
    if let Some(metrics) = serving.metrics {
        say(&format!("Metrics are at http://{metrics}/metrics"));
    }
    let qr = options.qr || std::io::stdout().is_terminal();
    open_here::lines(&serving, qr).iter().for_each(|line| say(line));
    let broken = tokio::select! {
        () = asked => None,
        error = serving.broken() => Some(error),
    };
    tokio::spawn(hurry());
    serving.stop().await?;
    broken.map_or(Ok(ExitCode::SUCCESS), Err)
}

/// Ends at the first SIGTERM or SIGINT from the call on: whoever reads that a server is ready may ask it to stop.
pub(super) fn asked_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Who asks twice does not want to wait. The database then stays up, and the next start adopts it.
async fn hurry() {
    if let Ok(asked) = asked_to_stop() {
        asked.await;
        complain("floorline: stopped at once; nothing confirmed is lost");
        std::process::exit(130);
    }
}

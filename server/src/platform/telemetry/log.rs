//! Log lines: text on a terminal, one JSON object a line otherwise, always to standard error.

use std::io::IsTerminal;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::platform::config::{LogFormat, Telemetry};

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter cannot be read.
    #[error("FLOORLINE_LOG: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The process has a log already.
    #[error("logging is set up already")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Libraries whose `debug` lines hold what they were given: parameters of statements, addresses and heads of requests. A filter of everything means
/// ours, not these.
const TOO_TALKATIVE: [&str; 3] = ["tokio_postgres=info", "actix_web=info", "actix_http=info"];

/// Sets the log of the whole process up; once. `usual` is the filter where none is configured.
///
/// # Errors
/// See [`LogError`].
pub fn init_log(config: &Telemetry, usual: &str) -> Result<(), LogError> {
    let mut filter = EnvFilter::try_new(config.log.as_deref().unwrap_or(usual))?;
    for quieter in TOO_TALKATIVE {
        filter = filter.add_directive(quieter.parse()?);
    }
    let terminal = std::io::stderr().is_terminal();
    let text = match config.log_format {
        LogFormat::Text => true,
        LogFormat::Json => false,
        LogFormat::Auto => terminal,
    };
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = if text {
        lines.with_ansi(terminal).with_target(false).boxed()
    } else {
        lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
    };
    tracing_subscriber::registry().with(filter).with(lines).try_init()?;
    Ok(())
}

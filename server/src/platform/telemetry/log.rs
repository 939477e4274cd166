//! Log lines: text on a terminal, one JSON object a line otherwise, always to standard error.

use std::io::IsTerminal;

use tracing::Subscriber;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

use super::spans;
use super::traces::Traces;
use crate::platform::config::{LogFormat, Telemetry};

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter cannot be read.
    #[error("FLOORLINE_LOG: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The way to the collector cannot be opened.
    #[error("OTEL_EXPORTER_OTLP_ENDPOINT: {0}")]
    Traces(#[from] opentelemetry_otlp::ExporterBuildError),
    /// The process has a log already.
    #[error("logging is set up already")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Libraries whose `debug` lines hold what they were given: parameters of statements, addresses and heads of requests. A filter of everything means
/// ours, not these.
const TOO_TALKATIVE: [&str; 3] = ["tokio_postgres=info", "actix_web=info", "actix_http=info"];

/// Sets the log of the whole process up, and its traces where a collector is configured; once. `usual` is the filter where none is configured.
///
/// # Errors
/// See [`LogError`].
pub fn init_log(config: &Telemetry, usual: &str) -> Result<Option<Traces>, LogError> {
    let mut filter = EnvFilter::try_new(config.log.as_deref().unwrap_or(usual))?;
    for quieter in TOO_TALKATIVE {
        filter = filter.add_directive(quieter.parse()?);
    }
    filter = filter.add_directive(format!("{}=off", spans::TARGET).parse()?);
    let traces = config.traces.as_ref().map(Traces::start).transpose()?;
    match &traces {
        // Without a collector nothing is asked about spans but once.
        None => registry().with(filter).with(lines(config)).try_init()?,
        Some(traces) => registry().with(lines(config).with_filter(filter)).with(traces.layer()).try_init()?,
    }
    Ok(traces)
}

fn lines<S: Subscriber + for<'span> LookupSpan<'span>>(config: &Telemetry) -> Box<dyn Layer<S> + Send + Sync> {
    let terminal = std::io::stderr().is_terminal();
    let text = match config.log_format {
        LogFormat::Text => true,
        LogFormat::Json => false,
        LogFormat::Auto => terminal,
    };
    let lines = fmt::layer().with_writer(std::io::stderr);
    if text {
        lines.with_ansi(terminal).with_target(false).boxed()
    } else {
        lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
    }
}

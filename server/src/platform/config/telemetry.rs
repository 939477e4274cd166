//! Logs and metrics; traces have a file of their own.
//!
//! | variable | in the file | default | meaning |
//! |---|---|---|---|
//! | `FLOORLINE_LOG` | `telemetry.log` | `info`; `warn` for commands that end by themselves | which lines are written, such as `info,floorline_server::floor=debug` |
//! | `FLOORLINE_LOG_FORMAT` | `telemetry.log_format` | `auto` | `text`, `json`, or `auto`: text on a terminal, JSON otherwise |
//! | `FLOORLINE_METRICS_BIND` | `telemetry.metrics_bind` | `127.0.0.1:9464` | where `/metrics` is served; `off` for nowhere, port 0 takes a free one |

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

use super::{Source, Traces};

/// See the module.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// A filter that was tried already; None: what suits the command.
    pub log: Option<String>,
    /// How lines look.
    pub log_format: LogFormat,
    /// None: nowhere.
    pub metrics_bind: Option<SocketAddr>,
    /// None: nothing is traced.
    pub traces: Option<Traces>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Text,
    /// One object a line.
    Json,
}

impl Telemetry {
    pub(super) fn read(source: &mut Source) -> Self {
        let default_bind = SocketAddr::from((Ipv4Addr::LOCALHOST, 9464));
        Self {
            log: source.parse("telemetry.log", "FLOORLINE_LOG", filter),
            log_format: source.get("telemetry.log_format", "FLOORLINE_LOG_FORMAT").unwrap_or(LogFormat::Auto),
            metrics_bind: source
                .parse("telemetry.metrics_bind", "FLOORLINE_METRICS_BIND", bind)
                .unwrap_or(Some(default_bind)),
            traces: Traces::read(source),
        }
    }
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("must be auto, text or json"),
        }
    }
}

fn filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| format!("{text:?}: {error}"))
}

fn bind(text: &str) -> Result<Option<SocketAddr>, String> {
    if text == "off" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error| format!("{text:?}: {error}"))
}

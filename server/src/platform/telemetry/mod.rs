//! What the process tells: log lines and metrics. How they are written is in `docs/logging.md` and `docs/metrics.md`.

mod log;
mod metrics;
pub mod names;

pub use log::{LogError, init_log};
pub use metrics::{MetricsError, MetricsServer, install_metrics};

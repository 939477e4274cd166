//! What the process tells: log lines, metrics and traces. How they are written is in `docs/logging.md` and `docs/metrics.md`; how traces are looked at in
//! `docs/operations.md`.

mod log;
mod metrics;
pub mod names;
pub mod spans;
mod traceparent;
mod traces;

pub use log::{LogError, init_log};
pub use metrics::{MetricsError, MetricsServer, install_metrics};
pub use traceparent::TraceParent;
pub use traces::Traces;

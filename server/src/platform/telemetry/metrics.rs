//! Figures for Prometheus, on a listener of their own: they are for operators, so they are not on the port that phones reach.

use std::net::SocketAddr;

use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, web};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::names::{ALL, Kind};

/// Why there are no metrics.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The recorder cannot be built.
    #[error("metrics cannot be recorded: {0}")]
    Build(#[from] BuildError),
    /// The process has a recorder already.
    #[error("metrics are recorded already")]
    Twice,
    /// The address is taken or not ours.
    #[error("FLOORLINE_METRICS_BIND: cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The listener of `/metrics`. It serves while its `server` is awaited.
pub struct MetricsServer {
    /// Where it listens; the real port if 0 was asked for.
    pub address: SocketAddr,
    /// To be spawned, and stopped last.
    pub server: Server,
}

/// Records metrics from now on, and serves them on `address`.
///
/// # Errors
/// See [`MetricsError`].
pub fn install_metrics(address: SocketAddr) -> Result<MetricsServer, MetricsError> {
    let recorder = recorder()?;
    let server = serve(address, recorder.handle())?;
    metrics::set_global_recorder(recorder).map_err(|_| MetricsError::Twice)?;
    describe();
    Ok(server)
}

fn recorder() -> Result<PrometheusRecorder, MetricsError> {
    let mut builder = PrometheusBuilder::new();
    for metric in ALL {
        if let Some(buckets) = metric.kind.buckets() {
            builder = builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), buckets)?;
        }
    }
    Ok(builder.build_recorder())
}

/// Hands name, unit and help of every metric to the recorder in force.
fn describe() {
    for metric in ALL {
        match (metric.kind, metric.kind.unit()) {
            (Kind::Counter, _) => metrics::describe_counter!(metric.name, metric.help),
            (Kind::Gauge, _) => metrics::describe_gauge!(metric.name, metric.help),
            (_, Some(unit)) => metrics::describe_histogram!(metric.name, unit, metric.help),
            (_, None) => metrics::describe_histogram!(metric.name, metric.help),
        }
    }
}

fn serve(address: SocketAddr, handle: PrometheusHandle) -> Result<MetricsServer, MetricsError> {
    let listen = |source| MetricsError::Listen { address, source };
    let app = move || App::new().app_data(web::Data::new(handle.clone())).route("/metrics", web::get().to(page));
    let server = HttpServer::new(app).workers(1).disable_signals().bind(address).map_err(listen)?;
    let address = server.addrs().first().copied().unwrap_or(address);
    Ok(MetricsServer { address, server: server.run() })
}

async fn page(handle: web::Data<PrometheusHandle>) -> HttpResponse {
    handle.run_upkeep();
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(handle.render())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::telemetry::names;

    #[test]
    fn what_is_recorded_is_rendered_with_its_help_and_buckets() {
        let recorder = recorder().unwrap();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe();
            metrics::counter!(names::JOBS, "kind" => "thumbnail", "result" => "done").increment(2);
            metrics::histogram!(names::JOB_SECONDS, "kind" => "thumbnail").record(0.02);
        });
        let text = handle.render();
        assert!(
            text.contains(
                "# HELP floorline_jobs_total Runs of jobs: done, retried, dead, or given back when the server stopped."
            ),
            "{text}"
        );
        assert!(text.contains(r#"floorline_jobs_total{kind="thumbnail",result="done"} 2"#), "{text}");
        assert!(text.contains(r#"floorline_job_seconds_bucket{kind="thumbnail",le="0.025"} 1"#), "{text}");
    }
}

//! Spans on their way to a collector: OTLP over HTTP, from a thread of its own.
//!
//! Who makes a span puts it into a queue of 2048 and goes on (`OTEL_BSP_…` change the queue). A collector that is away, refuses or does not answer
//! costs spans and nothing else: what does not fit the queue is gone, what was not taken is counted, and the log says when that begins and ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use uuid::Uuid;

use super::{names, spans};
use crate::platform::config;

/// How long the last spans may take.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// The way to the collector. [`Traces::stop`] is its proper end.
#[derive(Debug)]
#[must_use]
pub struct Traces(SdkTracerProvider);

impl Traces {
    pub(super) fn start(config: &config::Traces) -> Result<Self, ExporterBuildError> {
        let headers = config.headers.iter().map(|(name, value)| (name.clone(), value.expose().clone())).collect();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", config.endpoint))
            .with_headers(headers)
            .build()?;
        let resource = Resource::builder()
            .with_service_name(config.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new("service.instance.id", Uuid::new_v4().to_string()))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(Counted { exporter, reached: AtomicBool::new(true) })
            .with_sampler(Sampler::TraceIdRatioBased(config.share))
            .with_resource(resource)
            .build();
        Ok(Self(provider))
    }

    #[cfg(test)]
    pub(super) fn of(provider: SdkTracerProvider) -> Self {
        Self(provider)
    }

    /// Takes the spans of [`spans`] and no others; no log line becomes part of one.
    pub(super) fn layer<S: Subscriber + for<'span> LookupSpan<'span>>(&self) -> impl Layer<S> + use<S> {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("floorline"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target() == spans::TARGET))
    }

    /// Hands the last spans on, for a short time.
    pub fn stop(self) {
        if let Err(error) = self.0.shutdown_with_timeout(STOP_WITHIN) {
            tracing::warn!(error = %error, "the last spans could not be handed on");
        }
    }
}

/// Counts what goes out.
#[derive(Debug)]
struct Counted {
    exporter: SpanExporter,
    reached: AtomicBool,
}

impl opentelemetry_sdk::trace::SpanExporter for Counted {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let result = self.exporter.export(batch).await;
        let word = if result.is_ok() { "sent" } else { "lost" };
        metrics::counter!(names::SPANS, "result" => word).increment(count);
        match (&result, self.reached.swap(result.is_ok(), Ordering::Relaxed)) {
            (Ok(()), false) => tracing::info!("the collector takes spans again"),
            (Err(error), true) => tracing::warn!(error = %error, "the collector takes no spans; they are lost"),
            _ => {}
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.exporter.shutdown()
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

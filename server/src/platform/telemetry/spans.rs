//! The spans there are: an answered request, a phone's submit, a batch of the engine, a run of a job. Without a collector none of them is made.
//!
//! They have a target of their own that the log leaves out, and of what they are about nothing but the organisation and the stream: they may be
//! read by whoever runs the collector. Names are OpenTelemetry's where it has one (`http.…`, `messaging.…`), else `floorline.…`.
//!
//! A batch holds submits of many traces. It goes on in that of the first that is recorded, and links to each.

use floorline_domain::{OrgId, StreamId};
use opentelemetry::trace::{Status, TraceContextExt as _};
use opentelemetry::{Context, KeyValue};
use tracing::{Span, field, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::traceparent::TraceParent;

/// The target of all of them, and of nothing else.
pub const TARGET: &str = "floorline::trace";

/// An HTTP request, by its route's pattern. That and `parent` are asked for only where spans are made.
pub fn request(
    method: &str,
    route: impl FnOnce() -> Option<String>,
    parent: impl FnOnce() -> Option<TraceParent>,
) -> Span {
    let method = known_method(method);
    let span = info_span!(
        target: TARGET, parent: None, "request",
        otel.name = method,
        otel.kind = "server",
        http.request.method = method,
        http.route = field::Empty,
    );
    if !span.is_disabled()
        && let Some(route) = route()
    {
        span.record("otel.name", format!("{method} {route}"));
        span.record("http.route", route);
    }
    going_on(span, parent)
}

/// The request of this task was answered.
pub fn answered(status: u16) {
    let context = Context::current();
    context.span().set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
    if status >= 500 {
        failed();
    }
}

/// A phone's `submit` frame, until its verdicts are on their way. A `traceparent` that is none is ignored.
pub fn submit(org: OrgId, stream: StreamId, entries: usize, traceparent: Option<&str>) -> Span {
    let span = info_span!(
        target: TARGET, parent: None, "submit",
        otel.kind = "server",
        floorline.org.id = %org,
        floorline.stream.id = %stream,
        floorline.entry.count = count(entries),
    );
    going_on(span, || TraceParent::read(traceparent?))
}

/// A batch of the engine with what was recorded of those who wait for it; none when nothing was.
pub fn batch(org: OrgId, members: usize, recorded: impl IntoIterator<Item = TraceParent>) -> Span {
    let mut recorded = recorded.into_iter().peekable();
    let Some(first) = recorded.peek().copied() else { return Span::none() };
    let span = info_span!(
        target: TARGET, parent: None, "batch",
        otel.kind = "internal",
        floorline.org.id = %org,
        messaging.batch.message_count = count(members),
    );
    for one in recorded {
        span.add_link(one.into());
    }
    going_on(span, || Some(first))
}

/// One run of a job, which goes on where the job was written.
pub fn job(org: OrgId, kind: &str, attempt: i32, traceparent: Option<&str>) -> Span {
    let span = info_span!(
        target: TARGET, parent: None, "job",
        otel.name = format!("process {kind}"),
        otel.kind = "consumer",
        messaging.system = "floorline",
        messaging.operation.type = "process",
        messaging.destination.name = kind,
        floorline.org.id = %org,
        floorline.job.attempt = i64::from(attempt),
    );
    going_on(span, || TraceParent::read(traceparent?))
}

/// What this task's span is about did not succeed.
pub fn failed() {
    Context::current().span().set_status(Status::error(""));
}

/// Puts a span where it belongs, and its trace's id into the log's lines around it.
fn going_on(span: Span, parent: impl FnOnce() -> Option<TraceParent>) -> Span {
    if span.is_disabled() {
        return span;
    }
    if let Some(parent) = parent() {
        // It fails for a span that has begun already, and this one is new.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent.into()));
    }
    if let Some(here) = span.in_scope(TraceParent::here) {
        Span::current().record("trace_id", field::display(here.trace()));
    }
    span
}

/// What a stranger may have made up is not repeated.
fn known_method(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("_OTHER")
}

fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use opentelemetry_sdk::error::OTelSdkResult;
    use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData, SpanExporter};
    use tracing_subscriber::filter::LevelFilter;
    use tracing_subscriber::layer::SubscriberExt as _;
    use uuid::Uuid;

    use super::*;
    use crate::platform::telemetry::Traces;

    #[derive(Clone, Debug, Default)]
    struct Kept(Arc<Mutex<Vec<SpanData>>>);

    impl SpanExporter for Kept {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.0.lock().unwrap().extend(batch);
            Ok(())
        }
    }

    /// What is kept of these spans where this share of traces is.
    fn kept(share: f64, make: impl FnOnce()) -> Vec<SpanData> {
        let kept = Kept::default();
        let sampler = Sampler::TraceIdRatioBased(share);
        let provider = SdkTracerProvider::builder().with_simple_exporter(kept.clone()).with_sampler(sampler).build();
        let traces = Traces::of(provider);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(traces.layer()), make);
        let spans = kept.0.lock().unwrap();
        spans.clone()
    }

    fn here(span: &Span) -> Option<TraceParent> {
        span.in_scope(TraceParent::here)
    }

    #[test]
    fn a_batch_goes_on_in_the_first_trace_and_links_to_all_of_them() {
        let (org, stream) = (OrgId(Uuid::nil()), StreamId(Uuid::nil()));
        let spans = kept(1.0, || {
            let submits = [(); 3].map(|()| submit(org, stream, 2, None));
            let waiting: Vec<TraceParent> = submits.iter().filter_map(here).collect();
            drop(batch(org, 4, waiting));
        });
        let named = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
        let [batch] = named("batch")[..] else { panic!("{spans:?}") };
        let submits = named("submit");
        let first = submits.iter().find(|submit| submit.span_context.span_id() == batch.parent_span_id).unwrap();
        assert_eq!(first.span_context.trace_id(), batch.span_context.trace_id());
        let linked: Vec<_> = batch.links.iter().map(|link| link.span_context.span_id()).collect();
        assert_eq!((linked.len(), submits.len()), (3, 3));
        assert!(submits.iter().all(|submit| linked.contains(&submit.span_context.span_id())), "{spans:?}");
    }

    #[test]
    fn where_nothing_is_recorded_there_is_no_batch_and_nothing_to_go_on_from() {
        let asked = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let spans = kept(0.0, || {
            let request = request("GET", || None, || TraceParent::read(asked));
            assert_eq!(here(&request), None);
            assert!(batch(OrgId(Uuid::nil()), 1, None).is_none());
        });
        assert!(spans.is_empty(), "{spans:?}");
        // As the log has it, which is alone where there is no collector.
        let without = tracing_subscriber::registry().with(LevelFilter::OFF);
        let disabled = || request("GET", || panic!("not asked"), || panic!("not asked")).is_disabled();
        assert!(tracing::subscriber::with_default(without, disabled));
    }

    #[test]
    fn a_method_that_is_none_is_not_repeated() {
        let spans = kept(1.0, || {
            drop(request("GET", || Some("/v1/items/{id}".to_owned()), || None));
            drop(request("SELECT", || None, || None));
        });
        assert_eq!(spans.iter().map(|span| &*span.name).collect::<Vec<_>>(), ["GET /v1/items/{id}", "_OTHER"]);
    }
}

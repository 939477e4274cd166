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

/// An HTTP request, by its route's pattern. `parent` is asked for only when it is recorded.
pub fn request(method: &str, route: Option<&str>, parent: impl FnOnce() -> Option<TraceParent>) -> Span {
    let method = known_method(method);
    let span = info_span!(
        target: TARGET, parent: None, "request",
        otel.name = route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}")),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
    );
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
pub fn batch<'a>(org: OrgId, members: usize, recorded: impl IntoIterator<Item = &'a TraceParent>) -> Span {
    let mut recorded = recorded.into_iter().peekable();
    let Some(first) = recorded.peek().copied().cloned() else { return Span::none() };
    let span = info_span!(
        target: TARGET, parent: None, "batch",
        otel.kind = "internal",
        floorline.org.id = %org,
        messaging.batch.message_count = count(members),
    );
    for one in recorded {
        span.add_link(one.span_context().clone());
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
        Span::current().record("trace_id", field::display(here.span_context().trace_id()));
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

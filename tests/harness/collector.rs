//! A collector of traces that is not one: it reads what comes in and keeps it.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1 as proto;
use prost::Message as _;

/// What a collector does with what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Takes,
    Refuses,
    NeverAnswers,
}

/// A span as it arrived; ids in hexadecimal digits.
#[derive(Clone, Debug)]
pub struct Span {
    pub name: String,
    pub trace: String,
    pub id: String,
    /// Empty for a trace's first.
    pub parent: String,
    pub kind: proto::span::SpanKind,
    /// Trace and span.
    pub links: Vec<(String, String)>,
    pub attributes: BTreeMap<String, String>,
    pub events: usize,
    pub failed: bool,
    /// What the process says of itself.
    pub resource: BTreeMap<String, String>,
}

#[derive(Clone)]
struct Heard {
    mood: Mood,
    spans: Arc<Mutex<Vec<Span>>>,
    requests: Arc<Mutex<Vec<Option<String>>>>,
}

/// Listens until it is dropped.
pub struct Collector {
    /// Where, as `OTEL_EXPORTER_OTLP_ENDPOINT` says it.
    pub url: String,
    heard: Heard,
    server: ServerHandle,
}

impl Collector {
    pub fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Heard { mood, spans: Arc::default(), requests: Arc::default() };
        let data = web::Data::new(heard.clone());
        let app = move || App::new().app_data(data.clone()).route("/v1/traces", web::post().to(take));
        let server = HttpServer::new(app)
            .workers(1)
            .keep_alive(super::KEEP_ALIVE)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, heard, server: handle }
    }

    /// What came so far, sorted by name.
    pub fn spans(&self) -> Vec<Span> {
        let mut spans = self.heard.spans.lock().unwrap().clone();
        spans.sort_by(|one, other| one.name.cmp(&other.name));
        spans
    }

    /// The only span of this name that is in this trace.
    pub fn span(&self, trace: &str, name: &str) -> Span {
        let spans = self.spans();
        let found: Vec<&Span> = spans.iter().filter(|span| span.trace == trace && span.name == name).collect();
        let [one] = found.as_slice() else { panic!("not one {name} in {trace}: {spans:#?}") };
        (*one).clone()
    }

    /// What each request said in the header `x-key`.
    pub fn requests(&self) -> Vec<Option<String>> {
        self.heard.requests.lock().unwrap().clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // Not gracefully: nothing that never answers is waited for.
        tokio::spawn(self.server.stop(false));
    }
}

async fn take(heard: web::Data<Heard>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let key = request.headers().get("x-key").map(|value| value.to_str().unwrap().to_owned());
    heard.requests.lock().unwrap().push(key);
    match heard.mood {
        Mood::Takes => {}
        Mood::Refuses => return HttpResponse::ServiceUnavailable().finish(),
        Mood::NeverAnswers => std::future::pending().await,
    }
    let said = ExportTraceServiceRequest::decode(body).unwrap();
    for resource in said.resource_spans {
        let of = attributes(&resource.resource.unwrap().attributes);
        let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans).map(|span| read(span, of.clone()));
        heard.spans.lock().unwrap().extend(spans);
    }
    HttpResponse::Ok().content_type("application/x-protobuf").finish()
}

fn read(span: proto::Span, resource: BTreeMap<String, String>) -> Span {
    Span {
        kind: span.kind(),
        name: span.name,
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        links: span.links.iter().map(|link| (hex(&link.trace_id), hex(&link.span_id))).collect(),
        attributes: attributes(&span.attributes),
        events: span.events.len(),
        failed: span.status.is_some_and(|status| status.code() == proto::status::StatusCode::Error),
        resource,
    }
}

fn attributes(all: &[KeyValue]) -> BTreeMap<String, String> {
    all.iter().map(|one| (one.key.clone(), text(one.value.as_ref()))).collect()
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Any::StringValue(text)) => text.clone(),
        Some(Any::IntValue(number)) => number.to_string(),
        other => panic!("neither text nor number: {other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

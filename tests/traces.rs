//! Traces as a collector receives them: from a phone over the server to the job its act leads to.

use diesel::sql_types::{Nullable, Text};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use floorline_mobile_sync::client::Act;
use floorline_mobile_sync::native::Transport;
use floorline_mobile_sync::op::Operation;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Value, json};

use crate::handheld::{Hand, hand, soon};
use crate::harness::collector::{Collector, Mood, Span};
use crate::harness::socket::{Handheld, Socket, ends};
use crate::harness::{Apart, At, Floor, eventually, execute};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PHONE: &str = "b7ad6b7169203331";
const OTHER: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// All that a span may say.
const SAID: [&str; 11] = [
    "floorline.entry.count",
    "floorline.job.attempt",
    "floorline.org.id",
    "floorline.stream.id",
    "http.request.method",
    "http.response.status_code",
    "http.route",
    "messaging.batch.message_count",
    "messaging.destination.name",
    "messaging.operation.type",
    "messaging.system",
];

fn traceparent(trace: &str) -> String {
    format!("00-{trace}-{PHONE}-01")
}

async fn traced(collector: &Collector) -> (Floor, Apart) {
    let log = "info,floorline_server::platform::http=debug";
    Floor::apart_with(log, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)]).await
}

fn shift_start(at: At<'_>) -> Value {
    json!({ "op": "shift.start", "data": { "site_id": at.site(), "location_id": at.station() } })
}

/// A phone, connected.
async fn phone<'a>(floor: &'a Floor) -> (Handheld<'a>, Socket, i64) {
    let phone = Handheld::enrolled(floor, floor.north(), "operator").await;
    let (socket, welcome) = phone.connect(json!([])).await;
    let session = welcome["session"].as_i64().unwrap();
    (phone, socket, session)
}

#[derive(diesel::QueryableByName)]
struct Job {
    #[diesel(sql_type = Nullable<Text>)]
    traceparent: Option<String>,
}

/// Jobs, the oldest first.
async fn jobs(floor: &Floor, condition: &str) -> Vec<Job> {
    let mut conn = AsyncPgConnection::establish(floor.database().owner_url()).await.unwrap();
    let query = format!("SELECT traceparent FROM jobs WHERE {condition} ORDER BY created_at");
    diesel::sql_query(query).load(&mut conn).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_a_phones_submit_to_the_job_of_its_act() {
    let collector = Collector::start(Mood::Takes);
    let (floor, server) = traced(&collector).await;
    let (mut phone, mut socket, session) = phone(&floor).await;
    let batch = phone.pen.write([shift_start(floor.north())]);
    socket.submit_within(session, batch, Some(traceparent(TRACE))).await;
    assert_eq!(ends(&socket.expect("result").await), ["applied"]);
    // Nobody waits for twelve idle hours.
    execute(floor.database().owner_url(), "UPDATE jobs SET run_at = now()").await;
    eventually("the job", async || jobs(&floor, "state = 'done'").await.pop()).await;
    server.stop();

    let submit = collector.span(TRACE, "submit");
    assert_eq!((&*submit.parent, submit.kind), (PHONE, SpanKind::Server));
    assert_eq!(submit.attributes["floorline.stream.id"], phone.pen.stream.to_string());
    assert_eq!(submit.attributes["floorline.entry.count"], "1");
    let batches: Vec<Span> = collector.spans().into_iter().filter(|span| span.name == "batch").collect();
    let batch = batches.iter().find(|batch| batch.parent == submit.id).unwrap();
    assert_eq!(batch.links, [(TRACE.to_owned(), submit.id.clone())]);
    assert_eq!(batch.trace, TRACE);
    let job = collector.span(TRACE, "process shifts.end_idle");
    assert_eq!((&job.parent, job.kind), (&batch.id, SpanKind::Consumer));
    // What the job has the engine do is in the trace as well.
    assert!(batches.iter().any(|batch| batch.parent == job.id), "{batches:#?}");
    assert_eq!(job.resource["service.name"], "floorline");
    for span in collector.spans() {
        assert!(!span.failed && span.events == 0, "{span:?}");
        assert_eq!(span.attributes.keys().find(|key| !SAID.contains(&key.as_str())), None, "{span:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_on_in_the_trace_of_who_is_signed_in_and_its_log_lines_say_which() {
    let collector = Collector::start(Mood::Takes);
    let (floor, server) = traced(&collector).await;
    let supervisor = floor.north().supervisor().with("traceparent", &traceparent(TRACE));
    supervisor.get("/v1/items").await.assert_status(200);
    let stranger = floor.stranger().with("traceparent", &traceparent(OTHER));
    stranger.get("/v1/items").await.assert_status(401);
    let log = server.stop();

    let request = collector.span(TRACE, "GET /v1/items");
    assert_eq!((&*request.parent, request.kind), (PHONE, SpanKind::Server));
    let said = ["http.request.method", "http.response.status_code", "http.route"].map(|key| &*request.attributes[key]);
    assert_eq!(said, ["GET", "200", "/v1/items"]);
    let spans = collector.spans();
    let stranger =
        spans.iter().find(|span| span.attributes.get("http.response.status_code").is_some_and(|said| said == "401"));
    assert_eq!(stranger.unwrap().parent, "");
    assert!(spans.iter().all(|span| span.trace != OTHER), "{spans:#?}");
    let answered = log.lines().filter(|line| line.contains(r#""message":"answered""#) && line.contains(TRACE));
    assert_eq!(answered.count(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_traceparent_is_ignored() {
    let collector = Collector::start(Mood::Takes);
    let (floor, server) = traced(&collector).await;
    let (mut phone, mut socket, session) = phone(&floor).await;
    for said in [json!("00-0af7-b7ad-01"), json!(traceparent(TRACE).to_uppercase()), json!(7), json!({ "a": [] })] {
        let batch = phone.pen.write([shift_start(floor.north())]);
        let frame = json!({
            "type": "submit", "session": session, "first_seq": batch.first_seq, "entries": batch.entries, "hashes": batch.hashes,
            "traceparent": said,
        });
        socket.send(&frame).await;
        socket.expect("result").await;
    }
    server.stop();
    let submits: Vec<Span> = collector.spans().into_iter().filter(|span| span.name == "submit").collect();
    assert_eq!(submits.len(), 4);
    assert!(submits.iter().all(|submit| submit.parent.is_empty()), "{submits:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_begins_the_trace_over_a_socket_and_over_http() {
    let collector = Collector::start(Mood::Takes);
    let (floor, server) = traced(&collector).await;
    for transport in [Transport::WebSocket, Transport::Http] {
        let Hand { phone, _folder, .. } =
            hand(&floor, floor.north(), "operator", |config| config.transport = transport).await;
        let site = floor.north().site().parse().unwrap();
        let start = Operation::ShiftStart { site_id: site, location_id: None, team_id: None };
        phone.go_online();
        let act = phone.act(Act::new(start, None)).await.unwrap();
        soon(phone.verdict(act)).await.unwrap();
        phone.close().await;
    }
    server.stop();
    let spans = collector.spans();
    for name in ["submit", "POST /v1/sync/submit"] {
        let begun: Vec<&Span> = spans.iter().filter(|span| span.name == name).collect();
        assert!(!begun.is_empty() && begun.iter().all(|span| span.parent.len() == 16), "{name}: {spans:#?}");
        let followed =
            begun.iter().any(|submit| spans.iter().any(|span| span.name == "batch" && span.parent == submit.id));
        assert!(followed, "{name}: {spans:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_of_none_keeps_nothing_and_the_configured_header_goes_along() {
    let collector = Collector::start(Mood::Takes);
    let told = |share| {
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=of the mill"),
            ("OTEL_SERVICE_NAME", "mill"),
            ("OTEL_TRACES_SAMPLER_ARG", share),
        ]
    };
    for (share, heard) in [("0", 0), ("1", 1)] {
        let (floor, server) = Floor::apart_with("info", &told(share)).await;
        let supervisor = floor.north().supervisor().with("traceparent", &traceparent(TRACE));
        supervisor.get("/v1/items").await.assert_status(200);
        server.stop();
        assert_eq!(collector.requests().len(), heard, "a caller's flag does not decide");
    }
    assert_eq!(collector.requests(), [Some("of the mill".to_owned())]);
    assert_eq!(collector.span(TRACE, "GET /v1/items").resource["service.name"], "mill");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_collector_nothing_is_traced() {
    let (floor, server) = Floor::apart("info,floorline_server::platform::http=debug").await;
    let (mut phone, mut socket, session) = phone(&floor).await;
    let batch = phone.pen.write([shift_start(floor.north())]);
    socket.submit_within(session, batch, Some(traceparent(TRACE))).await;
    socket.expect("result").await;
    let written = jobs(&floor, "true").await;
    assert_eq!(written.iter().map(|job| job.traceparent.as_deref()).collect::<Vec<_>>(), [None]);
    let log = server.stop();
    assert!(log.contains("answered") && !log.contains("trace_id"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_refuses_or_never_answers_keeps_nobody_waiting() {
    for mood in [Mood::Refuses, Mood::NeverAnswers] {
        let collector = Collector::start(mood);
        let settings = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.url), ("OTEL_BSP_SCHEDULE_DELAY", "10")];
        let (floor, server) = Floor::apart_with("info", &settings).await;
        let (mut phone, mut socket, session) = phone(&floor).await;
        eventually("an export", async || collector.requests().pop()).await;
        let batch = phone.pen.write([shift_start(floor.north())]);
        socket.submit_within(session, batch, Some(traceparent(TRACE))).await;
        assert_eq!(ends(&socket.expect("result").await), ["applied"]);
        if mood == Mood::Refuses {
            eventually("lost spans", async || lost(&server).await).await;
        }
        let log = server.stop();
        let word = if mood == Mood::Refuses {
            "the collector takes no spans"
        } else {
            "the last spans could not be handed on"
        };
        assert_eq!(log.matches(word).count(), 1, "{log}");
        assert_eq!(collector.spans().len(), 0);
    }
}

async fn lost(server: &Apart) -> Option<()> {
    let metrics = reqwest::get(&server.metrics).await.unwrap().text().await.unwrap();
    metrics.contains(r#"floorline_spans_total{result="lost"}"#).then_some(())
}

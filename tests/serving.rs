//! A whole server, from its start in an empty folder to its last step.

use floorline_server::platform::db::embedded::postmaster_pid;
use floorline_server::serving::Serving;
use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{eventually, settings};

async fn status(serving: &Serving, path: &str) -> Option<u16> {
    let answer = reqwest::get(format!("http://{}{path}", serving.address)).await;
    answer.ok().map(|answer| answer.status().as_u16())
}

/// Says that it is ready; a server that is busy may have to be asked again.
async fn is_ready(serving: &Serving) {
    eventually("200", async || status(serving, "/health/ready").await.filter(|status| *status == 200)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_starts_in_an_empty_folder_and_stops_in_the_order_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let config = settings(folder.path(), &[]);
    let serving = Serving::start(&config).await.unwrap();
    let address = serving.address;
    is_ready(&serving).await;
    assert_eq!(status(&serving, "/v1/openapi.json").await, Some(200));
    // A client that keeps its connection must not keep the server.
    let keeping = reqwest::Client::new();
    keeping.get(format!("http://{address}/health/live")).send().await.unwrap().bytes().await.unwrap();

    let steps = serving.stop().await.unwrap();
    assert_eq!(steps, ["drain", "http", "sockets", "jobs", "engine", "fan-out", "pools", "database", "metrics"]);
    assert_eq!(postmaster_pid(folder.path()), None, "nothing is left running");
    assert!(reqwest::get(format!("http://{address}/health/live")).await.is_err(), "nobody listens");

    let again = Serving::start(&config).await.unwrap();
    is_ready(&again).await;
    again.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_says_so_while_its_database_is_down_and_recovers_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    // The one server of this process whose metrics are recorded: a recorder is for the whole process.
    let serving = Serving::start(&settings(folder.path(), &[("FLOORLINE_METRICS_BIND", "127.0.0.1:0")])).await.unwrap();
    let pid = postmaster_pid(folder.path()).unwrap();
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL).unwrap();
    eventually("503", async || status(&serving, "/health/ready").await.filter(|status| *status == 503)).await;
    assert_eq!(status(&serving, "/health/live").await, Some(200));
    is_ready(&serving).await;
    assert_ne!(postmaster_pid(folder.path()), Some(pid));
    // It answers as soon as the database does, which is a moment before the restart is counted.
    let page = format!("http://{}/metrics", serving.metrics.unwrap());
    let counted = async || {
        let metrics = reqwest::get(&page).await.unwrap().text().await.unwrap();
        Some(metrics).filter(|metrics| metrics.contains("floorline_database_restarts_total "))
    };
    let metrics = eventually("a counted restart", counted).await;
    assert!(
        metrics.contains(r#"floorline_http_requests_total{method="GET",route="/health/ready",status="503"}"#),
        "{metrics}"
    );
    serving.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_start_leaves_nothing_running() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let bind = taken.local_addr().unwrap().to_string();
    let error = Serving::start(&settings(folder.path(), &[("FLOORLINE_BIND", &bind)])).await.err().unwrap();
    assert!(format!("{error:#}").contains(&format!("FLOORLINE_BIND: cannot listen on {bind}")), "{error:#}");
    assert_eq!(postmaster_pid(folder.path()), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn surplus_connections_are_refused_with_words() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&settings(folder.path(), &[("FLOORLINE_CONNECTIONS", "1")])).await.unwrap();
    let url = format!("http://{}/health/live", serving.address);
    let first = reqwest::Client::new();
    first.get(&url).send().await.unwrap().bytes().await.unwrap();
    let refused = reqwest::get(&url).await.unwrap();
    assert_eq!(refused.status(), 503);
    let header = |name: &str| refused.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert!(header("retry-after").is_some());
    assert_eq!(header("connection").as_deref(), Some("close"));
    assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"));
    let id = header("x-request-id").unwrap();
    let problem: serde_json::Value = serde_json::from_slice(&refused.bytes().await.unwrap()).unwrap();
    assert_eq!((&problem["code"], &problem["request_id"]), (&"OVERLOADED".into(), &id.into()));
    assert_eq!(first.get(&url).send().await.unwrap().status(), 200);
    drop(first);
    eventually("room", async || status(&serving, "/health/live").await.filter(|status| *status == 200)).await;
    serving.stop().await.unwrap();
}

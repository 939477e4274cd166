//! A socket in the hands of a test: frames as they are on the wire, so that wrong ones can be sent too.

use std::time::Duration;

use floorline_mobile_sync::chain::{self, Hash};
use floorline_mobile_sync::wire::{ClientFrame, Submit};
use floorline_server::floor::engine::DeviceSubmit;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use uuid::Uuid;

use super::line::Pen;
use super::phone::Phone;
use super::{At, Client, Floor};

/// How long a frame may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// One open socket.
pub struct Socket {
    ws: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The protocol agreed on.
    pub protocol: Option<String>,
}

/// What came.
#[derive(Debug, PartialEq)]
pub enum Came {
    Frame(Value),
    Closed(u16),
}

impl Socket {
    /// Opens one that offers `floor.sync.v1`.
    pub async fn open(floor: &Floor) -> Self {
        Self::offering(floor, "floor.sync.v1").await
    }

    /// Opens one that offers something.
    pub async fn offering(floor: &Floor, protocols: &str) -> Self {
        let mut request = format!("{}/v1/sync", floor.url().replace("http", "ws")).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_str(protocols).unwrap());
        let (ws, response) = tokio_tungstenite::connect_async(request).await.unwrap();
        let protocol = response.headers().get("sec-websocket-protocol").map(|value| value.to_str().unwrap().to_owned());
        Self { ws, protocol }
    }

    /// Opens one as a page of this origin does; the problem it is refused with otherwise.
    pub async fn from_page(floor: &Floor, origin: &str) -> Result<Self, Value> {
        let mut request = format!("{}/v1/sync", floor.url().replace("http", "ws")).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("floor.sync.v1"));
        request.headers_mut().insert("origin", HeaderValue::from_str(origin).unwrap());
        match tokio_tungstenite::connect_async(request).await {
            Ok((ws, _)) => Ok(Self { ws, protocol: None }),
            Err(Error::Http(refused)) => Err(serde_json::from_slice(refused.body().as_deref().unwrap()).unwrap()),
            Err(other) => panic!("{other}"),
        }
    }

    pub async fn send(&mut self, frame: &Value) {
        self.send_text(frame.to_string()).await;
    }

    pub async fn send_text(&mut self, text: String) {
        self.send_message(Message::text(text)).await;
    }

    /// Anything; a peer that closed meanwhile is found when reading.
    pub async fn send_message(&mut self, message: Message) {
        let _ = self.ws.send(message).await;
    }

    /// A batch.
    pub async fn submit(&mut self, session: i64, batch: DeviceSubmit) {
        self.submit_within(session, batch, None).await;
    }

    /// A batch that goes on in a trace.
    pub async fn submit_within(&mut self, session: i64, batch: DeviceSubmit, traceparent: Option<String>) {
        let DeviceSubmit { first_seq, entries, hashes, .. } = batch;
        let frame = ClientFrame::Submit(Submit { session: Some(session), first_seq, entries, hashes, traceparent });
        self.send_text(frame.text().unwrap()).await;
    }

    /// The next frame or the close; pings are answered and leases passed over.
    pub async fn next(&mut self) -> Came {
        loop {
            match self.any().await {
                Came::Frame(frame) if frame["type"] == "lease" => {}
                came => return came,
            }
        }
    }

    /// The lease that follows a welcome.
    pub async fn lease(&mut self) -> Value {
        match self.any().await {
            Came::Frame(frame) if frame["type"] == "lease" => frame,
            other => panic!("not a lease: {other:?}"),
        }
    }

    async fn any(&mut self) -> Came {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.ws.next()).await.expect("a frame within its time");
            match message {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    match frame["type"].as_str().unwrap() {
                        "ping" => self.send(&json!({"type": "pong", "n": frame["n"]})).await,
                        _ => return Came::Frame(frame),
                    }
                }
                Some(Ok(Message::Close(reason))) => {
                    return Came::Closed(reason.map_or(1005, |reason| reason.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Came::Closed(1006),
            }
        }
    }

    /// The next frame, which is of this type.
    pub async fn expect(&mut self, kind: &str) -> Value {
        match self.next().await {
            Came::Frame(frame) if frame["type"] == kind => frame,
            other => panic!("not a {kind}: {other:?}"),
        }
    }

    /// The code it is closed with; frames before that are passed over.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Came::Closed(code) = self.next().await {
                return code;
            }
        }
    }

    /// Closes it and waits until that is done.
    pub async fn close(mut self) {
        let _ = self.ws.close(None).await;
        while let Some(Ok(_)) = self.ws.next().await {}
    }
}

/// An approved phone with a person signed in, and one stream.
pub struct Handheld<'a> {
    pub floor: &'a Floor,
    pub phone: Phone,
    pub client: Client,
    pub pen: Pen,
    /// What it says it has: `seq` and the chain there.
    pub acked: (i64, Hash),
}

impl<'a> Handheld<'a> {
    /// Enrols one and approves it.
    pub async fn enrolled(floor: &'a Floor, at: At<'a>, role: &str) -> Self {
        let phone = Phone::claimed(&at).await;
        let approval = json!({ "digits": phone.digits });
        at.admin().post(&format!("/v1/devices/{}/approve", phone.id), approval).await.assert_status(200);
        let stream = floorline_domain::StreamId(Uuid::new_v4());
        let start = chain::start(stream);
        let pen = Pen {
            org: at.id(),
            site: at.site().parse().unwrap(),
            device: phone.id.parse().unwrap(),
            stream,
            user: at.person(role).id,
            seq: 0,
            hash: start,
        };
        Self { floor, phone, client: at.as_(role), pen, acked: (0, start) }
    }

    /// A hello with a fresh ticket.
    pub async fn hello(&self, subscriptions: Value) -> Value {
        json!({
            "type": "hello", "ticket": self.phone.ticket(&self.client).await.text("ticket"), "device_id": self.phone.id,
            "stream_id": self.pen.stream, "next_seq": self.pen.seq + 1, "acked_seq": self.acked.0, "hash": self.acked.1.to_string(),
            "app": { "version": "1.0.0", "schema": 7 }, "device_time": chrono::Utc::now().timestamp_millis(), "monotonic": 1, "boot_id": "b1",
            "subscriptions": subscriptions,
        })
    }

    /// A welcomed socket and its welcome.
    pub async fn connect(&self, subscriptions: Value) -> (Socket, Value) {
        let hello = self.hello(subscriptions).await;
        let mut socket = Socket::open(self.floor).await;
        socket.send(&hello).await;
        let welcome = socket.expect("welcome").await;
        (socket, welcome)
    }

    /// Sends entries in one batch and gives the answer.
    pub async fn send(&mut self, socket: &mut Socket, session: i64, entries: impl IntoIterator<Item = Value>) -> Value {
        let batch = self.pen.write(entries);
        socket.submit(session, batch).await;
        match socket.next().await {
            Came::Frame(frame) => frame,
            closed => panic!("{closed:?}"),
        }
    }
}

/// A scan of a code that nobody knows.
pub fn remark(n: usize) -> Value {
    json!({"op": "scan.record", "data": {"raw": format!("CODE-{n}")}})
}

/// A welcomed socket of someone who only reads.
pub async fn reader(floor: &Floor, client: &Client, subscriptions: Value) -> (Socket, Value) {
    let ticket = client.post("/v1/sync/ticket", json!({})).await.text("ticket");
    let mut socket = Socket::open(floor).await;
    socket.send(&json!({ "type": "hello", "ticket": ticket, "subscriptions": subscriptions })).await;
    let welcome = socket.expect("welcome").await;
    (socket, welcome)
}

/// Outcome and reason of each verdict of a `result`, as one word each.
pub fn ends(result: &Value) -> Vec<String> {
    assert_eq!(result["type"], "result", "{result}");
    let verdicts = result["results"].as_array().unwrap();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    verdicts
        .iter()
        .map(|verdict| match &verdict["reason"] {
            Value::Null => word(&verdict["outcome"]),
            reason => format!("{}:{}", word(&verdict["outcome"]), word(reason)),
        })
        .collect()
}

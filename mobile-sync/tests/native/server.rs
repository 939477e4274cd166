//! A server on a real socket: the scripted core of the protocol behind a few lines of HTTP.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use floorline_mobile_sync::wire::{Close, Lease, ServerFrame, SubmitRequest, SubmitResponse};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::protocol::{Answer, Server};

pub(crate) struct State {
    pub(crate) core: Server,
    pub(crate) sockets_allowed: bool,
    /// Uploads by name: announced length, bytes.
    pub(crate) uploads: BTreeMap<String, (usize, Vec<u8>)>,
    /// Cut the connection at the next PATCH, after half of its bytes.
    pub(crate) tear_upload: bool,
    pub(crate) tickets: usize,
    pub(crate) refreshes: usize,
    /// Access tokens up to this number have ended.
    pub(crate) ended_tokens: usize,
    /// What answers over HTTP bring besides.
    pub(crate) lease: Option<Lease>,
}

#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    pub(crate) state: Arc<Mutex<State>>,
}

impl Fake {
    pub(crate) async fn start(core: Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = State {
            core,
            sockets_allowed: true,
            uploads: BTreeMap::new(),
            tear_upload: false,
            tickets: 0,
            refreshes: 0,
            ended_tokens: 0,
            lease: None,
        };
        let fake = Self { address: listener.local_addr().unwrap(), state: Arc::new(Mutex::new(state)) };
        let serving = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        fake
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap())
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut first = [0; 32];
        let _ = stream.peek(&mut first).await;
        if first.starts_with(b"GET /v1/sync HTTP") {
            if self.with(|state| state.sockets_allowed) {
                self.socket(stream).await;
            }
            return;
        }
        let mut buffer = Vec::new();
        loop {
            let Some(head) = read_head(&mut stream, &mut buffer).await else { return };
            let length: usize = head.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            if head.method == "PATCH" && self.with(|state| std::mem::take(&mut state.tear_upload)) {
                read_body(&mut stream, &mut buffer, length / 2).await;
                let half: Vec<u8> = buffer.drain(..length / 2).collect();
                self.with(|state| state.uploads.get_mut(&head.path).unwrap().1.extend(half));
                return;
            }
            read_body(&mut stream, &mut buffer, length).await;
            let body: Vec<u8> = buffer.drain(..length).collect();
            let answer = self.answer(&head, &body);
            if stream.write_all(&answer).await.is_err() {
                return;
            }
        }
    }

    fn answer(&self, head: &Head, body: &[u8]) -> Vec<u8> {
        self.with(|state| {
            let json: Value = serde_json::from_slice(body).unwrap_or_default();
            let path = head.path.split('?').next().unwrap();
            match (head.method.as_str(), path) {
                ("POST", "/v1/devices/enrolments/claim") => {
                    assert_eq!(json["public_key"]["crv"], "P-256");
                    reply(200, &[], &json!({ "device_id": DEVICE, "digits": "123456", "status": "pending" }))
                }
                (_, path) if needs_proof(path) && nonce_of(head.header("dpop").unwrap_or_default()) != json!("n1") => {
                    reply(401, &[("DPoP-Nonce", "n1")], &json!({ "code": "use_dpop_nonce" }))
                }
                ("GET", path) if path.ends_with("/status") => reply(200, &[], &json!({ "status": "active" })),
                ("POST", "/v1/auth/login") => reply(200, &[], &tokens(0)),
                ("POST", "/v1/auth/refresh") => {
                    state.refreshes += 1;
                    reply(200, &[], &tokens(state.refreshes))
                }
                _ if state.is_signed_out(head) => reply(401, &[], &json!({ "code": "NOT_SIGNED_IN" })),
                ("POST", "/v1/sync/ticket") => {
                    state.tickets += 1;
                    reply(200, &[], &json!({ "ticket": format!("t{}", state.tickets), "expires_in": 30 }))
                }
                ("POST", "/v1/sync/submit") => state.submit(std::str::from_utf8(body).unwrap()),
                ("GET", "/v1/sync/snapshot") => state.snapshot(),
                ("GET", "/v1/sync/feed") => reply(503, &[("Retry-After", "1")], &json!({})),
                ("POST", "/v1/uploads") => {
                    let name = format!("/v1/uploads/{}", state.uploads.len());
                    let length = head.header("upload-length").unwrap().parse().unwrap();
                    state.uploads.insert(name.clone(), (length, Vec::new()));
                    reply(201, &[("Location", &name), ("Upload-Offset", "0")], &json!(null))
                }
                ("HEAD", path) => match state.uploads.get(path) {
                    Some((_, bytes)) => reply(200, &[("Upload-Offset", &bytes.len().to_string())], &Value::Null),
                    None => reply(404, &[], &Value::Null),
                },
                ("PATCH", path) => {
                    let (_, bytes) = state.uploads.get_mut(path).unwrap();
                    if head.header("upload-offset").unwrap() != bytes.len().to_string() {
                        return reply(409, &[], &json!({ "code": "OFFSET" }));
                    }
                    bytes.extend(body);
                    reply(204, &[("Upload-Offset", &bytes.len().to_string())], &Value::Null)
                }
                _ => reply(404, &[], &json!({ "code": "NOT_FOUND", "detail": head.path })),
            }
        })
    }

    async fn socket(self, stream: TcpStream) {
        #[expect(clippy::result_large_err, reason = "the handshake's own type")]
        let echo = |request: &Request, mut response: Response| {
            let offered = request.headers().get("Sec-WebSocket-Protocol").unwrap().clone();
            response.headers_mut().insert("Sec-WebSocket-Protocol", offered);
            Ok(response)
        };
        let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, echo).await else { return };
        while let Some(Ok(Message::Text(text))) = socket.next().await {
            for answer in self.with(|state| state.core.receive(text.as_str(), 0)) {
                let message = match answer {
                    Answer::Frame(frame) => Message::text(frame.text().unwrap()),
                    Answer::Close(close) => {
                        Message::Close(Some(CloseFrame { code: close.code().into(), reason: "".into() }))
                    }
                };
                if socket.send(message).await.is_err() {
                    return;
                }
            }
        }
    }
}

impl State {
    fn is_signed_out(&self, head: &Head) -> bool {
        let token =
            head.header("authorization").and_then(|value| value.strip_prefix("Bearer a")?.parse::<usize>().ok());
        token.is_none_or(|token| token < self.ended_tokens)
    }

    fn snapshot(&self) -> Vec<u8> {
        let head = json!({ "line": "head", "topic": self.core.topic, "epoch": "e", "cursor": self.core.head });
        let text = format!("{head}\n{}\n", json!({ "line": "end", "count": 0 }));
        let length = text.len();
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{text}").into_bytes()
    }

    fn submit(&mut self, body: &str) -> Vec<u8> {
        let SubmitRequest { hello, submit } = SubmitRequest::parse(body).unwrap();
        assert!(hello.ticket.is_none());
        let frame = |frame: floorline_mobile_sync::wire::ClientFrame| frame.text().unwrap();
        let welcome = match self.core.receive(&frame(floorline_mobile_sync::wire::ClientFrame::Hello(hello)), 0).pop() {
            Some(Answer::Frame(ServerFrame::Welcome(welcome))) => welcome,
            Some(Answer::Close(Close::Sealed)) => return reply(409, &[], &json!({ "code": "STATE_CONFLICT" })),
            other => panic!("{other:?}"),
        };
        let lease = self.lease.clone();
        let mut response = SubmitResponse { welcome, lease, result: None, retry: None, gap: None };
        if let Some(submit) = submit {
            let text = frame(floorline_mobile_sync::wire::ClientFrame::Submit(submit));
            match self.core.receive(&text, 0).pop() {
                Some(Answer::Frame(ServerFrame::Result(result))) => response.result = Some(result),
                Some(Answer::Frame(ServerFrame::Retry(retry))) => response.retry = Some(retry),
                Some(Answer::Frame(ServerFrame::Gap(gap))) => response.gap = Some(gap),
                other => panic!("{other:?}"),
            }
        }
        reply(200, &[], &serde_json::to_value(&response).unwrap())
    }
}

pub(crate) const DEVICE: &str = "018f0000-0000-7000-8000-0000000000dd";

fn tokens(n: usize) -> Value {
    let user = json!({
        "id": "018f0000-0000-7000-8000-0000000000ee", "email": "a@b", "name": "Ana",
        "organization_id": "018f0000-0000-7000-8000-0000000000cc", "roles": ["operator"], "permissions": ["item:act", "later:word"],
    });
    json!({ "access_token": format!("a{n}"), "token_type": "Bearer", "expires_in": 600, "refresh_token": format!("r{n}"), "user": user })
}

fn nonce_of(proof: &str) -> Value {
    use base64::Engine;
    let claims = proof.split('.').nth(1).unwrap_or_default();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap_or_default();
    serde_json::from_slice::<Value>(&bytes).unwrap_or_default()["nonce"].clone()
}

fn needs_proof(path: &str) -> bool {
    path.ends_with("/status") || path == "/v1/sync/ticket" || path == "/v1/sync/submit"
}

struct Head {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
}

impl Head {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

async fn read_head(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Head> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head: Vec<u8> = buffer.drain(..end + 4).collect();
    let text = String::from_utf8(head).unwrap();
    let mut lines = text.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned())).collect();
    Some(Head { method, path, headers })
}

async fn read_body(stream: &mut TcpStream, buffer: &mut Vec<u8>, length: usize) {
    while buffer.len() < length && stream.read_buf(buffer).await.unwrap_or(0) > 0 {}
}

fn reply(status: u16, headers: &[(&str, &str)], body: &Value) -> Vec<u8> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = if status == 204 { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    format!("HTTP/1.1 {status} X\r\n{headers}{length}\r\n{body}").into_bytes()
}

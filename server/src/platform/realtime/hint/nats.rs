//! Hints over NATS: one subject, in the few words of its protocol that this takes (`docs/decisions/0009-nats-by-hand.md`).

use std::convert::Infallible;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::BytesMut;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::super::Hub;
use super::frames::{Frame, take};
use super::{Tries, Way, heard, told};
use crate::platform::config::{Login, Nats};

/// Where hints are told.
const SUBJECT: &str = "floorline.topics";
/// How long connecting, greeting and one write may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The other side is asked this often whether it is there; two questions without an answer are the end.
const BEAT: Duration = Duration::from_secs(15);

/// Connects, and tells and hears until the connection ends.
pub(super) async fn carry(hub: &Hub, server: &Nats, tries: &mut Tries) -> anyhow::Result<Infallible> {
    let mut wire = tokio::time::timeout(PATIENCE, Wire::open(server)).await.context("no greeting in time")??;
    tries.opened(hub, Way::Nats);
    let _carrying = hub.outbox().over_nats();
    let (mut beats, mut unanswered) = (tokio::time::interval(BEAT), 0);
    loop {
        tokio::select! {
            frame = wire.read() => {
                unanswered = 0;
                match frame? {
                    Frame::Message(text) => heard(hub, Way::Nats, &text),
                    Frame::Ping => wire.write("PONG\r\n").await?,
                    Frame::Error(words) => bail!("the NATS server says {words}"),
                    Frame::Info { .. } | Frame::Pong | Frame::Ok => {}
                }
            }
            moved = hub.outbox().next() => {
                let text = moved.text(hub.node());
                wire.write(&format!("PUB {SUBJECT} {}\r\n{text}\r\n", text.len())).await?;
                told(Way::Nats);
            }
            _ = beats.tick() => {
                if unanswered == 2 {
                    bail!("the NATS server does not answer");
                }
                unanswered += 1;
                wire.write("PING\r\n").await?;
            }
        }
    }
}

/// A connection, and what was read and not yet understood.
struct Wire {
    stream: TcpStream,
    read: BytesMut,
}

impl Wire {
    /// Connects, greets and subscribes; the server has taken all of that when it answers the ping.
    async fn open(server: &Nats) -> anyhow::Result<Self> {
        let stream = TcpStream::connect((server.host.as_str(), server.port)).await?;
        // Small frames would wait for company.
        stream.set_nodelay(true)?;
        let mut wire = Self { stream, read: BytesMut::new() };
        match wire.read().await? {
            Frame::Info { tls_required: true } => bail!("the NATS server wants TLS, which is not spoken here"),
            Frame::Info { .. } => {}
            other => bail!("no NATS server: it began with {other:?}"),
        }
        wire.write(&format!("CONNECT {}\r\nSUB {SUBJECT} 1\r\nPING\r\n", introduction(server))).await?;
        loop {
            match wire.read().await? {
                Frame::Pong => return Ok(wire),
                Frame::Ping => wire.write("PONG\r\n").await?,
                Frame::Error(words) => bail!("the NATS server says {words}"),
                Frame::Info { .. } | Frame::Ok | Frame::Message(_) => {}
            }
        }
    }

    /// The next frame. Cancelling loses nothing.
    async fn read(&mut self) -> anyhow::Result<Frame> {
        loop {
            if let Some(frame) = take(&mut self.read)? {
                return Ok(frame);
            }
            if self.stream.read_buf(&mut self.read).await? == 0 {
                bail!("the NATS server closed the connection");
            }
        }
    }

    async fn write(&mut self, text: &str) -> anyhow::Result<()> {
        let written = tokio::time::timeout(PATIENCE, self.stream.write_all(text.as_bytes())).await;
        Ok(written.context("the NATS server takes nothing")??)
    }
}

/// What is said of us. No echo: our own hints say nothing new.
fn introduction(server: &Nats) -> String {
    let mut said = json!({
        "verbose": false, "pedantic": false, "tls_required": false, "echo": false, "protocol": 1,
        "name": "floorline", "lang": "rust", "version": env!("CARGO_PKG_VERSION"),
    });
    let mut say = |name: &str, word: &str| {
        if let Some(said) = said.as_object_mut() {
            said.insert(name.to_owned(), word.into());
        }
    };
    match &server.login {
        None => {}
        Some(Login::Token(token)) => say("auth_token", token.expose()),
        Some(Login::User(user, password)) => {
            say("user", user);
            say("pass", password.expose());
        }
    }
    said.to_string()
}

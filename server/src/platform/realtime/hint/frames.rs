//! What a NATS server says, from its bytes: lines that end in CRLF, and messages, which are a line and as many bytes as it names.
//! <https://docs.nats.io/reference/reference-protocols/nats-protocol>

use bytes::{Buf as _, BytesMut};
use serde::Deserialize;

/// A line longer than this is no NATS server's; `INFO` has a few kilobytes.
const LONGEST_LINE: usize = 64 * 1024;
/// A hint has less than 8,000 bytes.
const LARGEST_MESSAGE: usize = 64 * 1024;

/// One thing said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// The greeting, and later news of its kind.
    Info {
        /// It speaks to nobody without TLS.
        tls_required: bool,
    },
    /// A message on the subject subscribed to.
    Message(String),
    /// It asks whether we are there.
    Ping,
    /// It answers that it is.
    Pong,
    /// It took something.
    Ok,
    /// It did not.
    Error(String),
}

/// What cannot be understood; the connection is of no use any more.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not the NATS protocol")]
pub(super) struct NotNats;

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    tls_required: bool,
}

/// The first frame, if it is there as a whole; then it is taken out of the buffer.
pub(super) fn take(buffer: &mut BytesMut) -> Result<Option<Frame>, NotNats> {
    let Some(end) = buffer.windows(2).position(|pair| pair == b"\r\n") else {
        return if buffer.len() > LONGEST_LINE { Err(NotNats) } else { Ok(None) };
    };
    let line = buffer.get(..end).and_then(|line| std::str::from_utf8(line).ok()).ok_or(NotNats)?;
    let (word, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    let frame = match word.to_ascii_uppercase().as_str() {
        "MSG" => return take_message(buffer, end),
        "INFO" => {
            let info: Info = serde_json::from_str(rest).map_err(|_| NotNats)?;
            Frame::Info { tls_required: info.tls_required }
        }
        "PING" => Frame::Ping,
        "PONG" => Frame::Pong,
        "+OK" => Frame::Ok,
        "-ERR" => Frame::Error(rest.trim().to_owned()),
        _ => return Err(NotNats),
    };
    buffer.advance(end + 2);
    Ok(Some(frame))
}

/// `MSG <subject> <subscription> [reply-to] <bytes>`, whose line ends at `end`.
fn take_message(buffer: &mut BytesMut, end: usize) -> Result<Option<Frame>, NotNats> {
    let line = buffer.get(..end).and_then(|line| std::str::from_utf8(line).ok()).ok_or(NotNats)?;
    let size: usize = line.rsplit([' ', '\t']).next().and_then(|size| size.parse().ok()).ok_or(NotNats)?;
    if size > LARGEST_MESSAGE {
        return Err(NotNats);
    }
    let begin = end + 2;
    let Some(after) = buffer.get(begin + size..begin + size + 2) else { return Ok(None) };
    if after != b"\r\n" {
        return Err(NotNats);
    }
    let text = buffer.get(begin..begin + size).map(String::from_utf8_lossy).unwrap_or_default().into_owned();
    buffer.advance(begin + size + 2);
    Ok(Some(Frame::Message(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "INFO {\"server_id\":\"N\",\"max_payload\":1048576,\"tls_required\":false}\r\nPING\r\n+OK\r\n\
                        MSG floorline.topics 1 5\r\na\r\nbc\r\nMSG floorline.topics 1 back 0\r\n\r\n-ERR 'Stale Connection'\r\npong\r\n";

    fn expected() -> Vec<Frame> {
        vec![
            Frame::Info { tls_required: false },
            Frame::Ping,
            Frame::Ok,
            Frame::Message("a\r\nbc".to_owned()),
            Frame::Message(String::new()),
            Frame::Error("'Stale Connection'".to_owned()),
            Frame::Pong,
        ]
    }

    #[test]
    fn frames_are_the_same_however_the_bytes_come() {
        for piece in [1, 2, 3, 7, SAID.len()] {
            let (mut buffer, mut frames) = (BytesMut::new(), Vec::new());
            for bytes in SAID.as_bytes().chunks(piece) {
                buffer.extend_from_slice(bytes);
                while let Some(frame) = take(&mut buffer).unwrap() {
                    frames.push(frame);
                }
            }
            assert_eq!(frames, expected(), "in pieces of {piece}");
            assert!(buffer.is_empty());
        }
    }

    #[test]
    fn what_is_not_nats_is_found_out() {
        let endless = "x".repeat(LONGEST_LINE + 1);
        for said in
            ["HTTP/1.1 400 Bad Request\r\n", "MSG a 1 many\r\n", "MSG a 1 99999999\r\n", "MSG a 1 1\r\nabc", &endless]
        {
            assert_eq!(take(&mut BytesMut::from(said)), Err(NotNats));
        }
    }
}

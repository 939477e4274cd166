//! The peer of fan-out: the same bytes from one task through a `tokio::sync::broadcast` to as many loopback sockets, and nothing else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::task::JoinSet;

/// One write: when, counted from the beginning, and how much.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) after: Duration,
    pub(super) bytes: usize,
}

/// How the bare sockets fared.
pub(super) struct Bare {
    /// From the hand-over to the task of a socket's other end: sorted, in milliseconds.
    pub(super) latencies_ms: Vec<f64>,
    /// From the first write to the last byte at the last reader.
    pub(super) took: Duration,
}

/// Sends `frames` to `sockets` readers: each at its time, or, when `hurried`, one after another.
pub(super) async fn broadcast(frames: &[Frame], sockets: usize, hurried: bool) -> anyhow::Result<Bare> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let (sender, _) = broadcast::channel::<Arc<[u8]>>(frames.len().max(1));
    let (mut writers, mut readers) = (JoinSet::new(), JoinSet::new());
    let sizes: Arc<[usize]> = frames.iter().map(|frame| frame.bytes).collect();
    for _ in 0..sockets {
        let (ours, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        readers.spawn(read(ours?, Arc::clone(&sizes)));
        writers.spawn(write(accepted?.0, sender.subscribe()));
    }
    let began = Instant::now();
    let mut sent = Vec::with_capacity(frames.len());
    for frame in frames {
        if !hurried {
            tokio::time::sleep_until((began + frame.after).into()).await;
        }
        sent.push(Instant::now());
        sender.send(vec![b'x'; frame.bytes].into()).ok().context("no socket listens")?;
    }
    drop(sender);
    let (mut latencies_ms, mut last) = (Vec::new(), began);
    while let Some(arrivals) = readers.join_next().await {
        for (sent, arrived) in sent.iter().zip(arrivals??) {
            latencies_ms.push((arrived - *sent).as_secs_f64() * 1000.0);
            last = last.max(arrived);
        }
    }
    while let Some(written) = writers.join_next().await {
        written??;
    }
    latencies_ms.sort_by(f64::total_cmp);
    Ok(Bare { latencies_ms, took: last - began })
}

async fn write(mut socket: TcpStream, mut frames: broadcast::Receiver<Arc<[u8]>>) -> anyhow::Result<()> {
    socket.set_nodelay(true)?;
    // The channel holds all frames: nobody falls behind.
    while let Ok(frame) = frames.recv().await {
        socket.write_all(&frame).await?;
    }
    Ok(())
}

async fn read(mut socket: TcpStream, sizes: Arc<[usize]>) -> anyhow::Result<Vec<Instant>> {
    let mut buffer = vec![0; sizes.iter().copied().max().unwrap_or_default()];
    let mut arrivals = Vec::with_capacity(sizes.len());
    for bytes in sizes.iter() {
        socket.read_exact(buffer.get_mut(..*bytes).context("a frame larger than the largest")?).await?;
        arrivals.push(Instant::now());
    }
    Ok(arrivals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_frame_reaches_every_socket() {
        let frames = [Frame { after: Duration::ZERO, bytes: 10 }, Frame { after: Duration::ZERO, bytes: 70_000 }];
        let bare = broadcast(&frames, 3, false).await.unwrap();
        assert_eq!(bare.latencies_ms.len(), 6);
        assert!(bare.latencies_ms.is_sorted());
    }
}

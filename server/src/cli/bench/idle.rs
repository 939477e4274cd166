//! `floorline bench idle`: what a connected socket costs while nothing happens.
//!
//! 5,000 read-only sessions follow the site's feed, and the server's resident memory is read before the first and after the last. What the
//! kernel holds for a socket is not in it, and the clients are another process. The peer is a bare tokio task with a socket and a buffer.

use std::time::Duration;

use anyhow::Context as _;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::descriptors;
use super::figure::{Aim, Figure, number};
use super::progress;
use super::readers;
use super::seed::Factory;
use super::stand::{Stand, on_a_stand};
use crate::platform::config::Config;

const BENCH: &str = "idle";
/// What a socket should cost at most.
const AIM_KIB: f64 = 16.0;
/// What a bare task reads into.
const BUFFER: usize = 4 * 1024;

struct Size {
    readers: usize,
    /// Until everything the welcomes left behind is gone.
    settle: Duration,
}

const FULL: Size = Size { readers: 5_000, settle: Duration::from_secs(5) };
const QUICK: Size = Size { readers: 20, settle: Duration::from_millis(200) };

pub(super) async fn measure(config: &Config, quick: bool) -> anyhow::Result<Vec<Figure>> {
    let size = if quick { QUICK } else { FULL };
    // Bare tasks have both ends in this process.
    let readers = descriptors::room_for(size.readers, 2);
    // First, while this process has no memory left over that the tasks would take for nothing.
    let bare = bare(readers).await?;
    let ours = on_a_stand(config, async |stand: &Stand| on(stand, readers, size.settle).await).await?;
    let figure = Figure::new(BENCH, format!("memory_of_{readers}_sockets"), ours, "KiB/socket", peer(), bare);
    Ok(vec![figure.aiming(Aim::AtMost(AIM_KIB))])
}

fn peer() -> String {
    format!("a bare tokio task with a socket and {} KiB to read into", BUFFER / 1024)
}

async fn on(stand: &Stand, readers: usize, settle: Duration) -> anyhow::Result<f64> {
    let factory = Factory::open(stand).await?;
    // The site's feed exists with the first thing that happened there.
    factory.accepted("PART", 1).await?;
    let server = stand.server()?;
    let before = resident_kib(server)?;
    let (until, _) = watch::channel(i64::MAX);
    let mut following = JoinSet::new();
    for reader in readers::connect(&factory, readers).await? {
        let until = until.subscribe();
        following.spawn(reader.follow(until, |_| {}));
    }
    let progress = progress::seconds(settle, "idle");
    progress::watched(tokio::time::sleep(settle), &progress).await;
    progress.finish_and_clear();
    let after = resident_kib(server)?;
    until.send_replace(0);
    while let Some(followed) = following.join_next().await {
        followed??;
    }
    Ok((after - before) / number(readers))
}

/// The same of a task that does nothing but wait for bytes.
async fn bare(sockets: usize) -> anyhow::Result<f64> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let (ready, mut all_ready) = mpsc::channel::<()>(1);
    let before = resident_kib(std::process::id())?;
    let (mut tasks, mut others) = (JoinSet::new(), Vec::new());
    for _ in 0..sockets {
        // The other end has no buffer and no task: a descriptor is all it takes here.
        let connecting = tokio::task::spawn_blocking(move || std::net::TcpStream::connect(address));
        let (socket, _) = listener.accept().await?;
        let mut other = connecting.await??;
        std::io::Write::write_all(&mut other, b"hello")?;
        others.push(other);
        let ready = ready.clone();
        tasks.spawn(async move {
            let (mut socket, mut buffer) = (socket, vec![0; BUFFER]);
            let mut ready = Some(ready);
            while let Ok(1..) = socket.read(&mut buffer).await {
                drop(ready.take());
            }
        });
    }
    drop(ready);
    // Ends when every task has read its first bytes.
    while all_ready.recv().await.is_some() {}
    let after = resident_kib(std::process::id())?;
    drop(others);
    while tasks.join_next().await.is_some() {}
    Ok(((after - before) / number(sockets)).max(0.001))
}

/// The resident memory of a process in KiB.
fn resident_kib(process: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))
        .context("memory is read from /proc, which this system does not have")?;
    resident(&status).context("/proc tells no resident memory")
}

fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_as_the_kernel_writes_it() {
        assert_eq!(resident("Name:\tfloorline\nVmHWM:\t  90000 kB\nVmRSS:\t   81236 kB\n"), Some(81_236.0));
        assert_eq!(resident("Name:\tfloorline\n"), None);
    }
}

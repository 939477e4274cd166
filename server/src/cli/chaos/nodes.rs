//! The two servers on one database.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::JoinHandle;

use super::fault::Struck;
use crate::cli::child::{ServerChild, Setting, Settings, Shared};

/// How long one stands still.
const PAUSE: Duration = Duration::from_secs(30);
/// Phones that were asked to come back do so soon: they are there to work.
const SETTINGS: Settings = &[("FLOORLINE_JITTER_MS", "2000")];

/// See the module. Whoever does something to a server holds it until that is over.
pub(super) struct Nodes(Vec<Arc<Mutex<ServerChild>>>);

/// Two free addresses, known before anything listens there.
pub(super) fn addresses() -> anyhow::Result<Vec<SocketAddr>> {
    let held = [TcpListener::bind(("127.0.0.1", 0))?, TcpListener::bind(("127.0.0.1", 0))?];
    held.iter().map(|listener| Ok(listener.local_addr()?)).collect()
}

impl Nodes {
    /// Starts one at each address.
    pub(super) async fn start(folder: &Path, addresses: &[SocketAddr], shared: &Shared) -> anyhow::Result<Self> {
        let mut nodes = Vec::new();
        for (n, address) in addresses.iter().enumerate() {
            let data = folder.join(format!("node-{}", n + 1));
            std::fs::create_dir_all(&data)?;
            let setting = Setting { data, address: *address, shared: Some(shared.clone()), extra: SETTINGS };
            nodes.push(Arc::new(Mutex::new(ServerChild::start_in(setting).await?)));
        }
        Ok(Self(nodes))
    }

    /// Ends one without warning and starts it again.
    pub(super) async fn kill(&self, rng: &mut StdRng) -> anyhow::Result<Struck> {
        let Some((n, mut node)) = self.any(rng) else { return Ok(Struck::NotRun("no server was free".to_owned())) };
        node.kill_and_restart().await.context("after a kill")?;
        Ok(Struck::Hit(format!("server {n}")))
    }

    /// Asks one after the other to stop, and starts it again.
    pub(super) async fn replace(&self) -> anyhow::Result<Struck> {
        let began = Instant::now();
        for node in &self.0 {
            let mut node = node.lock().await;
            node.put_down().await.context("asked to stop")?;
            node.make_sure().await.context("after it was asked to stop")?;
        }
        Ok(Struck::Hit(format!("{} servers in {} s", self.0.len(), began.elapsed().as_secs())))
    }

    /// Holds one still; it goes on by itself while other things happen.
    pub(super) fn pause(&self, rng: &mut StdRng) -> anyhow::Result<(Struck, Option<JoinHandle<anyhow::Result<()>>>)> {
        let Some((n, node)) = self.any(rng) else {
            return Ok((Struck::NotRun("no server was free".to_owned()), None));
        };
        node.pause()?;
        let going_on = tokio::spawn(async move {
            tokio::time::sleep(PAUSE).await;
            node.resume()
        });
        Ok((Struck::Hit(format!("server {n}, {} s", PAUSE.as_secs())), Some(going_on)))
    }

    /// Waits until all of them serve.
    pub(super) async fn ready(&self) -> anyhow::Result<()> {
        for node in &self.0 {
            node.lock().await.make_sure().await?;
        }
        Ok(())
    }

    /// Asks all of them to stop, and waits until they have.
    pub(super) async fn put_down(&self) -> anyhow::Result<()> {
        for node in &self.0 {
            node.lock().await.put_down().await?;
        }
        Ok(())
    }

    /// One that nothing is done to at the moment, and its number for people.
    fn any(&self, rng: &mut StdRng) -> Option<(usize, OwnedMutexGuard<ServerChild>)> {
        let first = rng.random_range(0..self.0.len().max(1));
        let from_there = self.0.iter().enumerate().cycle().skip(first).take(self.0.len());
        from_there.filter_map(|(n, node)| Some((n + 1, Arc::clone(node).try_lock_owned().ok()?))).next()
    }
}

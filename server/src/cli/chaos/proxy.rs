//! A bad network between phones and servers: one address for all of them, each connection to either server, and everything on the way may come late, in
//! pieces, in part, or not at all.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::RngExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// A server that does not take the connection by then is passed by.
const CONNECT_WITHIN: Duration = Duration::from_millis(500);
/// A lost connection is held this long: longer than either side waits for the other.
const LOST_FOR: Duration = Duration::from_secs(75);
/// A connection that is to be torn within a frame waits this long for one.
const FRAME_WITHIN: Duration = Duration::from_secs(2);
/// So many bytes of what was read at once are sliced; a snapshot would take for ever.
const SLICED: usize = 512;

/// See the module.
pub(super) struct Proxy {
    address: SocketAddr,
    network: Arc<Network>,
    _accepting: AbortOnDropHandle<()>,
}

/// What holds for all connections, and each by its number.
#[derive(Default)]
struct Network {
    delay_ms: AtomicU64,
    slicing: AtomicBool,
    lines: Mutex<BTreeMap<u64, watch::Sender<Fate>>>,
}

/// What becomes of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Carried,
    /// Nothing arrives any more, and neither end is told.
    Lost,
    /// The next frame ends in the middle, and the connection with it.
    Torn,
}

impl Proxy {
    /// Listens on loopback, in front of `nodes`.
    pub(super) async fn start(nodes: Vec<SocketAddr>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let (address, network) = (listener.local_addr()?, Arc::<Network>::default());
        let accepting = tokio::spawn(accept(listener, nodes, Arc::clone(&network)));
        Ok(Self { address, network, _accepting: AbortOnDropHandle::new(accepting) })
    }

    /// Where phones connect.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything comes up to so much later.
    pub(super) fn delay(&self, most: Duration) {
        self.network.delay_ms.store(u64::try_from(most.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Everything comes in pieces of a few bytes, or whole again.
    pub(super) fn slice(&self, slicing: bool) {
        self.network.slicing.store(slicing, Ordering::Relaxed);
    }

    /// About `share` of the connections there are carry nothing from now on; how many.
    pub(super) fn lose(&self, share: f64) -> usize {
        self.network.fate(share, Fate::Lost)
    }

    /// About `share` of the connections there are end within their next frame; how many.
    pub(super) fn tear(&self, share: f64) -> usize {
        self.network.fate(share, Fate::Torn)
    }
}

impl Network {
    fn lines(&self) -> MutexGuard<'_, BTreeMap<u64, watch::Sender<Fate>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fate(&self, share: f64, fate: Fate) -> usize {
        let lines = self.lines();
        let met = |line: &&watch::Sender<Fate>| *line.borrow() == Fate::Carried && rand::rng().random_bool(share);
        let mut count = 0;
        for line in lines.values().filter(met) {
            line.send_replace(fate);
            count += 1;
        }
        count
    }
}

async fn accept(listener: TcpListener, nodes: Vec<SocketAddr>, network: Arc<Network>) {
    let mut number = 0_u64;
    let mut carried = tokio::task::JoinSet::new();
    loop {
        // The process may be out of descriptors for a moment.
        let Ok((near, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        number += 1;
        while carried.try_join_next().is_some() {}
        let (nodes, network) = (nodes.clone(), Arc::clone(&network));
        carried.spawn(async move {
            let Some(far) = reach(&nodes).await else { return };
            let (fate, told) = watch::channel(Fate::Carried);
            network.lines().insert(number, fate);
            carry(near, far, told, &network).await;
            network.lines().remove(&number);
        });
    }
}

/// Any server, and another where that one is down.
async fn reach(nodes: &[SocketAddr]) -> Option<TcpStream> {
    let first = rand::rng().random_range(0..nodes.len().max(1));
    for node in nodes.iter().cycle().skip(first).take(nodes.len()) {
        if let Ok(Ok(far)) = tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(node)).await {
            return Some(far);
        }
    }
    None
}

async fn carry(mut near: TcpStream, mut far: TcpStream, fate: watch::Receiver<Fate>, network: &Network) {
    // Without it the pieces would be put together again.
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    {
        let ((near_in, near_out), (far_in, far_out)) = (near.split(), far.split());
        tokio::select! {
            () = pump(near_in, far_out, fate.clone(), network) => {}
            () = pump(far_in, near_out, fate.clone(), network) => {}
        }
    }
    if *fate.borrow() == Fate::Torn {
        // A reset, not a goodbye.
        let _ = (near.set_zero_linger(), far.set_zero_linger());
    }
}

async fn pump(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, mut fate: watch::Receiver<Fate>, network: &Network) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut bytes) => Some(read),
            Ok(()) = fate.changed() => None,
        };
        let now = *fate.borrow_and_update();
        let read = match (read, now) {
            (Some(read), _) => read,
            // Its next frame is waited for, a little.
            (None, Fate::Torn) => match tokio::time::timeout(FRAME_WITHIN, from.read(&mut bytes)).await {
                Ok(read) => read,
                Err(_) => return,
            },
            (None, Fate::Carried | Fate::Lost) => continue,
        };
        let Ok(read @ 1..) = read else { return };
        let whole = bytes.get(..read).unwrap_or_default();
        match now {
            Fate::Carried => {}
            Fate::Lost => return tokio::time::sleep(LOST_FOR).await,
            Fate::Torn => {
                let _ = to.write_all(whole.get(..read / 2).unwrap_or_default()).await;
                return;
            }
        }
        if deliver(whole, &mut to, network).await.is_err() {
            return;
        }
    }
}

async fn deliver(bytes: &[u8], to: &mut WriteHalf<'_>, network: &Network) -> std::io::Result<()> {
    let most = network.delay_ms.load(Ordering::Relaxed);
    if most > 0 {
        let late = rand::rng().random_range(0..=most);
        tokio::time::sleep(Duration::from_millis(late)).await;
    }
    if !network.slicing.load(Ordering::Relaxed) {
        return to.write_all(bytes).await;
    }
    let (mut sliced, rest) = bytes.split_at(bytes.len().min(SLICED));
    while !sliced.is_empty() {
        let (piece, later) = sliced.split_at(sliced.len().min(rand::rng().random_range(1..=7)));
        to.write_all(piece).await?;
        tokio::task::yield_now().await;
        sliced = later;
    }
    to.write_all(rest).await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that answers what it hears.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = socket.split();
                    tokio::io::copy(&mut read, &mut write).await
                });
            }
        });
        address
    }

    async fn asked(socket: &mut TcpStream, text: &[u8]) -> std::io::Result<Vec<u8>> {
        socket.write_all(text).await?;
        let mut heard = vec![0; text.len()];
        socket.read_exact(&mut heard).await?;
        Ok(heard)
    }

    #[tokio::test]
    async fn what_comes_late_or_in_pieces_comes_whole() {
        let proxy = Proxy::start(vec![echo().await]).await.unwrap();
        let mut socket = TcpStream::connect(proxy.address).await.unwrap();
        let text: Vec<u8> = (0..200).cycle().take(3_000).collect();
        assert_eq!(asked(&mut socket, &text).await.unwrap(), text);
        proxy.delay(Duration::from_millis(5));
        proxy.slice(true);
        assert_eq!(asked(&mut socket, &text).await.unwrap(), text);
    }

    #[tokio::test]
    async fn a_torn_connection_ends_within_what_it_carries_and_a_new_one_is_whole() {
        let proxy = Proxy::start(vec![echo().await]).await.unwrap();
        let mut socket = TcpStream::connect(proxy.address).await.unwrap();
        assert_eq!(asked(&mut socket, b"first").await.unwrap(), b"first");
        assert_eq!(proxy.tear(1.0), 1);
        assert!(asked(&mut socket, b"second").await.is_err());
        let mut again = TcpStream::connect(proxy.address).await.unwrap();
        assert_eq!(asked(&mut again, b"third").await.unwrap(), b"third");
    }

    #[tokio::test]
    async fn a_lost_connection_says_nothing_and_stays() {
        let proxy = Proxy::start(vec![echo().await]).await.unwrap();
        let mut socket = TcpStream::connect(proxy.address).await.unwrap();
        assert_eq!(asked(&mut socket, b"first").await.unwrap(), b"first");
        assert_eq!(proxy.lose(1.0), 1);
        assert!(tokio::time::timeout(Duration::from_millis(200), asked(&mut socket, b"second")).await.is_err());
    }

    #[tokio::test]
    async fn a_server_that_is_down_is_passed_by() {
        let down = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
        let proxy = Proxy::start(vec![down, echo().await]).await.unwrap();
        for _ in 0..8 {
            let mut socket = TcpStream::connect(proxy.address).await.unwrap();
            assert_eq!(asked(&mut socket, b"anybody").await.unwrap(), b"anybody");
        }
    }
}

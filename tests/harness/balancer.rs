//! One address in front of several servers, which takes them in turn and passes over those that are down.

use std::net::SocketAddr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// Carries connections until it is dropped.
pub struct Balancer {
    address: SocketAddr,
    _accepting: AbortOnDropHandle<()>,
}

impl Balancer {
    /// In front of these.
    pub async fn before(nodes: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = tokio::spawn(async move {
            for turn in 0.. {
                let Ok((near, _)) = listener.accept().await else { return };
                tokio::spawn(carry(near, nodes.clone(), turn));
            }
        });
        Self { address, _accepting: AbortOnDropHandle::new(accepting) }
    }

    /// The address phones use.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn carry(mut near: TcpStream, nodes: Vec<SocketAddr>, turn: usize) {
    for n in 0..nodes.len() {
        if let Ok(mut far) = TcpStream::connect(nodes[(turn + n) % nodes.len()]).await {
            let _ = near.set_nodelay(true).and_then(|()| far.set_nodelay(true));
            let _ = copy_bidirectional(&mut near, &mut far).await;
            return;
        }
    }
}

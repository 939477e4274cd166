//! A network between the server and PostgreSQL that can stop carrying anything without saying so.

use std::path::PathBuf;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;

/// Carries connections to a database of the tests' cluster.
pub struct Proxy {
    address: std::net::SocketAddr,
    database: String,
    /// Connections up to this number are carried no more.
    lost: watch::Sender<usize>,
    opened: watch::Receiver<usize>,
}

impl Proxy {
    /// In front of the database that `url` names, as the server's login.
    pub async fn before(url: &str) -> Self {
        let (folder, database) = url.split_once('@').unwrap().1.rsplit_once('/').unwrap();
        let socket = PathBuf::from(decoded(folder)).join(".s.PGSQL.5432");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (lost, gate) = watch::channel(0);
        let (count, opened) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let number = *count.borrow() + 1;
                count.send_replace(number);
                let (near_read, near_write) = near.into_split();
                let (far_read, far_write) = UnixStream::connect(&socket).await.unwrap().into_split();
                tokio::spawn(carry(near_read, far_write, number, gate.clone()));
                tokio::spawn(carry(far_read, near_write, number, gate.clone()));
            }
        });
        Self { address, database: database.to_owned(), lost, opened }
    }

    /// The address for the server's login.
    pub fn url(&self) -> String {
        format!("postgres://floorline@{}/{}", self.address, self.database)
    }

    /// From now on the connections there are carry nothing; new ones do.
    pub fn lose(&self) {
        self.lost.send_replace(*self.opened.borrow());
    }
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    number: usize,
    gate: watch::Receiver<usize>,
) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if *gate.borrow() >= number {
            // Neither end hears of it.
            return std::future::pending().await;
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut whole, part| {
        whole.push(char::from(u8::from_str_radix(&part[..2], 16).unwrap()));
        whole + &part[2..]
    })
}

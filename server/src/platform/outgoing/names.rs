//! Looks names up, and forgets those of their addresses that may not be reached.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec::IntoIter;

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use super::Reach;

/// The system's resolver, no further than it may.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    pub(super) reach: Reach,
}

impl Names {
    pub(super) async fn look_up(self, name: &str) -> io::Result<IntoIter<SocketAddr>> {
        // The port is put in later, by whoever connects.
        let found = tokio::net::lookup_host((name, 0)).await?;
        let allowed: Vec<SocketAddr> = found.filter(|address| self.reach.allows(address.ip())).collect();
        if allowed.is_empty() {
            return Err(io::Error::other("it is not an address of the public internet"));
        }
        Ok(allowed.into_iter())
    }
}

impl Service<Name> for Names {
    type Response = IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<IntoIter<SocketAddr>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let names = *self;
        Box::pin(async move { names.look_up(name.as_str()).await })
    }
}

//! A handheld without a screen: what the demonstration, the bench and the tests hold in their hands.

mod config;
mod floor;
mod inner;
mod open;
mod work;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use floorline_domain::ids::{DeviceId, StreamId};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

pub use self::config::{PhoneConfig, Transport};
pub use self::floor::FloorView;
pub(super) use self::inner::Inner;
use super::api::{Api, User};
use super::error::NativeError;
use super::sqlite::SqliteStore;
use super::worker::{Ask, ask};
use crate::client::{Client, Event, Notice};
use crate::resume::LinkState;
use crate::session::{Now, Session};

/// A device and the person using it. Dropping it closes the device; what is saved stays in its folder.
pub struct Phone {
    inner: Arc<Inner>,
    notices: broadcast::Sender<Notice>,
    tasks: Vec<JoinHandle<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What is still unsent, and how the device is connected.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The open stream.
    pub stream: StreamId,
    /// Acts without a verdict, photos not counted.
    pub unsent: usize,
    /// Photos the server does not have.
    pub photos: usize,
    /// The connection.
    pub link: LinkState,
    /// The server's epoch at the last welcome.
    pub server_epoch: Option<String>,
}

impl Phone {
    /// Signs a person in; works only while the server is in reach.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<User, NativeError> {
        let user = self.inner.api.sign_in(email, password).await?;
        self.use_as(&user);
        Ok(user)
    }

    fn use_as(&self, user: &User) {
        let session =
            Session { actor: user.id, permissions: user.permission_set(), roles: user.roles.clone(), lease_id: None };
        self.inner.give(Event::SignedIn(session));
    }

    /// The device.
    pub fn device_id(&self) -> DeviceId {
        self.inner.device_id
    }

    /// Its HTTP client, for what goes beside the protocol.
    pub fn api(&self) -> &Api {
        &self.inner.api
    }

    /// Connects now and from now on.
    pub fn go_online(&self) {
        self.inner.online.store(true, Ordering::Relaxed);
        self.inner.give(Event::Online);
        self.inner.photos.notify_one();
    }

    /// Drops the connection and stays away.
    pub fn go_offline(&self) {
        self.inner.online.store(false, Ordering::Relaxed);
        self.inner.give(Event::Offline);
    }

    /// What is still unsent, and how the device is connected.
    pub async fn standing(&self) -> Result<Standing, NativeError> {
        let work = |client: &mut Client, store: &mut SqliteStore, _| {
            let photos = store.waiting_photos()?.len();
            let server_epoch = client.server_epoch().map(str::to_owned);
            Ok(Standing { stream: client.stream(), unsent: client.unsent(), photos, link: client.link(), server_epoch })
        };
        self.ask(work).await
    }

    /// What happens from now on. A slow listener is told how many notices it missed; the journal has every verdict.
    pub fn events(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    /// Closes the device and waits until its files are.
    pub async fn close(mut self) {
        let _ = self.inner.asks.send(Ask::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Client, &mut SqliteStore, Now) -> Result<T, NativeError> + Send + 'static,
    ) -> Result<T, NativeError> {
        ask(&self.inner.asks, work).await
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        let _ = self.inner.asks.send(Ask::Stop);
        for task in &self.tasks {
            task.abort();
        }
    }
}

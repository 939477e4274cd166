//! What the person does, and what became of it.

use tokio::sync::oneshot;

use super::Phone;
use crate::client::{Act, Client, Scanned};
use crate::entry::Blob;
use crate::native::error::NativeError;
use crate::native::photos;
use crate::native::sqlite::SqliteStore;
use crate::native::worker::Ask;
use crate::outbox::{Held, Refused};
use crate::store::{ActId, JournalLine, Store};
use crate::verdict::Verdict;

impl Phone {
    /// Saves a scan; returns once it is durable.
    pub async fn scan(&self, raw: impl Into<String>) -> Result<Scanned, NativeError> {
        let raw = raw.into();
        self.ask(move |client, store, now| Ok(client.scan(&raw, now, store)??)).await
    }

    /// Saves an act; returns once it is durable.
    pub async fn act(&self, act: Act) -> Result<ActId, NativeError> {
        self.ask(move |client, store, now| Ok(client.act(act, now, store)??)).await
    }

    /// Saves many acts with one write to disk; each is saved or refused by itself.
    pub async fn act_all(&self, acts: Vec<Act>) -> Result<Vec<Result<ActId, Refused>>, NativeError> {
        let work = move |client: &mut Client, store: &mut SqliteStore, now| {
            let saved = acts.into_iter().map(|act| client.act(act, now, store));
            Ok(saved.collect::<Result<Vec<_>, _>>()?)
        };
        self.ask(work).await
    }

    /// Keeps a photo on the device, durably, before the act that names it; it is uploaded when there is a connection.
    pub async fn keep_photo(&self, bytes: Vec<u8>, mime: &str, role: Option<String>) -> Result<Blob, NativeError> {
        photos::keep(&self.inner, bytes, mime, role).await
    }

    /// Waits for the final verdict of an act.
    pub async fn verdict(&self, act: ActId) -> Result<Verdict, NativeError> {
        let (answer, answered) = oneshot::channel();
        self.inner.asks.send(Ask::Verdict(act, answer)).map_err(|_| NativeError::Closed)?;
        answered.await.map_err(|_| NativeError::Closed)
    }

    /// Waits until no act is unsent.
    pub async fn drained(&self) -> Result<(), NativeError> {
        let (answer, answered) = oneshot::channel();
        self.inner.asks.send(Ask::Drained(answer)).map_err(|_| NativeError::Closed)?;
        answered.await.map_err(|_| NativeError::Closed)
    }

    /// Acts without a verdict, acts the feed has not told yet, and acts someone must look at.
    pub async fn acts(&self) -> Result<Vec<Held>, NativeError> {
        self.ask(|client, _, _| Ok(client.acts().cloned().collect())).await
    }

    /// Someone has looked at what became of an act, or confirmed its alert.
    pub async fn looked_at(&self, act: ActId) -> Result<(), NativeError> {
        self.ask(move |client, store, _| Ok(client.looked_at(act, store)?)).await
    }

    /// Everything ever saved here and what became of it, oldest first.
    pub async fn journal(&self) -> Result<Vec<JournalLine>, NativeError> {
        self.ask(|_, store, _| Ok(store.journal(ActId(0), usize::MAX)?)).await
    }

    /// How many acts have no verdict.
    pub async fn unsent(&self) -> Result<usize, NativeError> {
        self.ask(|client, _, _| Ok(client.unsent())).await
    }
}

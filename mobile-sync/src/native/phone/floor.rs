//! Reading the floor from outside the device's thread, and fetching what it does not have yet.

use floorline_domain::ids::{ItemId, WorkflowVersionId};
use floorline_domain::label::Resolved;
use floorline_domain::workflow::Workflow;

use super::Phone;
use crate::client::{Client, Event};
use crate::native::error::NativeError;
use crate::native::sqlite::SqliteStore;
use crate::overlay::Predicted;
use crate::store::Row;
use crate::topic::Topic;

/// The floor as the device sees it at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct FloorView {
    /// The cursor of the site's feed; none before the first snapshot, and in another epoch before that one's.
    pub cursor: Option<i64>,
    /// Every item known here, with this device's own acts, by id.
    pub items: Vec<Predicted>,
    /// Queues, as the server told them.
    pub queues: Vec<Row>,
}

impl Phone {
    /// The floor with this device's own acts.
    pub async fn floor(&self) -> Result<FloorView, NativeError> {
        let work = |client: &mut Client, store: &mut SqliteStore, _| {
            let mut floor = client.floor(store);
            Ok(FloorView { cursor: floor.cursor(), items: floor.items()?, queues: floor.rows("queue")? })
        };
        self.ask(work).await
    }

    /// One item with this device's own acts; none when it is not known here.
    pub async fn item(&self, id: ItemId) -> Result<Option<Predicted>, NativeError> {
        self.ask(move |client, store, _| Ok(client.floor(store).item(id)?)).await
    }

    /// Rows of a noun as the server told them: `queue`, `location`, `user`, `order`, `label` …
    pub async fn rows(&self, kind: &'static str) -> Result<Vec<Row>, NativeError> {
        self.ask(move |client, store, _| Ok(client.floor(store).rows(kind)?)).await
    }

    /// The workflow version an item runs.
    pub async fn workflow(&self, id: WorkflowVersionId) -> Result<Option<Workflow>, NativeError> {
        self.ask(move |client, store, _| Ok(client.floor(store).workflow(id)?)).await
    }

    /// What a scanned text means, as far as this device knows.
    pub async fn resolve(&self, raw: impl Into<String>) -> Result<Resolved, NativeError> {
        let raw = raw.into();
        self.ask(move |client, store, _| Ok(client.floor(store).resolve(&raw)?)).await
    }

    /// Fetches what the floor does not have yet: the feed tells an accepted order in one event, not its items and labels.
    pub async fn load_missing(&self) -> Result<(), NativeError> {
        let topic = Topic::Site(self.inner.site);
        let text = self.inner.api.snapshot(&format!("/v1/sync/snapshot?topic={topic}")).await?;
        self.inner.give(Event::Added { topic, text });
        // What is asked after it sees it.
        self.unsent().await.map(drop)
    }

    /// Fetches an item that is newer than the floor's snapshot.
    pub async fn load_item(&self, id: ItemId) -> Result<(), NativeError> {
        let item = self.inner.api.item(id).await?;
        self.inner.give(Event::Loaded(Box::new(item)));
        Ok(())
    }
}

//! Rows of the floor: what an event or a snapshot says of one thing, the higher version winning.

use std::sync::Arc;

use floorline_domain::ids::ItemId;
use floorline_domain::item::Item;
use floorline_domain::json;
use serde::de::DeserializeOwned;

use super::Base;
use super::told::{Told, Versioned};
use crate::feed::Actor;
use crate::store::{Row, Store, StoreError};
use crate::topic::Topic;

impl Base {
    /// Writes an event's post-image, unless the row is newer already.
    pub(super) fn apply(&mut self, topic: Topic, told: Told, store: &mut impl Store) -> Result<(), StoreError> {
        let (id, kind) = (told.row_id(), told.subject.kind);
        match told.after.filter(|body| body.text() != "null") {
            Some(body) => {
                let version = body.read::<Versioned>().map(|row| row.version).unwrap_or_default();
                self.put_newer(topic, Row { kind, id, version, body: body.text().to_owned() }, store)
            }
            None if told.kind.ends_with(".deleted") || told.kind.ends_with(".removed") => {
                self.items.removed(&kind, &id);
                store.drop_row(topic, &kind, &id)
            }
            None => Ok(()),
        }
    }

    /// Keeps the name of somebody who came after the snapshot, so that what they did is not told as someone's.
    pub(super) fn meet(&mut self, actor: Option<&Actor>, store: &mut impl Store) -> Result<(), StoreError> {
        let Some(actor) = actor else { return Ok(()) };
        let (kind, id) = ("user".to_owned(), actor.id.to_string());
        if store.row(self.site, &kind, &id)?.is_some() {
            return Ok(());
        }
        let body = json::write(actor).map_err(|error| StoreError(error.to_string()))?;
        self.put(self.site, &Row { kind, id, version: 0, body }, store)
    }

    /// Writes a row unless a higher version is there.
    pub(crate) fn put_newer(&mut self, topic: Topic, row: Row, store: &mut impl Store) -> Result<(), StoreError> {
        match store.row(topic, &row.kind, &row.id)? {
            Some(old) if old.version > row.version => Ok(()),
            _ => self.put(topic, &row, store),
        }
    }

    pub(super) fn put(&mut self, topic: Topic, row: &Row, store: &mut impl Store) -> Result<(), StoreError> {
        if topic == self.site {
            self.items.written(row);
        }
        store.put_row(topic, row)
    }

    /// An item of the floor as the server last told it.
    pub(crate) fn item(&mut self, id: ItemId, store: &mut impl Store) -> Result<Option<Arc<Item>>, StoreError> {
        self.items.get(self.site, id, store)
    }

    /// Every item of the floor, by id.
    pub(crate) fn all_items(&mut self, store: &mut impl Store) -> Result<Vec<Arc<Item>>, StoreError> {
        self.items.all(self.site, store)
    }

    /// How many items the floor has, however many: counted without reading them.
    pub(crate) fn item_count(&mut self, store: &mut impl Store) -> Result<usize, StoreError> {
        match self.items.count() {
            Some(count) => Ok(count),
            None => Ok(store.rows(self.site, "item")?.len()),
        }
    }
}

/// The row of an item fetched by itself.
pub(crate) fn item_row(item: &Item) -> Result<Row, StoreError> {
    let body = json::write(item).map_err(|error| StoreError(error.to_string()))?;
    Ok(Row { kind: "item".to_owned(), id: item.id.to_string(), version: item.version, body })
}

/// Reads a row as a `T`; what this build cannot read is not there.
pub(crate) fn read_row<T: DeserializeOwned>(
    topic: Topic,
    kind: &str,
    id: &str,
    store: &mut impl Store,
) -> Result<Option<T>, StoreError> {
    Ok(store.row(topic, kind, id)?.and_then(|row| json::read(&row.body).ok()))
}

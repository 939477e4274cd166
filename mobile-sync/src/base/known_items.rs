//! Items of the floor, read from their rows once.
//!
//! A worker's screen asks for all items again and again, and reading JSON is what that costs. What is kept here only
//! repeats the store; past a bound nothing is kept, so that a device's memory does not grow with the order book.

use std::sync::Arc;

use floorline_domain::ids::ItemId;
use floorline_domain::item::Item;
use floorline_domain::json;

use crate::sorted::Sorted;
use crate::store::{Row, Store, StoreError};
use crate::topic::Topic;

/// Items kept in memory at most.
const MOST: usize = 4_000;

#[derive(Debug, Clone, Default)]
pub(crate) struct KnownItems {
    /// Every item of the feed is named in `items`.
    whole: bool,
    /// Read, or to be read when someone asks. An id whose row is no item stays unread.
    items: Sorted<ItemId, Option<Arc<Item>>>,
}

/// What is kept is what the store holds: two of them never differ in what they answer.
impl PartialEq for KnownItems {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl KnownItems {
    /// A row was written.
    pub(crate) fn written(&mut self, row: &Row) {
        if row.kind == "item"
            && self.whole
            && let Ok(id) = row.id.parse()
        {
            self.items.insert(id, None);
            if self.items.len() > MOST {
                self.forget();
            }
        }
    }

    /// A row was removed.
    pub(crate) fn removed(&mut self, kind: &str, id: &str) {
        if kind == "item"
            && let Ok(id) = id.parse()
        {
            self.items.remove(&id);
        }
    }

    /// The rows are others now.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// How many there are; none where they are not kept here.
    pub(crate) fn count(&self) -> Option<usize> {
        self.whole.then(|| self.items.len())
    }

    /// One item.
    pub(crate) fn get(
        &mut self,
        topic: Topic,
        id: ItemId,
        store: &mut impl Store,
    ) -> Result<Option<Arc<Item>>, StoreError> {
        match self.items.get_mut(&id) {
            Some(Some(item)) => Ok(Some(Arc::clone(item))),
            None if self.whole => Ok(None),
            place => {
                let item = store.row(topic, "item", &id.to_string())?.and_then(|row| read(&row));
                if let Some(place) = place {
                    place.clone_from(&item);
                }
                Ok(item)
            }
        }
    }

    /// Every item, by id.
    pub(crate) fn all(&mut self, topic: Topic, store: &mut impl Store) -> Result<Vec<Arc<Item>>, StoreError> {
        if !self.whole {
            let items: Vec<Arc<Item>> = store.rows(topic, "item")?.iter().filter_map(read).collect();
            if items.len() <= MOST {
                self.items = items.iter().map(|item| (item.id, Some(Arc::clone(item)))).collect();
                self.whole = true;
            }
            return Ok(items);
        }
        for (id, place) in self.items.iter_mut() {
            if place.is_none() {
                *place = store.row(topic, "item", &id.to_string())?.and_then(|row| read(&row));
            }
        }
        Ok(self.items.values().flatten().cloned().collect())
    }
}

fn read(row: &Row) -> Option<Arc<Item>> {
    json::read(&row.body).ok().map(Arc::new)
}

//! Letting go of what ended: a phone that follows its site for months would keep every item that ever went through it.

use chrono::{DateTime, Utc};
use floorline_domain::ids::ItemId;
use floorline_domain::item::Status;
use floorline_domain::json;
use serde::Deserialize;
use uuid::Uuid;

use super::Base;
use crate::sorted::Sorted;
use crate::store::{Row, Store, StoreError};
use crate::wire::Raw;

/// As much of an item as says whether anybody still works on it.
#[derive(Deserialize)]
struct Life {
    id: ItemId,
    status: Status,
    updated_at: DateTime<Utc>,
    #[serde(default)]
    parent_id: Option<ItemId>,
}

/// What a label, or a code of another maker, names.
#[derive(Deserialize)]
struct Names {
    #[serde(default)]
    item_id: Option<Uuid>,
    #[serde(default)]
    target_id: Option<Uuid>,
    #[serde(default)]
    target: Option<Raw>,
}

#[derive(Deserialize)]
struct Target {
    id: Uuid,
}

#[derive(Deserialize)]
struct Shift {
    #[serde(default)]
    ended_at: Option<DateTime<Utc>>,
}

impl Base {
    /// Forgets items that ended before `long_ago`, with what names them, and shifts that did, as a snapshot would. Components stay as long as
    /// the item they are of, and so does what `is_held` by acts that are not told back yet.
    pub(crate) fn trim(
        &mut self,
        long_ago: DateTime<Utc>,
        is_held: impl Fn(ItemId) -> bool,
        store: &mut impl Store,
    ) -> Result<(), StoreError> {
        let site = self.site;
        let rows = store.rows(site, "item")?;
        let lives: Vec<Life> = rows.iter().filter_map(|row| json::read(&row.body).ok()).collect();
        let is_over = |life: &Life| life.status.is_final() && life.updated_at < long_ago && !is_held(life.id);
        let over: Sorted<ItemId, bool> = lives.iter().map(|life| (life.id, is_over(life))).collect();
        // A component whose whole is not known here goes by itself.
        let goes_with = |whole| over.get(&whole).is_none_or(|over| *over);
        let gone =
            lives.iter().filter(|life| over.get(&life.id) == Some(&true) && life.parent_id.is_none_or(goes_with));
        let gone: Sorted<Uuid, ()> = gone.map(|life| (life.id.0, ())).collect();
        if !gone.is_empty() {
            for id in gone.keys() {
                self.items.removed("item", &id.to_string());
                store.drop_row(site, "item", &id.to_string())?;
            }
            for kind in ["label", "item_code"] {
                for row in store.rows(site, kind)? {
                    if named(&row).is_some_and(|id| gone.contains_key(&id)) {
                        store.drop_row(site, kind, &row.id)?;
                    }
                }
            }
        }
        for row in store.rows(site, "shift")? {
            if json::read::<Shift>(&row.body).is_ok_and(|shift| shift.ended_at.is_some_and(|at| at < long_ago)) {
                store.drop_row(site, "shift", &row.id)?;
            }
        }
        Ok(())
    }
}

fn named(row: &Row) -> Option<Uuid> {
    let names: Names = json::read(&row.body).ok()?;
    names.item_id.or(names.target_id).or_else(|| Some(names.target?.read::<Target>().ok()?.id))
}

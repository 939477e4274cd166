//! Makes and changes places, keeping the tree a tree.

use chrono::{DateTime, Utc};
use floorline_domain::FieldError;
use uuid::Uuid;

use super::store;
use super::views::{Location, LocationChange, NewLocation};
use crate::platform::http::{ApiError, Code, IfMatch};
use crate::platform::tenancy::TenantTx;

/// The kinds of place, as the database knows them.
const KINDS: [&str; 9] = ["site", "area", "station", "warehouse", "room", "rack", "shelf", "bin", "zone"];

/// Makes a place.
pub(super) async fn create(
    tx: &mut TenantTx,
    new: &NewLocation,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Location, ApiError> {
    let mut errors = faults(Some(&new.name), new.capacity);
    let is_site = new.kind == "site";
    if !KINDS.contains(&new.kind.as_str()) {
        errors.push(FieldError::new("kind", "unknown", format!("A kind is one of {}.", KINDS.join(", "))));
    } else if is_site && new.parent_id.is_some() {
        errors.push(FieldError::new("parent_id", "not_allowed", "A site is a root and has no parent."));
    } else if !is_site && new.parent_id.is_none() {
        errors.push(FieldError::new("parent_id", "required", "Only a site has no parent."));
    }
    if !errors.is_empty() {
        return Err(ApiError::invalid(errors));
    }
    let site_id = match new.parent_id {
        Some(parent) => {
            store::lock_tree(tx).await?;
            usable_parent(tx, parent).await?.site_id
        }
        None => id,
    };
    let location = Location {
        id,
        kind: new.kind.clone(),
        name: new.name.trim().to_owned(),
        parent_id: new.parent_id,
        site_id,
        capacity: new.capacity,
        active: true,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    store::insert(tx, &location).await?;
    Ok(location)
}

/// Changes a place; a new parent takes along everything inside.
pub(super) async fn change(
    tx: &mut TenantTx,
    id: Uuid,
    expected: IfMatch,
    wish: LocationChange,
    now: DateTime<Utc>,
) -> Result<Location, ApiError> {
    if wish.parent_id.is_some() || wish.active.is_some() {
        store::lock_tree(tx).await?;
    }
    let mut location = store::load_for_update(tx, id).await?;
    expected.check(location.version)?;
    let errors = faults(wish.name.as_deref(), wish.capacity.flatten());
    if !errors.is_empty() {
        return Err(ApiError::invalid(errors));
    }
    if let Some(name) = wish.name {
        location.name = name.trim().to_owned();
    }
    if let Some(capacity) = wish.capacity {
        location.capacity = capacity;
    }
    if let Some(parent) = wish.parent_id.filter(|parent| Some(*parent) != location.parent_id) {
        move_into(tx, &mut location, parent, now).await?;
    }
    match wish.active {
        Some(true) if !location.active => {
            if let Some(parent) = location.parent_id {
                usable_parent(tx, parent).await?;
            }
            location.active = true;
        }
        Some(false) if location.active => super::retire_location::retire(tx, &mut location).await?,
        _ => {}
    }
    location.updated_at = now;
    location.version += 1;
    store::update(tx, &location).await?;
    Ok(location)
}

async fn move_into(
    tx: &mut TenantTx,
    location: &mut Location,
    parent: Uuid,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    if location.kind == "site" {
        return Err(ApiError::invalid_field("parent_id", "not_allowed", "A site is a root and has no parent."));
    }
    let target = usable_parent(tx, parent).await?;
    if store::is_within(tx, parent, location.id).await? {
        return Err(ApiError::invalid_field("parent_id", "cycle", "A place cannot be inside of itself."));
    }
    if target.site_id != location.site_id {
        // Items belong to a site; work on them would be told to the wrong one.
        let uses = store::uses(tx, location.id, None).await?;
        if uses.items > 0 {
            return Err(ApiError::new(Code::InUse, format!("{} open items are there; move them first.", uses.items))
                .with(serde_json::json!({ "items": uses.items, "codes": uses.codes })));
        }
        location.site_id = target.site_id;
        store::move_tree(tx, location.id, target.site_id, now).await?;
    }
    location.parent_id = Some(parent);
    Ok(())
}

/// The place something may be put into: known here and in use.
async fn usable_parent(tx: &mut TenantTx, id: Uuid) -> Result<Location, ApiError> {
    store::find(tx, id)
        .await?
        .filter(|parent| parent.active)
        .ok_or_else(|| ApiError::invalid_field("parent_id", "unknown", "There is no such place in use."))
}

fn faults(name: Option<&str>, capacity: Option<i32>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if name.is_some_and(|name| name.trim().is_empty() || name.chars().count() > 200) {
        errors.push(FieldError::new("name", "length", "A name has 1 to 200 characters."));
    }
    if capacity.is_some_and(|capacity| capacity < 1) {
        errors.push(FieldError::new("capacity", "out_of_range", "A capacity is at least 1."));
    }
    errors
}

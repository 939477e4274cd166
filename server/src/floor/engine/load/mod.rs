//! Brings everything a batch needs into memory, in the protocol's lock order: streams (before this), cases, orders, items with
//! components, labels, shifts.

mod cases;
mod files;
mod found;
mod look_up;
mod rows;
mod streams;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use floorline_domain::permission::{Permission, PermissionSet};
use floorline_domain::{EntryKey, LeaseId, LocationId, OrderId, StreamId, UserId};
use floorline_mobile_sync::entry::Origin;
use serde::de::DeserializeOwned;

use self::cases::lock_cases;
use self::files::stored_files;
use self::found::{FoundAlias, FoundLease, FoundPerson};
use self::look_up::look_up;
use self::rows::{lock_items, lock_labels, lock_orders, lock_shifts};
pub(super) use self::streams::{begin_with_streams, lock_streams};
use super::core::{Alias, Lease, Loaded, Needs, Person, World};
use super::workflows::WorkflowCache;
use crate::platform::db::together;
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Loads and locks what `needs` names.
pub(super) async fn load(
    tx: &mut TenantTx,
    cache: &WorkflowCache,
    site: Option<LocationId>,
    needs: Needs,
    now: DateTime<Utc>,
) -> Result<Loaded, ApiError> {
    let found = look_up(tx, site, &needs, now).await?;
    let cases =
        found.receipts.iter().filter_map(|receipt| receipt.case_id).chain(needs.cases.iter().copied()).collect();
    let orders: BTreeSet<OrderId> = found.items.iter().filter_map(|item| item.order_id).collect();
    // In the order of locks.
    let labels_and_shifts = together(lock_labels(tx, &needs), lock_shifts(tx, &needs.shifts));
    let items_and_after = together(lock_items(tx, &needs.items), labels_and_shifts);
    let locked = together(lock_cases(tx, cases), together(lock_orders(tx, orders), items_and_after));
    let (case_states, (orders, ((items, unreadable), (held_labels, shifts)))) = locked.await?;
    let workflows = cache.get(tx, items.values().map(|held| held.item.workflow_version_id).collect()).await?;
    let photos = stored_files(tx, needs.files, &items, &workflows).await?;
    let origins = found
        .origins
        .iter()
        .map(|origin| (Origin { stream_id: origin.stream_id, seq: origin.seq, hash: origin.hash }, origin.clone()))
        .collect();
    let world = World {
        site,
        items,
        unreadable,
        orders,
        case_states,
        held_labels,
        shifts,
        shift_rows: Vec::new(),
        touched: BTreeSet::new(),
        workflows,
        known_items: found.items.iter().map(|item| item.id).collect(),
        people: found.people.into_iter().map(person).collect(),
        leases: found.leases.into_iter().map(lease).collect(),
        places: found.places.into_iter().filter(|place| place.active).map(|place| (place.id, place.site_id)).collect(),
        labels: found.labels.into_iter().map(|label| (label.code.clone(), label)).collect(),
        texts: found.texts.into_iter().map(|text| (text.raw, text.item_id)).collect(),
        photos,
        aliases: aliases(found.aliases),
        receipts: found.receipts.into_iter().map(|receipt| ((receipt.stream_id, receipt.seq), receipt)).collect(),
        strict: found.strict.unwrap_or(false),
        too_old: found.too_old,
        scans: Vec::new(),
        measurements: Vec::new(),
        photo_references: BTreeSet::new(),
        cases: Vec::new(),
    };
    Ok(Loaded { world, origins })
}

fn aliases(found: Vec<FoundAlias>) -> BTreeMap<(StreamId, i64), Vec<Alias>> {
    let mut aliases: BTreeMap<_, Vec<Alias>> = BTreeMap::new();
    for FoundAlias { origin_stream_id, origin_seq, origin_hash: hash, stream_id, seq } in found {
        let alias = Alias { hash, key: EntryKey { stream_id, seq } };
        aliases.entry((origin_stream_id, origin_seq)).or_default().push(alias);
    }
    aliases
}

fn person(found: FoundPerson) -> (UserId, Person) {
    let permissions = permissions(&found.permissions);
    let FoundPerson { id, name, active, roles, shift_location, shift_active_at, .. } = found;
    (id, Person { name, active, roles, permissions, shift_location, shift_active_at })
}

fn lease(found: FoundLease) -> (LeaseId, Lease) {
    let permissions = permissions(&found.permissions);
    let FoundLease { id, user_id, device_id, roles, .. } = found;
    (id, Lease { user_id, device_id, roles, permissions })
}

/// Permissions that this build knows; a newer server may have granted others.
fn permissions(texts: &[String]) -> PermissionSet {
    texts.iter().filter_map(|text| text.parse::<Permission>().ok()).collect()
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    serde_json::from_str(text).map_err(ApiError::internal)
}

fn damaged(what: &'static str) -> ApiError {
    ApiError::internal(anyhow::anyhow!(what))
}

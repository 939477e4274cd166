//! Names beside ids: screens show people, places and orders, not numbers.

use floorline_domain::ids::{LocationId, OrderId, UserId};
use floorline_domain::json;
use floorline_domain::label::Resolved;
use serde::Deserialize;
use serde_json::Value;

use crate::client::{Earlier, Scanned};
use crate::floor::Floor;
use crate::session::Now;
use crate::store::{Store, StoreError};

#[derive(Deserialize)]
struct Named {
    #[serde(alias = "po_number")]
    name: String,
}

/// A person's name, when they are of the shift.
pub(super) fn person<S: Store>(id: UserId, floor: &mut Floor<'_, S>) -> Result<Option<String>, StoreError> {
    Ok(floor.row::<Named>("user", &id.to_string())?.map(|row| row.name))
}

/// A place's name.
pub(super) fn place<S: Store>(id: LocationId, floor: &mut Floor<'_, S>) -> Result<Option<String>, StoreError> {
    Ok(floor.row::<Named>("location", &id.to_string())?.map(|row| row.name))
}

/// What its brand calls an order.
pub(super) fn order<S: Store>(id: OrderId, floor: &mut Floor<'_, S>) -> Result<Option<String>, StoreError> {
    Ok(floor.row::<Named>("order", &id.to_string())?.map(|row| row.name))
}

/// What came of a scan, with the names of what and of who was there before.
pub(in super::super) fn scanned<S: Store>(
    scanned: Scanned,
    now: Now,
    floor: &mut Floor<'_, S>,
) -> Result<Value, StoreError> {
    let again = match scanned.earlier {
        Some(Earlier { by, ago_ms }) => {
            Some(json::object! { "by": by, "name": person(by, floor)?, "time": now.time - ago_ms })
        }
        None => None,
    };
    let resolved = resolved(scanned.resolved, floor)?;
    Ok(json::object! { "act": scanned.act, "resolved": resolved, "action_id": scanned.action_id, "again": again })
}

/// What a text means, with the name of it.
pub(in super::super) fn resolved<S: Store>(resolved: Resolved, floor: &mut Floor<'_, S>) -> Result<Value, StoreError> {
    Ok(match resolved {
        Resolved::Item(id) => {
            let code = floor.base_item(id)?.map(|item| item.code);
            json::object! { "kind": "item", "id": id, "code": code }
        }
        Resolved::Location(id) => json::object! { "kind": "location", "id": id, "name": place(id, floor)? },
        Resolved::User(id) => json::object! { "kind": "user", "id": id, "name": person(id, floor)? },
        Resolved::Action(id) => json::object! { "kind": "action", "id": id },
        Resolved::Blank(code) => json::object! { "kind": "blank", "code": code },
        Resolved::Revoked(code) => json::object! { "kind": "revoked", "code": code },
        Resolved::Foreign(code) => json::object! { "kind": "foreign", "code": code },
        Resolved::Unsound(code) => json::object! { "kind": "unsound", "code": code },
        Resolved::Text(text) => json::object! { "kind": "text", "text": text },
    })
}

//! Names beside ids: screens show people and places, not numbers.

use floorline_domain::ids::{LocationId, UserId};
use floorline_domain::label::Resolved;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::floor::Floor;
use crate::store::{Store, StoreError};

#[derive(Deserialize)]
struct Named {
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

/// What a text means, with the name of it.
pub(in super::super) fn resolved<S: Store>(resolved: Resolved, floor: &mut Floor<'_, S>) -> Result<Value, StoreError> {
    Ok(match resolved {
        Resolved::Item(id) => {
            let code = floor.base_item(id)?.map(|item| item.code);
            json!({ "kind": "item", "id": id, "code": code })
        }
        Resolved::Location(id) => json!({ "kind": "location", "id": id, "name": place(id, floor)? }),
        Resolved::User(id) => json!({ "kind": "user", "id": id, "name": person(id, floor)? }),
        Resolved::Action(id) => json!({ "kind": "action", "id": id }),
        Resolved::Blank(code) => json!({ "kind": "blank", "code": code }),
        Resolved::Revoked(code) => json!({ "kind": "revoked", "code": code }),
        Resolved::Foreign(code) => json!({ "kind": "foreign", "code": code }),
        Resolved::Unsound(code) => json!({ "kind": "unsound", "code": code }),
        Resolved::Text(text) => json!({ "kind": "text", "text": text }),
    })
}

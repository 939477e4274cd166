//! What each field of a request means: a thing of an organisation, or nothing that belongs to anybody.
//!
//! A new route whose fields stand here already needs nothing. A new field needs one line: which thing of the scene it names, or any value it takes.

use serde_json::{Value, json};

use super::document::Route;

/// What is written into a field.
pub enum Word {
    /// The name of this thing in an organisation's scene.
    Thing(&'static str),
    /// This, whoever asks.
    Any(Value),
}

use Word::{Any, Thing};

/// What is written where a person may write anything.
pub const TEXT: &str = "Something";

/// What `{id}` names after this part of a path.
const NOUNS: [(&str, &str); 17] = [
    ("cases", "case"),
    ("devices", "device"),
    ("items", "item"),
    ("locations", "location"),
    ("orders", "order"),
    ("organizations", "organization"),
    ("partnerships", "partnership"),
    ("photos", "photo"),
    ("queues", "queue"),
    ("roles", "role"),
    ("shifts", "shift"),
    ("uploads", "upload"),
    ("users", "user"),
    ("workflows", "workflow"),
    ("labels", "label"),
    ("codes", "raw"),
    ("Q", "active label"),
];

/// What a parameter of the path means.
pub fn in_path(route: &Route, name: &str) -> Word {
    match name {
        "item_id" => return Thing("item"),
        "form" => return Any(json!("svg")),
        "number" => return Any(json!("1")),
        "stage" => return Any(json!("sew")),
        "action" => return Any(json!("look")),
        "action_id" => return Any(json!("cut.length")),
        _ => {}
    }
    let before = route.path.split(&format!("/{{{name}}}")).next().unwrap().rsplit('/').next().unwrap();
    let noun = NOUNS.iter().find(|(part, _)| *part == before).unwrap_or_else(|| {
        panic!(
            "{}: what does {{{name}}} name after {before:?}? Add it to NOUNS in tests/isolation/words.rs, and one to tests/isolation/scene.rs.",
            route.name()
        )
    });
    Thing(noun.1)
}

/// What a parameter of the query or a member of a body means; `path` is where it stands, such as `items.0.user_id`.
pub fn in_field(route: &Route, name: &str) -> Word {
    let room = route.path.split('/').nth(2).unwrap_or_default();
    match (room, name) {
        (
            "items" | "labels" | "queues" | "scans" | "sync" | "shifts" | "orders" | "photos" | "workflows",
            "item_id",
        ) => Thing("item"),
        ("items", "parent_id") => Thing("item"),
        ("locations", "parent_id") => Thing("location"),
        ("items", "code") => Thing("item code"),
        ("items", "id") => Thing("item"),
        ("items", "to" | "stage") | ("queues", "stage") => Any(json!("sew")),
        ("items", "status") => Any(json!("active")),
        // Whoever has one of these is let in by it: they are guessed at here.
        ("devices" | "auth", "code") | ("auth", "refresh_token") => Any(json!("guessed")),
        ("devices", "state") => Any(json!("active")),
        ("devices", "kind") => Any(json!("fcm")),
        // Whoever knows an address takes it over on their own phone.
        ("devices", "address") => Any(json!(format!("guessed-{}", uuid::Uuid::new_v4()))),
        ("sync", "state") => Any(json!("open")),
        ("labels", "status") => Any(json!("active")),
        ("partnerships", "status") => Any(json!("active")),
        ("brand" | "orders", "status") => Any(json!("pending")),
        ("auth", "email") => Thing("email"),
        ("users", "email") => Any(json!(format!("{}@elsewhere.example", uuid::Uuid::new_v4()))),
        ("organizations", "email") => Any(json!(format!("{}@elsewhere.example", uuid::Uuid::new_v4()))),
        ("orders", "code") => Any(json!("CAP")),
        (_, "order_id") => Thing("order"),
        (_, "line_id") => Thing("line"),
        (_, "site_id") => Thing("site"),
        (_, "location_id") => Thing("location"),
        (_, "workflow_id") => Thing("workflow"),
        (_, "user_id" | "assigned_to" | "actor_id") => Thing("user"),
        (_, "role_id" | "role_ids") => Thing("role"),
        (_, "device_id") => Thing("device"),
        (_, "component_ids") => Thing("part"),
        (_, "factory_id") => Thing("organization"),
        (_, "brand_id") => Thing("brand"),
        (_, "sha256") => Thing("sha256"),
        (_, "after") => Thing("label id"),
        (_, "codes") => Thing("label"),
        (_, "raw") => Thing("raw"),
        (_, "topic") => Thing("topic"),
        _ => Any(plain(name).unwrap_or_else(|| {
            panic!(
                "{}: what is {name:?}? Say in tests/isolation/words.rs which thing it names, or a value it takes.",
                route.name()
            )
        })),
    }
}

/// Values that belong to nobody.
fn plain(name: &str) -> Option<Value> {
    Some(match name {
        "action_id" => json!("cut.length"),
        "active" | "components" | "printed" | "unprinted" | "public_passport" | "replace" | "template" => json!(true),
        "app_version" | "platform" => json!("1.0.0"),
        "attributes" | "component_workflows" | "settings" | "specification" => json!({}),
        "blobs" | "permissions" | "stages" => json!([]),
        "capacity" | "copies" | "count" | "limit" | "max_items" | "module" | "quantity" => json!(1),
        "currency" => json!("EUR"),
        "current_password" | "password" => json!("wrong but long enough"),
        "cursor" | "entry" | "expand" | "q" => json!(""),
        "data" => json!({ "readings": [] }),
        "digits" => json!("123456"),
        "dpi" => json!(300),
        "epoch" => json!("e"),
        "auth" | "p256dh" => json!("not needed"),
        "end" => json!("06:00"),
        "keys" => json!(["sew", "cut"]),
        "kind" => json!("area"),
        "new_password" => json!("another, long enough"),
        "of" => json!({ "stream_id": uuid::Uuid::nil(), "seq": 1 }),
        "pin" => json!("2580"),
        "priority" => json!("high"),
        "promised_delivery_date" | "requested_delivery_date" => json!("2099-01-31"),
        "public_key" => json!({}),
        "since" => json!("2026-01-01T00:00:00Z"),
        "size" => json!("thumbnail"),
        // Teams are not kept by the server yet: the id is anybody's.
        "team_id" => json!(uuid::Uuid::nil()),
        "start" => json!("22:00"),
        "time_zone" => json!("UTC"),
        "to" => json!("cut"),
        "total_value" | "unit_price" => json!("12.50"),
        "wait" => json!(0),
        "description" | "name" | "note" | "notes" | "po_number" | "reason" | "text" => json!(TEXT),
        _ => return None,
    })
}

/// What a header that must be there says.
pub fn in_header(route: &Route, name: &str) -> String {
    let known = match name {
        "If-Match" => "\"1\"",
        "Tus-Resumable" => "1.0.0",
        "Upload-Offset" => "0",
        "Upload-Length" => "3",
        "Upload-Metadata" => {
            "mime aW1hZ2UvanBlZw==,sha256 YmE3ODE2YmY4ZjAxY2ZlYTQxNDE0MGRlNWRhZTIyMjNiMDAzNjFhMzk2MTc3YTljYjQxMGZmNjFmMjAwMTVhZA=="
        }
        "DPoP" => "no proof",
        "Sec-WebSocket-Protocol" => "floor.sync.v1",
        _ => panic!("{}: what does the header {name} say? Add it to tests/isolation/words.rs.", route.name()),
    };
    known.to_owned()
}

/// Bodies that the document leaves open.
pub fn open_body(route: &Route, name: &dyn Fn(&'static str) -> String) -> Value {
    match (route.method.as_str(), route.path.rsplit('/').next().unwrap()) {
        ("POST", "stages") => json!({ "key": "pack", "name": "Packing", "order": 3 }),
        ("POST", "actions") => {
            json!({ "key": "more", "kind": "note", "label": "More", "required": false, "config": {} })
        }
        ("PATCH", "{stage}") => json!({ "name": "Sewing again" }),
        ("PATCH", "{action}") => json!({ "label": "Seen" }),
        ("POST", "submit") => json!({ "hello": {
            "device_id": name("device"), "stream_id": uuid::Uuid::nil(), "next_seq": 1, "acked_seq": 0, "hash": "0".repeat(64),
            "app": { "version": "1.0.0", "schema": 7 }, "device_time": 1, "monotonic": 1, "boot_id": "b", "subscriptions": [] } }),
        _ => {
            panic!("{}: the document leaves its body open. Say in tests/isolation/words.rs what is sent.", route.name())
        }
    }
}

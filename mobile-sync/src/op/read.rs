//! How an entry's bytes become what was done, or are refused with the reason they are parked for.

use floorline_domain::json;
use floorline_domain::refusal::Reason;
use serde::Deserialize;

use super::Operation;
use super::data::read_operation;
use crate::entry::{Clock, Entry, Origin, WireEntry};
use crate::limits::{ENTRY_BYTES, OLDEST_SCHEMA, SCHEMA};
use crate::strict;

/// Bytes that are kept and parked, but cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unreadable {
    /// [`Reason::Malformed`] or [`Reason::Unsupported`].
    pub reason: Reason,
    /// The member at fault, where there is one.
    pub field: Option<&'static str>,
    /// What is wrong with it.
    pub message: String,
    /// Where it stood first, when it is offered again and says so legibly.
    pub origin: Option<Origin>,
}

pub(super) fn malformed(field: Option<&'static str>, message: impl Into<String>) -> Unreadable {
    Unreadable { reason: Reason::Malformed, field, message: message.into(), origin: None }
}

pub(super) fn unsupported(field: &'static str, message: String) -> Unreadable {
    Unreadable { reason: Reason::Unsupported, field: Some(field), message, origin: None }
}

/// What must be known before the rest can be read at all.
#[derive(Deserialize)]
struct Head {
    seq: i64,
    schema: i64,
    op: String,
}

/// Reads an entry that a device sent at `place` of its stream.
///
/// What fails here was still hashed like any other entry; it is parked with its bytes.
pub fn read_entry(bytes: &[u8], place: i64) -> Result<Entry, Unreadable> {
    read(bytes, place).map_err(|unreadable| Unreadable { origin: origin(bytes), ..unreadable })
}

/// The origin alone, of an entry that cannot be read otherwise.
fn origin(bytes: &[u8]) -> Option<Origin> {
    #[derive(Deserialize)]
    struct Named {
        origin: Origin,
    }
    json::read_bytes::<Named>(bytes).ok().map(|named| named.origin)
}

fn read(bytes: &[u8], place: i64) -> Result<Entry, Unreadable> {
    if bytes.len() > ENTRY_BYTES {
        return Err(malformed(None, format!("{} bytes, at most {ENTRY_BYTES} are read", bytes.len())));
    }
    strict::check(bytes).map_err(|fault| malformed(None, fault.to_string()))?;
    let head: Head = json::read_bytes(bytes).map_err(|error| malformed(None, error.to_string()))?;
    if head.seq != place {
        return Err(malformed(Some("seq"), format!("says {}, stands at {place}", head.seq)));
    }
    if !(OLDEST_SCHEMA..=SCHEMA).contains(&head.schema) {
        return Err(unsupported("schema", format!("schema {} is not read here", head.schema)));
    }
    if !OPERATIONS.contains(&head.op.as_str()) {
        return Err(unsupported("op", format!("{} is not an operation of devices", head.op)));
    }
    let wire: WireEntry = json::read_bytes(bytes).map_err(|error| malformed(None, error.to_string()))?;
    let op = read_operation(&wire)?;
    let (Some(device_time), Some(monotonic), Some(boot_id)) = (wire.device_time, wire.monotonic, wire.boot_id) else {
        return Err(malformed(Some("device_time"), "device_time, monotonic and boot_id are all needed"));
    };
    if wire.item_id.is_none() && needs_item(&op) {
        return Err(malformed(Some("item_id"), "is missing"));
    }
    Ok(Entry {
        seq: wire.seq,
        schema: wire.schema,
        op,
        item_id: wire.item_id,
        stage: wire.stage,
        base: wire.base,
        actor: wire.actor,
        lease_id: wire.lease_id,
        clock: Some(Clock { device_time, monotonic, boot_id }),
        blobs: wire.blobs,
        origin: wire.origin,
    })
}

/// Every operation a device may send.
pub const OPERATIONS: [&str; 20] = [
    "scan.record",
    "action.complete",
    "action.skip",
    "item.advance",
    "item.pause",
    "item.resume",
    "item.flag",
    "item.scrap",
    "item.hold",
    "item.release",
    "item.rework",
    "item.assign",
    "item.claim",
    "item.move",
    "item.assemble",
    "item.undo",
    "note.add",
    "label.claim",
    "shift.start",
    "shift.end",
];

fn needs_item(op: &Operation) -> bool {
    matches!(op, Operation::Item(_) | Operation::LabelClaim { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Raw as Text;

    const ENTRY: &str = r#"{"seq":1039,"schema":7,"op":"action.complete","item_id":"018f0000-0000-7000-8000-000000000001","action_id":"weld.seam","stage":"weld","base":{"version":17,"predecessor":1036,"seen":88120},"actor":"018f0000-0000-7000-8000-000000000002","device_time":1763600000123,"monotonic":8123456,"boot_id":"b3","data":{"raw":"x"}}"#;

    fn refused(text: &str) -> (Reason, Option<&'static str>) {
        let error = read_entry(text.as_bytes(), 1039).unwrap_err();
        (error.reason, error.field)
    }

    #[test]
    fn an_entry_is_read_and_written_the_same() {
        let entry = read_entry(ENTRY.as_bytes(), 1039).unwrap();
        assert_eq!(
            entry.base,
            Some(crate::entry::Base { version: Some(17), predecessor: Some(1036), seen: Some(88120) })
        );
        assert_eq!(Text::of(&entry).unwrap().text(), ENTRY);
    }

    #[test]
    fn each_fault_is_told_apart() {
        let with = |from: &str, to: &str| {
            assert!(ENTRY.contains(from));
            ENTRY.replace(from, to)
        };
        assert_eq!(refused(&with(r#""raw":"x""#, r#""raw":"\u0000""#)), (Reason::Malformed, None));
        assert_eq!(refused(&with(r#""raw":"x""#, r#""raw":"\ud800""#)), (Reason::Malformed, None));
        assert_eq!(refused(&with(r#""raw":"x""#, r#""raw":"x","raw":"y""#)), (Reason::Malformed, None));
        assert_eq!(refused(&with(r#""raw":"x""#, r#""raw":9007199254740992"#)), (Reason::Malformed, None));
        assert_eq!(
            refused(&with(r#""raw":"x""#, &format!(r#""raw":{}1{}"#, "[".repeat(40), "]".repeat(40)))),
            (Reason::Malformed, None)
        );
        assert_eq!(
            refused(&with(r#""raw":"x""#, &format!(r#""raw":"{}""#, "x".repeat(ENTRY_BYTES)))),
            (Reason::Malformed, None)
        );
        assert_eq!(refused(&with(r#""seq":1039"#, r#""seq":1040"#)), (Reason::Malformed, Some("seq")));
        assert_eq!(refused(&with(r#""schema":7"#, r#""schema":8"#)), (Reason::Unsupported, Some("schema")));
        assert_eq!(refused(&with("action.complete", "order.accept")), (Reason::Unsupported, Some("op")));
        assert_eq!(refused(&with("action.complete", "item.explode")), (Reason::Unsupported, Some("op")));
        assert_eq!(refused(&with(r#""action_id":"weld.seam","#, "")), (Reason::Malformed, Some("action_id")));
        assert_eq!(
            refused(&with(r#""item_id":"018f0000-0000-7000-8000-000000000001","#, "")),
            (Reason::Malformed, Some("item_id"))
        );
        assert_eq!(refused(&with(r#""boot_id":"b3","#, "")), (Reason::Malformed, Some("device_time")));
        assert_eq!(refused(&with(r#"{"raw":"x"}"#, "[]")), (Reason::Malformed, Some("data")));
        assert_eq!(refused(&with("action.complete", "item.scrap")), (Reason::Malformed, Some("data")));
        assert_eq!(refused(r#"{"seq":1039}"#), (Reason::Malformed, None));
        assert_eq!(refused("not json"), (Reason::Malformed, None));
    }

    #[test]
    fn what_cannot_be_read_still_says_where_it_stood_first() {
        let stream = "b1c00000-0000-4000-8000-000000000001";
        let origin = format!(r#""origin":{{"stream_id":"{stream}","seq":6,"hash":"{}"}}"#, crate::chain::sha256(b"x"));
        let named = |text: &str| read_entry(text.as_bytes(), 2).unwrap_err().origin.map(|origin| origin.seq);
        assert_eq!(
            named(&format!(r#"{{"seq":2,"schema":7,"op":"note.add","data":{{"text":"\u0000"}},{origin}}}"#)),
            Some(6)
        );
        assert_eq!(named(&format!(r#"{{"seq":2,"schema":999,{origin}}}"#)), Some(6));
        assert_eq!(named(r#"{"seq":2,"schema":999,"origin":{"stream_id":7}}"#), None);
        assert_eq!(named("not json"), None);
    }

    #[test]
    fn a_scan_needs_no_item_and_a_note_does() {
        let scan = r#"{"seq":1,"schema":7,"op":"scan.record","actor":"018f0000-0000-7000-8000-000000000002","device_time":1,"monotonic":1,"boot_id":"b","data":{"raw":"?"}}"#;
        assert_eq!(read_entry(scan.as_bytes(), 1).unwrap().op, Operation::ScanRecord { raw: "?".to_owned() });
        let note = scan.replace("scan.record", "note.add").replace(r#""raw""#, r#""text""#);
        assert_eq!(read_entry(note.as_bytes(), 1).unwrap_err().field, Some("item_id"));
    }
}

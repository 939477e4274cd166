//! Entries as devices send them: what is accepted is the same for every reader of JSON, keeps its limits, and is written so that it is read the same.
#![no_main]

use floorline_mobile_sync::limits::{ENTRY_BYTES, OLDEST_SCHEMA, SCHEMA};
use floorline_mobile_sync::op::{OPERATIONS, read_entry};
use floorline_mobile_sync::strict;
use floorline_mobile_sync::wire::Raw;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    if strict::check(bytes).is_ok() {
        let value: Value = serde_json::from_slice(bytes).expect("what the strict reader takes is JSON");
        let written = serde_json::to_vec(&value).expect("and can be written");
        assert_eq!(strict::check(&written), Ok(()), "and is as strict then: {value}");
    }
    // The place is the entry's own where it says one, so that the rest is looked at, too.
    let said = serde_json::from_slice::<Value>(bytes).ok().and_then(|value| value.get("seq")?.as_i64());
    let place = said.unwrap_or(1);
    let Ok(entry) = read_entry(bytes, place) else { return };
    assert!(bytes.len() <= ENTRY_BYTES);
    assert_eq!(strict::check(bytes), Ok(()));
    assert_eq!(entry.seq, place);
    assert!((OLDEST_SCHEMA..=SCHEMA).contains(&entry.schema));
    assert!(read_entry(bytes, place.wrapping_add(1)).is_err(), "an entry stands at one place");
    let written = Raw::of(&entry).expect("what was read can be written");
    assert!(OPERATIONS.contains(&entry.wire().op.as_str()));
    // Written again it may lose blanks and members nobody knows, and nothing else.
    if written.bytes().len() <= ENTRY_BYTES {
        assert_eq!(read_entry(written.bytes(), place).as_ref(), Ok(&entry), "{}", written.text());
    }
});

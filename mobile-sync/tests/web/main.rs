//! The calls a browser makes, recorded: the native build must answer them to the byte as `fixtures/protocol/calls.json` says, and so must the
//! WebAssembly build (`server/web/tests/core/calls.test.ts`). `UPDATE_CALLS=1` writes the answers anew.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::PathBuf;

use floorline_mobile_sync::session::Now;
use floorline_mobile_sync::web::{Answer, Core};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
struct Recorded {
    about: String,
    opening: String,
    kept: String,
    calls: Vec<Call>,
}

#[derive(Deserialize, Serialize)]
struct Call {
    name: String,
    args: Vec<String>,
    /// Milliseconds, on both clocks.
    time: i64,
    /// What it answers; an error's words after `error: `.
    #[serde(default)]
    answer: String,
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/protocol/calls.json")
}

fn answer(core: &mut Core, call: &Call) -> Answer {
    let now = Now { time: 1_763_600_000_000 + call.time, monotonic: call.time };
    let first = call.args.first().map(String::as_str).unwrap_or_default();
    match call.name.as_str() {
        "opened" => core.opened(),
        "give" => core.give(first, now),
        "signIn" => core.sign_in(first, now),
        "act" => core.act(first, now),
        "scan" => core.scan(first, now),
        "resolve" => core.resolve(first),
        "lookedAt" => core.looked_at(first.parse().unwrap()),
        "keepFile" => core.keep_file(first),
        "waitingFiles" => core.waiting_files(),
        "hello" => core.hello(now),
        "state" => core.state(),
        "item" => core.item(first, now),
        "items" => core.items(first),
        "queues" => core.queues(),
        "rows" => core.rows(first),
        "acts" => core.acts(),
        "journal" => core.journal(None, first.parse().unwrap()),
        name => panic!("there is no call {name}"),
    }
}

#[test]
fn every_recorded_call_is_answered_to_the_byte() {
    let mut recorded: Recorded = serde_json::from_str(&std::fs::read_to_string(file()).unwrap()).unwrap();
    let mut core = Core::open(&recorded.opening, &recorded.kept).unwrap();
    let update = std::env::var_os("UPDATE_CALLS").is_some();
    for call in &mut recorded.calls {
        let said = answer(&mut core, call).unwrap_or_else(|error| format!("error: {error}"));
        if update {
            call.answer = said;
        } else {
            assert_eq!(said, call.answer, "{} {:?} at {}", call.name, call.args, call.time);
        }
    }
    if update {
        std::fs::write(file(), serde_json::to_string_pretty(&recorded).unwrap() + "\n").unwrap();
    }
}

#[test]
fn what_was_written_opens_the_same_phone_again() {
    let recorded: Recorded = serde_json::from_str(&std::fs::read_to_string(file()).unwrap()).unwrap();
    let mut core = Core::open(&recorded.opening, &recorded.kept).unwrap();
    let mut kept = Storage::default();
    for call in &recorded.calls {
        if let Ok(said) = answer(&mut core, call) {
            kept.write(&said);
        }
    }
    let mut again = Core::open(&recorded.opening, &kept.read()).unwrap();
    for call in recorded.calls.iter().filter(|call| call.name == "signIn") {
        answer(&mut again, call).unwrap();
    }
    assert_eq!(again.journal(None, 99).unwrap(), core.journal(None, 99).unwrap());
    assert_eq!(again.items("{}").unwrap(), core.items("{}").unwrap());
    assert_eq!(again.waiting_files().unwrap(), core.waiting_files().unwrap());
}

/// What IndexedDB would hold: records by their keys.
#[derive(Default)]
struct Storage {
    meta: serde_json::Value,
    records: std::collections::BTreeMap<(&'static str, String), serde_json::Value>,
}

/// The kinds of record, and the members that are their keys.
const STORES: [(&str, &[&str]); 5] = [
    ("entries", &["act"]),
    ("leases", &["lease_id"]),
    ("files", &["sha256"]),
    ("topics", &["topic"]),
    ("rows", &["topic", "kind", "id"]),
];

impl Storage {
    fn write(&mut self, said: &str) {
        let said: serde_json::Value = serde_json::from_str(said).unwrap();
        let changes = &said["changes"];
        if !changes["meta"].is_null() {
            self.meta = changes["meta"].clone();
        }
        if changes["cleared"] == true {
            self.records.retain(|(store, _), _| !matches!(*store, "topics" | "rows"));
        }
        for topic in changes["swapped"].as_array().into_iter().flatten() {
            self.records.retain(|(store, _), record| *store != "rows" || record["topic"] != *topic);
        }
        for (store, members) in STORES {
            for record in changes[store].as_array().into_iter().flatten() {
                let key = members.iter().map(|member| record[*member].to_string()).collect();
                self.records.insert((store, key), record.clone());
            }
        }
        for (store, gone) in
            [("entries", "gone_entries"), ("files", "gone_files"), ("topics", "gone_topics"), ("rows", "gone_rows")]
        {
            for key in changes[gone].as_array().into_iter().flatten() {
                let key = key
                    .as_array()
                    .map_or_else(|| key.to_string(), |parts| parts.iter().map(ToString::to_string).collect());
                self.records.remove(&(store, key));
            }
        }
    }

    fn read(&self) -> String {
        let of = |name: &str| -> Vec<&serde_json::Value> {
            self.records.iter().filter(|((store, _), _)| *store == name).map(|(_, record)| record).collect()
        };
        let kept = serde_json::json!({
            "meta": self.meta, "entries": of("entries"), "leases": of("leases"), "files": of("files"), "topics": of("topics"), "rows": of("rows"),
        });
        kept.to_string()
    }
}

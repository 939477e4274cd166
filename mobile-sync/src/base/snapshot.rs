//! Reading a snapshot's text: whole, or nothing of it.

use floorline_domain::json;
use serde::Deserialize;

use super::told::scanned_text;
use crate::store::Row;
use crate::topic::Topic;
use crate::wire::Raw;

#[derive(Deserialize)]
struct Line {
    line: String,
}

#[derive(Deserialize)]
pub(super) struct Head {
    pub(super) topic: Topic,
    pub(super) epoch: String,
    pub(super) cursor: i64,
}

#[derive(Deserialize)]
struct End {
    count: u64,
}

#[derive(Deserialize)]
struct ItemLine {
    item: Raw,
}

#[derive(Deserialize)]
struct Identified {
    id: String,
    #[serde(default)]
    version: i64,
}

pub(super) struct Snapshot {
    pub(super) head: Head,
    pub(super) rows: Vec<Row>,
}

impl Snapshot {
    /// Reads a whole snapshot; none when its first or last line is missing or the count is wrong.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let first = lines.next()?;
        if json::read::<Line>(first).ok()?.line != "head" {
            return None;
        }
        let head = json::read(first).ok()?;
        let (mut rows, mut count) = (Vec::new(), 0);
        for text in lines.by_ref() {
            let kind = json::read::<Line>(text).ok()?.line;
            if kind == "end" {
                let whole = json::read::<End>(text).ok()?.count == count && lines.next().is_none();
                return whole.then_some(Self { head, rows });
            }
            count += 1;
            rows.extend(row(kind, text));
        }
        None
    }
}

/// A snapshot's line as a row; none when this build knows no such row.
fn row(kind: String, text: &str) -> Option<Row> {
    let body = if kind == "item" { json::read::<ItemLine>(text).ok()?.item } else { Raw::new(text).ok()? };
    let row: Identified = body.read().ok()?;
    let id = scanned_text(&kind, &body).unwrap_or(row.id);
    Some(Row { kind, id, version: row.version, body: body.text().to_owned() })
}

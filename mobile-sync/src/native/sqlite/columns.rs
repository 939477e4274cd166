//! Columns as what they mean.

use floorline_domain::ids::EntryKey;
use rusqlite::Row as SqlRow;

use crate::store::{ActId, Attention, JournalLine, Kept, Row, Settled, StoreError};
use crate::topic::Position;
use crate::wire::Raw;

/// SQLite's integers are signed; acts and sizes never come near the end of them.
pub(super) fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

pub(super) fn parse<T: std::str::FromStr>(row: &SqlRow<'_>, column: usize) -> Result<T, StoreError>
where
    T::Err: std::fmt::Display,
{
    row.get::<_, String>(column)?.parse().map_err(|error: T::Err| StoreError(error.to_string()))
}

fn raw(text: String) -> Result<Raw, StoreError> {
    Raw::new(text).map_err(|error| StoreError(error.to_string()))
}

pub(super) fn line(row: &SqlRow<'_>) -> Result<JournalLine, StoreError> {
    let kept = Kept {
        act: act(row, 0)?,
        key: EntryKey { stream_id: parse(row, 1)?, seq: row.get(2)? },
        bytes: raw(row.get(3)?)?,
        hash: parse(row, 4)?,
        made_time: row.get(5)?,
        earlier: row.get::<_, Option<String>>(11)?.map(raw).transpose()?,
    };
    let Some(verdict) = row.get::<_, Option<String>>(6)? else { return Ok(JournalLine { kept, settled: None }) };
    let shown_until = match row.get::<_, Option<String>>(8)? {
        Some(_) => Some(Position { topic: parse(row, 8)?, cursor: row.get(9)? }),
        None => None,
    };
    let attention = match row.get::<_, i64>(7)? {
        0 => Attention::None,
        1 => Attention::Card,
        _ => Attention::Stop,
    };
    let settled = Settled { verdict: raw(verdict)?, attention, shown_until, settled_time: row.get(10)? };
    Ok(JournalLine { kept, settled: Some(settled) })
}

fn act(row: &SqlRow<'_>, column: usize) -> Result<ActId, StoreError> {
    Ok(ActId(u64::try_from(row.get::<_, i64>(column)?).unwrap_or_default()))
}

pub(super) fn attention(attention: Attention) -> i64 {
    match attention {
        Attention::None => 0,
        Attention::Card => 1,
        Attention::Stop => 2,
    }
}

pub(super) fn row(row: &SqlRow<'_>) -> rusqlite::Result<Row> {
    Ok(Row { kind: row.get(0)?, id: row.get(1)?, version: row.get(2)?, body: row.get(3)? })
}

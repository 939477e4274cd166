//! Keyset paging: `limit`, `cursor` in; `data`, `next_cursor` out. No OFFSET, so page 1,000 costs what page 1 does.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::error::ApiError;

/// Rows a page holds when the request does not say.
pub const DEFAULT_LIMIT: i64 = 50;
/// Rows a page holds at most.
pub const MAX_LIMIT: i64 = 200;

/// The paging half of a list's query.
#[derive(Debug, Default, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Rows to answer, 1–200.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl PageQuery {
    /// The limit, checked.
    ///
    /// # Errors
    /// 422 outside of 1–200.
    pub fn limit(&self) -> Result<i64, ApiError> {
        match self.limit.unwrap_or(DEFAULT_LIMIT) {
            limit @ 1..=MAX_LIMIT => Ok(limit),
            _ => Err(ApiError::invalid_field("limit", "OUT_OF_RANGE", "limit is a number from 1 to 200.")),
        }
    }

    /// The key after which this page starts, as text.
    ///
    /// # Errors
    /// 400 for a cursor this server did not make.
    pub fn after(&self) -> Result<Option<String>, ApiError> {
        let Some(cursor) = self.cursor.as_deref() else { return Ok(None) };
        URL_SAFE_NO_PAD
            .decode(cursor)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .map(Some)
            .ok_or_else(|| ApiError::new(super::Code::BadRequest, "cursor is not one of this list's."))
    }

    /// The id after which this page starts, for lists ordered by id.
    ///
    /// # Errors
    /// 400 for a cursor this server did not make.
    pub fn after_id(&self) -> Result<Option<Uuid>, ApiError> {
        self.after_key()
    }

    /// The key after which this page starts, for lists ordered by something that is written as one text.
    ///
    /// # Errors
    /// 400 for a cursor this server did not make, or made for another list.
    pub fn after_key<K: FromStr>(&self) -> Result<Option<K>, ApiError> {
        let strange = |_| ApiError::new(super::Code::BadRequest, "cursor is not one of this list's.");
        self.after()?.map(|text| text.parse().map_err(strange)).transpose()
    }
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Give this as `cursor` for the next page; null at the end.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page from up to `limit + 1` rows: one row too many means there is a next page.
    pub fn from_rows<R>(mut rows: Vec<R>, limit: i64, key: impl Fn(&R) -> String, view: impl Fn(R) -> T) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = if more { rows.last().map(|row| URL_SAFE_NO_PAD.encode(key(row))) } else { None };
        Self { data: rows.into_iter().map(view).collect(), next_cursor }
    }
}

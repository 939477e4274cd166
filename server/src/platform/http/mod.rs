//! HTTP conventions (RFC 9457, idempotency keys, keyset paging). Problems come from one table of codes.

mod address;
mod codes;
mod connections;
mod dates;
mod error;
mod extract;
pub mod health;
mod idempotency;
mod optional_json;
pub mod origins;
mod page;
mod precondition;
mod rate_limit;
pub mod request_id;
mod traced;

pub use self::address::{address_of, network};
pub use self::codes::Code;
pub use self::connections::{Connections, refuse_surplus};
pub use self::dates::{is_sensible, sensible};
pub use self::error::{ApiError, FieldProblem, Problem};
pub use self::extract::{configure, given};
pub use self::idempotency::{ANSWERS_KEPT, Claim, Claimed, IdempotencyKey, replay};
pub use self::optional_json::OptionalJson;
pub use self::page::{DEFAULT_LIMIT, MAX_LIMIT, Page, PageQuery};
pub use self::precondition::{IfMatch, etag, etag_of};
pub use self::rate_limit::{RateLimits, limit_rates};
pub use self::traced::trace;

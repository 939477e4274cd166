//! The messages of `floor.sync.v1`, once, for both sides.
//!
//! A frame is read in two steps, `type` first and then that message's plain struct: entries, verdicts and events travel
//! as [`Raw`] text, which does not survive an internally tagged or flattened type. Unknown types and fields are ignored.

mod close;
mod feed;
mod frame;
mod handheld;
mod heartbeat;
mod request;
mod server;

pub use self::close::Close;
pub use self::feed::{CursorAt, Mode, Push, Reset, ResetReason, Subscription, TopicState};
pub use self::frame::{BadFrame, ClientFrame, ServerFrame};
pub use self::handheld::{Acked, App, Hello, ResultsAfter, Seal, SealReason, Submit};
pub use self::heartbeat::{Ping, Pong, Unsent};
pub use self::request::{SubmitRequest, SubmitResponse};
pub use self::server::{Gap, Goaway, Lease, Limits, Results, Retry, Revoked, Welcome};
pub use crate::topic::{Position, Topic};
pub use floorline_domain::json::Raw;

//! Shifts: a worker's active session on the floor. One at a time; starting a second ends the first.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    ids::{DeviceId, LocationId, ShiftId, TeamId, UserId},
    refusal::{Reason, Refusal},
    words::words,
};

/// A shift without activity for this long ends by itself.
pub const IDLE_AFTER: Duration = Duration::hours(12);

/// A worker's session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    pub id: ShiftId,
    pub user_id: UserId,
    pub site_id: LocationId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<TeamId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
    pub started_at: DateTime<Utc>,
    pub last_active_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_reason: Option<EndReason>,
}

words! {
    "end of a shift"
    /// Why a shift ended.
    pub enum EndReason {
        /// By the worker.
        Ended = "ended",
        /// By a shift the worker started elsewhere.
        Superseded = "superseded",
        /// Nothing happened for too long.
        Idle = "idle",
    }
}

/// What someone wants of a worker's shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    Start(Start),
    End,
    /// Time passed; ends a shift that nobody uses.
    Tick,
}

/// A shift to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    pub id: ShiftId,
    pub user_id: UserId,
    pub site_id: LocationId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_id: Option<LocationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<TeamId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
}

/// What happened to a shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Event {
    #[serde(rename = "shift.started")]
    Started {
        #[serde(flatten)]
        shift: Start,
        at: DateTime<Utc>,
    },
    #[serde(rename = "shift.ended")]
    Ended { id: ShiftId, reason: EndReason, at: DateTime<Utc> },
}

impl Event {
    /// The name of the event.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Started { .. } => "shift.started",
            Self::Ended { .. } => "shift.ended",
        }
    }
}

/// What follows for a worker whose active shift, if any, is `active`.
pub fn decide(active: Option<&Shift>, command: &Command, now: DateTime<Utc>) -> Result<Vec<Event>, Refusal> {
    let end = |shift: &Shift, reason| Event::Ended { id: shift.id, reason, at: now };
    match (active.filter(|shift| shift.ended_at.is_none()), command) {
        (Some(shift), Command::Start(start)) if same_place(shift, start) => {
            Err(Refusal::new(Reason::AlreadyDone).with(json!({ "shift_id": shift.id, "at": shift.started_at })))
        }
        (shift, Command::Start(start)) => Ok(shift
            .map(|shift| end(shift, EndReason::Superseded))
            .into_iter()
            .chain([Event::Started { shift: start.clone(), at: now }])
            .collect()),
        (Some(shift), Command::End) => Ok(vec![end(shift, EndReason::Ended)]),
        (None, Command::End) => Err(Refusal::new(Reason::AlreadyDone)),
        (Some(shift), Command::Tick) if is_idle(shift, now) => Ok(vec![end(shift, EndReason::Idle)]),
        (_, Command::Tick) => Ok(Vec::new()),
    }
}

/// The active shift after the event.
pub fn apply(active: Option<Shift>, event: &Event) -> Option<Shift> {
    match event {
        Event::Started { shift, at } => Some(Shift {
            id: shift.id,
            user_id: shift.user_id,
            site_id: shift.site_id,
            location_id: shift.location_id,
            team_id: shift.team_id,
            device_id: shift.device_id,
            started_at: *at,
            last_active_at: *at,
            ended_at: None,
            end_reason: None,
        }),
        Event::Ended { id, .. } => active.filter(|shift| shift.id != *id),
    }
}

/// Whether nothing happened in this shift for too long.
pub fn is_idle(shift: &Shift, now: DateTime<Utc>) -> bool {
    now.signed_duration_since(shift.last_active_at) >= IDLE_AFTER
}

/// The same start again: same device, same place, same team.
fn same_place(shift: &Shift, start: &Start) -> bool {
    (shift.device_id, shift.site_id, shift.location_id, shift.team_id)
        == (start.device_id, start.site_id, start.location_id, start.team_id)
}

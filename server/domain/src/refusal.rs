//! Why something did not happen: the reasons of `floor.sync.v1`, each with its outcome, its HTTP status and whether the
//! worker must stop. One table, so that a phone and an HTTP client are told the same.

use crate::json;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{FieldError, words::words};

words! {
    "outcome"
    /// How an entry ended. All but `pruned` are stored verdicts.
    pub enum Outcome {
        /// It happened.
        Applied = "applied",
        /// Its goal was true already.
        Noop = "noop",
        /// A rule said no, for good.
        Rejected = "rejected",
        /// Kept until a person or a later event decides.
        Parked = "parked",
        /// Decided so long ago that only the fact is known.
        Pruned = "pruned",
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $outcome:ident, $http:literal, $stop:literal;)*) => {
        words! {
            "reason"
            /// A stable name for why an entry was not applied.
            pub enum Reason {
                $($(#[$doc])* $name = $text,)*
            }
        }

        impl Reason {
            /// The outcome a device is told, unless the situation says otherwise (see [`Refusal::parked`]).
            pub fn outcome(self) -> Outcome {
                match self { $(Self::$name => Outcome::$outcome,)* }
            }

            /// The status an HTTP request is answered with.
            pub fn http_status(self) -> u16 {
                match self { $(Self::$name => $http,)* }
            }

            /// Whether the worker must stop handling the part and confirm that they read it.
            pub fn stops(self) -> bool {
                match self { $(Self::$name => $stop,)* }
            }
        }
    };
}

reasons! {
    /// The same step is booked and passed, or the status aimed at holds already.
    AlreadyDone = "ALREADY_DONE", Noop, 200, false;
    /// Same code, stage and worker within ten seconds.
    DuplicateScan = "DUPLICATE_SCAN", Noop, 200, false;
    /// The status does not allow it and no other reason says so.
    TransitionNotAllowed = "TRANSITION_NOT_ALLOWED", Rejected, 409, false;
    /// The item is at a stage from which this is illegal.
    StageMoved = "STAGE_MOVED", Rejected, 409, false;
    /// Completed, scrapped or cancelled.
    ItemClosed = "ITEM_CLOSED", Rejected, 409, true;
    /// The item is paused.
    ItemPaused = "ITEM_PAUSED", Rejected, 409, false;
    /// The item's order is paused or closed.
    OrderNotOpen = "ORDER_NOT_OPEN", Rejected, 409, false;
    /// The item is held; parked when the worker could not know.
    OnHold = "ON_HOLD", Rejected, 409, false;
    /// Someone else claimed it first.
    ClaimLost = "CLAIM_LOST", Rejected, 409, false;
    /// The label belongs to something else.
    LabelTaken = "LABEL_TAKEN", Rejected, 409, false;
    /// The time to undo is over, or something happened since.
    UndoTooLate = "UNDO_TOO_LATE", Rejected, 409, false;
    /// The stage has required actions that are not complete.
    ActionsMissing = "ACTIONS_MISSING", Rejected, 422, false;
    /// A component is not completed or not assembled.
    ComponentsNotReady = "COMPONENTS_NOT_READY", Rejected, 422, false;
    /// The workflow does not lead there from here.
    StageNotAllowed = "STAGE_NOT_ALLOWED", Rejected, 422, false;
    /// The rework edge was used as often as it may be.
    VisitsExceeded = "VISITS_EXCEEDED", Rejected, 422, false;
    /// The scanned code is not the one expected.
    WrongCode = "WRONG_CODE", Rejected, 422, true;
    /// The place does not fit the stage, or is not known.
    WrongLocation = "WRONG_LOCATION", Rejected, 422, false;
    /// The scanned label was revoked.
    LabelRevoked = "LABEL_REVOKED", Rejected, 422, true;
    /// An approval by someone who did the work.
    SamePerson = "SAME_PERSON", Rejected, 422, false;
    /// Content is missing, of a wrong type or in a wrong unit.
    FormInvalid = "FORM_INVALID", Rejected, 422, false;
    /// The actor may not do this.
    NotPermitted = "NOT_PERMITTED", Parked, 403, false;
    /// Not known here, or another organisation's.
    UnknownItem = "UNKNOWN_ITEM", Parked, 404, false;
    /// An earlier entry of the chain on this item failed.
    PredFailed = "PRED_FAILED", Parked, 409, false;
    /// Based on something the server showed too long ago.
    TooOld = "TOO_OLD", Parked, 409, false;
    /// The device was revoked.
    DeviceRevoked = "DEVICE_REVOKED", Parked, 403, false;
    /// JSON, but unreadable.
    Malformed = "MALFORMED", Parked, 400, false;
    /// An operation or schema that is not known.
    Unsupported = "UNSUPPORTED", Parked, 400, false;
    /// The server failed at this entry again and again.
    Internal = "INTERNAL", Parked, 503, false;
}

/// A rule said no.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    pub reason: Reason,
    pub outcome: Outcome,
    /// Data for the screen, an object; people are named by their ids.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub detail: Value,
    /// The worker must stop handling this part and confirm.
    #[serde(default)]
    pub stop: bool,
}

impl Refusal {
    /// A refusal with the outcome and the alert of its reason.
    pub fn new(reason: Reason) -> Self {
        Self { reason, outcome: reason.outcome(), detail: Value::Null, stop: reason.stops() }
    }

    /// FORM_INVALID, naming every wrong field.
    pub fn invalid(errors: &[FieldError]) -> Self {
        Self::new(Reason::FormInvalid).with(json::object! { "errors": errors })
    }

    /// The same with data for the screen.
    pub fn with(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }

    /// The same, kept for a person or a later event instead of being final.
    pub fn parked(mut self) -> Self {
        self.outcome = Outcome::Parked;
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason, self.outcome)
    }
}

impl std::error::Error for Refusal {}

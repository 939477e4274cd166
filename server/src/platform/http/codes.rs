//! One table of error codes: the code, its HTTP status, whether trying again can help, and its title.
//!
//! Codes are stable; screens and integrations branch on them. A refusal of the rules keeps its own name
//! (`sync-protocol.md` section 7 gives the status), so that HTTP and the handheld speak of one thing.

use actix_web::http::StatusCode;
use floorline_domain::Reason;

/// A status by its name, or by its number where HTTP has no name for it.
macro_rules! status {
    ($number:literal) => {
        StatusCode::from_u16($number).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
    };
    ($name:ident) => {
        StatusCode::$name
    };
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal $status:tt $retryable:literal $title:literal;)+) => {
        /// A stable error code that is not a refusal of the rules.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $name,)+ /// A rule of the floor said no.
            Refused(Reason) }

        impl Code {
            /// Every code of the table, refusals left out.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The code as it stands in a problem document.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ Self::Refused(reason) => reason.as_str() }
            }

            /// The HTTP status it is answered with.
            pub fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => status!($status),)+
                    Self::Refused(reason) => StatusCode::from_u16(reason.http_status()).unwrap_or(StatusCode::CONFLICT),
                }
            }

            /// Whether the same request can succeed later without being changed.
            pub const fn retryable(self) -> bool {
                match self { $(Self::$name => $retryable,)+ Self::Refused(reason) => matches!(reason, Reason::Internal) }
            }

            /// A few plain words, the same for every occurrence.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ Self::Refused(_) => "The floor's rules do not allow it" }
            }
        }
    };
}

codes! {
    /// The body, a parameter or a header cannot be read.
    BadRequest = "BAD_REQUEST" BAD_REQUEST false "The request cannot be read";
    /// No token, or one that is not valid any more.
    NotSignedIn = "NOT_SIGNED_IN" UNAUTHORIZED false "Sign in first";
    /// Wrong e-mail or password, or wrong badge or PIN; which of the two is not said.
    WrongCredentials = "WRONG_CREDENTIALS" UNAUTHORIZED false "That does not sign in";
    /// The device proof lacks a nonce of this server; one comes with the answer.
    UseDpopNonce = "use_dpop_nonce" UNAUTHORIZED true "Repeat the proof with the nonce given";
    /// The device proof is missing or does not match the device's key.
    BadDeviceProof = "BAD_DEVICE_PROOF" UNAUTHORIZED false "The device could not be recognised";
    /// Signed in, but the permission is missing.
    NotPermitted = "NOT_PERMITTED" FORBIDDEN false "Not permitted";
    /// The page that calls is of a site that is neither the server's own nor among the allowed ones.
    OriginNotAllowed = "ORIGIN_NOT_ALLOWED" FORBIDDEN false "Pages of that site may not call here";
    /// The device is enrolled and waits for an administrator.
    DevicePending = "DEVICE_PENDING" FORBIDDEN true "The device waits for approval";
    /// The device was revoked.
    DeviceRevoked = "DEVICE_REVOKED" FORBIDDEN false "The device was blocked";
    /// It does not exist, or belongs to another organisation; which of the two is not said.
    NotFound = "NOT_FOUND" NOT_FOUND false "Not found";
    /// The route exists, the method does not.
    MethodNotAllowed = "METHOD_NOT_ALLOWED" METHOD_NOT_ALLOWED false "That method is not offered here";
    /// Something with that name or key exists already.
    Duplicate = "DUPLICATE" CONFLICT false "It exists already";
    /// The state does not allow it; `allowed` lists what it does allow.
    StateConflict = "STATE_CONFLICT" CONFLICT false "The present state does not allow it";
    /// Something still refers to it.
    InUse = "IN_USE" CONFLICT false "It is in use";
    /// A live socket holds the stream that this request would write.
    SessionAlive = "SESSION_ALIVE" CONFLICT true "The device is connected already";
    /// The same Idempotency-Key is being worked on.
    KeyInFlight = "KEY_IN_FLIGHT" CONFLICT true "The same request is still running";
    /// The code, link or upload is past its time.
    Expired = "EXPIRED" GONE false "It has expired";
    /// `If-Match` names an older version.
    VersionMismatch = "VERSION_MISMATCH" PRECONDITION_FAILED false "It was changed meanwhile";
    /// `If-Match` is needed.
    VersionRequired = "VERSION_REQUIRED" PRECONDITION_REQUIRED false "Say which version you change";
    /// The upload speaks another version of tus than 1.0.0.
    TusVersion = "TUS_VERSION" PRECONDITION_FAILED false "Uploads are tus 1.0.0 here";
    /// What arrived does not hash to what was announced; of an upload's last part, the upload is gone. The status is tus's own.
    ChecksumMismatch = "CHECKSUM_MISMATCH" 460 true "It arrived changed";
    /// The body is larger than this route takes.
    TooLarge = "TOO_LARGE" PAYLOAD_TOO_LARGE false "Too large";
    /// The media type is not one this route takes.
    UnsupportedMedia = "UNSUPPORTED_MEDIA" UNSUPPORTED_MEDIA_TYPE false "That kind of file is not taken";
    /// Readable, but a rule of its content is broken; `errors` names each field.
    Invalid = "INVALID" UNPROCESSABLE_ENTITY false "Some of it is not valid";
    /// The same Idempotency-Key came with another body.
    KeyReused = "KEY_REUSED" UNPROCESSABLE_ENTITY false "That key was used for another request";
    /// The order's items' labels need the public address, which is not set.
    PublicUrlUnset = "PUBLIC_URL_UNSET" UNPROCESSABLE_ENTITY false "The public address is not set";
    /// Too many requests; `Retry-After` says when.
    TooMany = "TOO_MANY" TOO_MANY_REQUESTS true "Too many requests";
    /// Database busy or away; nothing was stored.
    DbBusy = "DB_BUSY" SERVICE_UNAVAILABLE true "Busy, try again shortly";
    /// A row it needs is being changed by someone else; nothing was stored.
    RowLocked = "ROW_LOCKED" SERVICE_UNAVAILABLE true "Being changed by someone else, try again shortly";
    /// No room for another connection.
    Overloaded = "OVERLOADED" SERVICE_UNAVAILABLE true "Too many connections";
    /// The server is shutting down.
    Draining = "DRAINING" SERVICE_UNAVAILABLE true "Restarting, try again shortly";
    /// Our fault; `request_id` finds it in the log.
    Internal = "INTERNAL" INTERNAL_SERVER_ERROR true "Something went wrong here";
}

/// A refusal in plain words; the problem's `context` has the particulars.
pub(super) const fn sentence(reason: Reason) -> &'static str {
    match reason {
        Reason::AlreadyDone => "This step is done already.",
        Reason::DuplicateScan => "This code was scanned a moment ago.",
        Reason::TransitionNotAllowed => "Its present status does not allow this.",
        Reason::StageMoved => "The item is at another stage now.",
        Reason::ItemClosed => "The item is closed; stop handling it.",
        Reason::ItemPaused => "The item is paused.",
        Reason::OrderNotOpen => "Its order is paused or closed.",
        Reason::OnHold => "The item is on hold.",
        Reason::ClaimLost => "Someone else has it already.",
        Reason::LabelTaken => "The label belongs to something else.",
        Reason::UndoTooLate => "It is too late to undo this.",
        Reason::ActionsMissing => "Required actions are missing.",
        Reason::ComponentsNotReady => "Not all components are ready.",
        Reason::StageNotAllowed => "The workflow does not lead there from here.",
        Reason::VisitsExceeded => "The item went back as often as it may.",
        Reason::WrongCode => "That is not the expected code.",
        Reason::WrongLocation => "That place does not fit.",
        Reason::LabelRevoked => "That label was revoked.",
        Reason::SamePerson => "Someone else must approve this.",
        Reason::FormInvalid => "Some of the content is missing or wrong.",
        Reason::NotPermitted => "Your role does not permit this.",
        Reason::UnknownItem => "There is no such item.",
        Reason::PredFailed => "An earlier step on this item failed.",
        Reason::TooOld => "It is based on something too old.",
        Reason::DeviceRevoked => "The device was blocked.",
        Reason::Malformed => "It cannot be read.",
        Reason::Unsupported => "This operation is not known here.",
        Reason::Internal => "Something went wrong here.",
    }
}

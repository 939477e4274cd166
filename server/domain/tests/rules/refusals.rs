//! The table of reasons.

use floorline_domain::{FieldError, Outcome, Reason, Refusal};

/// Reason, outcome for a device, HTTP status.
const TABLE: &str = "
    ALREADY_DONE noop 200
    DUPLICATE_SCAN noop 200
    TRANSITION_NOT_ALLOWED rejected 409
    STAGE_MOVED rejected 409
    ITEM_CLOSED rejected 409
    ITEM_PAUSED rejected 409
    ORDER_NOT_OPEN rejected 409
    ON_HOLD rejected 409
    CLAIM_LOST rejected 409
    LABEL_TAKEN rejected 409
    UNDO_TOO_LATE rejected 409
    ACTIONS_MISSING rejected 422
    COMPONENTS_NOT_READY rejected 422
    STAGE_NOT_ALLOWED rejected 422
    VISITS_EXCEEDED rejected 422
    WRONG_CODE rejected 422
    WRONG_LOCATION rejected 422
    LABEL_REVOKED rejected 422
    SAME_PERSON rejected 422
    FORM_INVALID rejected 422
    NOT_PERMITTED parked 403
    UNKNOWN_ITEM parked 404
    PRED_FAILED parked 409
    TOO_OLD parked 409
    DEVICE_REVOKED parked 403
    MALFORMED parked 400
    UNSUPPORTED parked 400
    INTERNAL parked 503
";

#[test]
fn every_reason_is_in_the_table() {
    let rows: Vec<Vec<&str>> =
        TABLE.lines().map(|row| row.split_whitespace().collect()).filter(|row: &Vec<_>| !row.is_empty()).collect();
    assert_eq!(rows.len(), Reason::ALL.len());
    for (reason, row) in Reason::ALL.iter().zip(rows) {
        assert_eq!([reason.as_str(), reason.outcome().as_str()], row[..2]);
        assert_eq!(reason.http_status().to_string(), row[2], "{reason}");
        assert_eq!(row[0].parse(), Ok(*reason));
        assert_eq!(serde_json::to_value(reason).unwrap(), row[0]);
    }
}

#[test]
fn some_reasons_stop_the_worker() {
    let stopping: Vec<&str> =
        Reason::ALL.iter().filter(|reason| reason.stops()).map(|reason| reason.as_str()).collect();
    assert_eq!(stopping, ["ITEM_CLOSED", "WRONG_CODE", "LABEL_REVOKED"]);
}

#[test]
fn a_refusal_can_be_kept_for_later() {
    let refusal = Refusal::new(Reason::OnHold);
    assert_eq!(refusal.outcome, Outcome::Rejected);
    assert_eq!(refusal.parked().outcome, Outcome::Parked);
}

#[test]
fn wrong_fields_are_listed() {
    let refusal = Refusal::invalid(&[FieldError::new("text", "required", "text is missing")]);
    assert_eq!(refusal.detail["errors"][0]["field"], "text");
    assert_eq!(refusal.to_string(), "FORM_INVALID (rejected)");
}

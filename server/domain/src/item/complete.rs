//! Doing an action of the stage, or leaving it undone on purpose.

use crate::json;
use serde_json::Value;

use super::{Change, Context, Item, decide::reason_given, gates};
use crate::{
    FieldError,
    action::{self, Blob, Config, Expected},
    label::Resolved,
    refusal::{Reason, Refusal},
    workflow::{Action, Stage},
};

/// An action is done: by the right person, with the right code, with content that can be judged.
pub(super) fn complete(
    item: &Item,
    action_id: &str,
    data: &Value,
    blobs: &[Blob],
    ctx: &Context<'_>,
) -> Result<Change, Refusal> {
    let (stage, action) = known(action_id, ctx)?;
    match &action.config {
        Config::Approval(config) => approver(item, action_id, config.role.as_deref(), ctx)?,
        _ => gates::worker(item, ctx)?,
    }
    let mut judged = action::judge(action, data, ctx.photo_size).map_err(|errors| Refusal::invalid(&errors))?;
    if let (Config::Scan(config), Some(raw)) = (&action.config, data.get("raw").and_then(Value::as_str)) {
        let resolved = json::value(&scanned(item, stage, &config.expected, raw, ctx)?);
        if let Some(content) = judged.content.as_object_mut() {
            content.insert("is".to_owned(), resolved);
        }
    }
    let mut evidence = judged.evidence;
    evidence.extend(blobs.iter().map(|blob| blob.sha256.clone()));
    evidence.sort();
    evidence.dedup();
    Ok(Change::ActionCompleted {
        action_id: action_id.to_owned(),
        passed: judged.passed,
        content: judged.content,
        evidence,
    })
}

/// An action is not done. One that is required is skipped only with `item:override`, and then counts as complete.
pub(super) fn skip(item: &Item, action_id: &str, reason: &str, ctx: &Context<'_>) -> Result<Change, Refusal> {
    let (_, action) = known(action_id, ctx)?;
    gates::worker(item, ctx)?;
    if action.required {
        gates::override_required(ctx)?;
    }
    Ok(Change::ActionSkipped { action_id: action_id.to_owned(), reason: reason_given(reason)? })
}

fn known<'a>(action_id: &str, ctx: &Context<'a>) -> Result<(&'a Stage, &'a Action), Refusal> {
    ctx.workflow.action(action_id).ok_or_else(|| {
        Refusal::invalid(&[FieldError::new("action_id", "unknown", format!("there is no action {action_id:?}"))])
    })
}

/// An approver holds the role and did none of the work of this visit. The roles of the stage are those of its workers
/// and do not concern an approver.
fn approver(item: &Item, action_id: &str, role: Option<&str>, ctx: &Context<'_>) -> Result<(), Refusal> {
    if let Some(role) = role.filter(|role| !ctx.actor.holds(role)) {
        return Err(Refusal::new(Reason::NotPermitted).with(json::object! { "roles": [role] }));
    }
    let others = item.progress.actors.iter().filter(|(id, _)| *id != action_id);
    let own: Vec<_> = others.filter(|(_, users)| users.contains(&ctx.actor.id)).map(|(id, _)| id).collect();
    if own.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(Reason::SamePerson).with(json::object! { "by": ctx.actor.id, "actions": own }))
}

/// What was scanned, if it is what the action expects.
fn scanned(item: &Item, stage: &Stage, expected: &Expected, raw: &str, ctx: &Context<'_>) -> Result<Resolved, Refusal> {
    let resolved = ctx.scanned.cloned().unwrap_or_else(|| Resolved::unaided(raw));
    if let Resolved::Revoked(code) = &resolved {
        return Err(Refusal::new(Reason::LabelRevoked).with(json::object! { "code": code }));
    }
    let right = match (expected, &resolved) {
        (Expected::ThisItem, Resolved::Item(id)) => *id == item.id,
        (Expected::Component, Resolved::Item(id)) => ctx.components.iter().any(|component| component.id == *id),
        (Expected::User, Resolved::User(_)) => true,
        (Expected::Location, Resolved::Location(id)) => {
            if !stage.location_ids.is_empty() && !stage.location_ids.contains(id) {
                let detail = json::object! { "allowed": stage.location_ids, "location": id };
                return Err(Refusal::new(Reason::WrongLocation).with(detail));
            }
            true
        }
        (Expected::Text(text), _) => raw.trim() == text,
        _ => false,
    };
    if right {
        return Ok(resolved);
    }
    Err(Refusal::new(Reason::WrongCode).with(json::object! { "expected": expected, "scanned": resolved }))
}

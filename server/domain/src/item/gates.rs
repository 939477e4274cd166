//! The gates of a stage: who may work in it, where, and what must be there before it is left.

use super::{Component, Context, Item, Status, admit::not_permitted, route};
use crate::json;
use crate::{
    permission::Permission,
    refusal::{Reason, Refusal},
    workflow::{Stage, When},
};

/// The stage the item is in. A workflow without it is not the one the item is pinned to.
pub(super) fn stage_of<'a>(item: &Item, ctx: &Context<'a>) -> Result<&'a Stage, Refusal> {
    ctx.workflow
        .stage(&item.stage)
        .ok_or_else(|| Refusal::new(Reason::Internal).with(json::object! { "unknown_stage": item.stage }))
}

/// Role and assignment. `item:override` passes both.
pub(super) fn worker(item: &Item, ctx: &Context<'_>) -> Result<(), Refusal> {
    let stage = stage_of(item, ctx)?;
    if ctx.actor.may(Permission::ItemOverride) {
        return Ok(());
    }
    if !stage.roles.is_empty() && !stage.roles.iter().any(|role| ctx.actor.holds(role)) {
        return Err(Refusal::new(Reason::NotPermitted).with(json::object! { "roles": stage.roles, "stage": stage.key }));
    }
    match item.assigned_to {
        Some(user) if stage.assigned_only && user != ctx.actor.id => {
            let detail = json::object! { "permission": Permission::ItemOverride, "assigned_to": user };
            Err(Refusal::new(Reason::NotPermitted).with(detail))
        }
        _ => Ok(()),
    }
}

/// The shift's or the item's place is one of the stage's.
pub(super) fn location(item: &Item, stage: &Stage, ctx: &Context<'_>) -> Result<(), Refusal> {
    let fits = [ctx.shift_location, item.location_id].into_iter().flatten().any(|id| stage.location_ids.contains(&id));
    if stage.location_ids.is_empty() || fits {
        return Ok(());
    }
    let here = ctx.shift_location.or(item.location_id);
    Err(Refusal::new(Reason::WrongLocation).with(json::object! { "allowed": stage.location_ids, "location": here }))
}

/// Every required action is complete for a way with this condition.
pub(super) fn actions(item: &Item, stage: &Stage, when: Option<&When>) -> Result<(), Refusal> {
    let missing = route::missing(stage, item, when);
    if missing.is_empty() {
        return Ok(());
    }
    let detail = json::object! { "missing": missing, "rule": stage.completion_rule };
    Err(Refusal::new(Reason::ActionsMissing).with(detail))
}

/// Behind a hard gate every picture and signature is stored.
pub(super) fn evidence(item: &Item, stage: &Stage, ctx: &Context<'_>) -> Result<(), Refusal> {
    let absent = if stage.hard_gate { route::evidence_missing(stage, item, ctx.blobs_ready) } else { Vec::new() };
    if absent.is_empty() {
        return Ok(());
    }
    let missing: Vec<_> = absent.iter().map(|(id, _)| id).collect();
    let evidence: Vec<_> = absent.iter().flat_map(|(_, hashes)| hashes).collect();
    Err(Refusal::new(Reason::ActionsMissing).with(json::object! { "missing": missing, "evidence": evidence }))
}

/// Every component that still counts is completed and put in, as many as were ordered.
pub(super) fn components(item: &Item, stage: &Stage, ctx: &Context<'_>) -> Result<(), Refusal> {
    if !stage.assembly {
        return Ok(());
    }
    let counts = |component: &&Component| !matches!(component.status, Status::Scrapped | Status::Cancelled);
    let ready = |component: &Component| {
        component.status == Status::Completed && item.progress.assembled.contains(&component.id)
    };
    let unready: Vec<&Component> = ctx.components.iter().filter(counts).filter(|component| !ready(component)).collect();
    let have = |code: &str| {
        let of_code = ctx.components.iter().filter(counts).filter(|component| component.line_component == code);
        u32::try_from(of_code.count()).unwrap_or(u32::MAX)
    };
    let short: Vec<(&str, u32)> = item
        .progress
        .components
        .iter()
        .map(|(code, ordered)| (code.as_str(), ordered.saturating_sub(have(code))))
        .filter(|(_, lacking)| *lacking > 0)
        .collect();
    if unready.is_empty() && short.is_empty() {
        return Ok(());
    }
    Err(components_refused(&unready, &short))
}

/// COMPONENTS_NOT_READY: which are not, and of which there are too few.
pub(super) fn components_refused(unready: &[&Component], short: &[(&str, u32)]) -> Refusal {
    let missing: Vec<_> = unready
        .iter()
        .map(|component| json::object! { "id": component.id, "code": component.code, "status": component.status })
        .collect();
    let short: Vec<_> =
        short.iter().map(|(code, lacking)| json::object! { "component": code, "lacking": lacking }).collect();
    Refusal::new(Reason::ComponentsNotReady).with(json::object! { "missing": missing, "short": short })
}

/// An override for what is otherwise required.
pub(super) fn override_required(ctx: &Context<'_>) -> Result<(), Refusal> {
    if ctx.actor.may(Permission::ItemOverride) { Ok(()) } else { Err(not_permitted(Permission::ItemOverride)) }
}

//! Leaving a stage: onwards through its gates, or back along a rework edge.

use super::{Change, Context, Item, gates, rework_edge, route, route::Way};
use crate::json;
use crate::{
    refusal::{Reason, Refusal},
    workflow::Stage,
};

/// Onwards, to the stage named or to the first that is open; out of an exit the item is completed.
pub(super) fn advance(item: &Item, to: Option<&str>, ctx: &Context<'_>) -> Result<Change, Refusal> {
    gates::worker(item, ctx)?;
    let stage = gates::stage_of(item, ctx)?;
    gates::location(item, stage, ctx)?;
    let way = choose(item, stage, to, ctx)?;
    gates::actions(item, stage, way.when)?;
    gates::evidence(item, stage, ctx)?;
    gates::components(item, stage, ctx)?;
    let Some(target) = way.to else { return Ok(Change::Completed { from: stage.key.clone() }) };
    let unmet = route::unmet(target, stage, item);
    if !unmet.is_empty() {
        let detail = json::object! { "from": stage.key, "to": target.key, "unmet": unmet };
        return Err(Refusal::new(Reason::StageNotAllowed).with(detail));
    }
    Ok(Change::Advanced { from: stage.key.clone(), to: target.key.clone() })
}

/// The way that the worker means. Conditions may hang on actions not done yet: those are then what is missing.
fn choose<'a>(item: &Item, stage: &'a Stage, to: Option<&str>, ctx: &Context<'a>) -> Result<Way<'a>, Refusal> {
    let ways = route::ways(ctx.workflow, stage, item);
    let chosen = match to {
        None => ways.first(),
        Some(to) => ways.iter().find(|way| way.to.is_some_and(|target| target.key == to)),
    };
    if let Some(way) = chosen {
        return Ok(*way);
    }
    let leads_there = to.is_none_or(|to| stage.next.iter().any(|next| next.to == to));
    if leads_there {
        gates::actions(item, stage, None)?;
    }
    let allowed: Vec<&str> = ways.iter().filter_map(|way| Some(way.to?.key.as_str())).collect();
    Err(Refusal::new(Reason::StageNotAllowed).with(json::object! { "from": stage.key, "to": to, "allowed": allowed }))
}

/// Back along a rework edge, as often as it allows. Everything from there on has to be done again.
pub(super) fn rework(item: &Item, to: &str, reason: &str, ctx: &Context<'_>) -> Result<Change, Refusal> {
    gates::worker(item, ctx)?;
    let stage = gates::stage_of(item, ctx)?;
    let Some(edge) = stage.rework.iter().find(|edge| edge.to == to) else {
        let allowed: Vec<&str> = stage.rework.iter().map(|edge| edge.to.as_str()).collect();
        return Err(Refusal::new(Reason::StageNotAllowed)
            .with(json::object! { "from": stage.key, "to": to, "allowed": allowed }));
    };
    let visits = item.progress.reworks.get(&rework_edge(&stage.key, to)).copied().unwrap_or_default();
    if visits >= edge.max_visits {
        let detail = json::object! { "from": stage.key, "to": to, "visits": visits, "max_visits": edge.max_visits };
        return Err(Refusal::new(Reason::VisitsExceeded).with(detail));
    }
    let downstream = ctx.workflow.downstream(to);
    let completed = item.progress.completed_stages.keys();
    Ok(Change::Reworked {
        from: stage.key.clone(),
        to: to.to_owned(),
        reason: reason.to_owned(),
        reopened: completed.filter(|key| downstream.contains(*key)).cloned().collect(),
    })
}

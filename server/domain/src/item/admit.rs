//! Whether the item's status, its order, its stage and the actor's permissions allow an operation at all.

use crate::json;
use serde_json::Value;

use super::{ActionRecord, Command, Context, Item, Mark, Op, Status};
use crate::{
    action,
    action::Kind,
    permission::Permission,
    refusal::{Reason, Refusal},
};

/// The operations that an item in this status knows. What is left out is refused, each status with its own reason.
pub fn allowed(status: Status) -> &'static [Op] {
    use Op::{
        AddNote, Advance, Assemble, Assign, Cancel, Claim, CompleteAction, Fail, Flag, Hold, Move, Pause, RecordScan,
        Release, Resume, Rework, Scrap, SkipAction,
    };
    match status {
        Status::NotStarted => &[
            CompleteAction,
            SkipAction,
            Advance,
            Flag,
            Scrap,
            Hold,
            Assign,
            Claim,
            Move,
            Assemble,
            AddNote,
            RecordScan,
            Cancel,
        ],
        Status::Active => &[
            CompleteAction,
            SkipAction,
            Advance,
            Pause,
            Flag,
            Scrap,
            Hold,
            Rework,
            Assign,
            Claim,
            Move,
            Assemble,
            AddNote,
            RecordScan,
            Cancel,
            Fail,
        ],
        Status::Paused => &[Resume, Flag, Scrap, Hold, Assign, Claim, Move, Assemble, AddNote, RecordScan, Cancel],
        Status::OnHold => &[Flag, Scrap, Release, Assign, Claim, Move, Assemble, AddNote, RecordScan, Cancel],
        Status::Error => &[Resume, Flag, Scrap, Assign, Claim, Move, Assemble, AddNote, RecordScan, Cancel],
        Status::Completed | Status::Scrapped | Status::Cancelled => &[AddNote, RecordScan],
    }
}

/// Everything that is asked before the command itself is looked into.
pub(super) fn admit(item: &Item, command: &Command, ctx: &Context<'_>) -> Result<(), Refusal> {
    let op = command.op();
    if !allowed(item.status).contains(&op) {
        return Err(wrong_status(item, command, ctx));
    }
    if op.is_stage_work() {
        order_open(ctx)?;
        same_stage(item, command, ctx)?;
    }
    permitted(item, command, ctx)
}

/// Why a status does not know the operation.
fn wrong_status(item: &Item, command: &Command, ctx: &Context<'_>) -> Refusal {
    if reached(item.status, command.op()) {
        return Refusal::new(Reason::AlreadyDone).with(marked(item.status, item.standing_mark()));
    }
    match item.status {
        Status::Completed => match booked(item, command, ctx) {
            Some(done) => done,
            None => closed(item),
        },
        Status::Scrapped | Status::Cancelled => closed(item),
        Status::OnHold => held(item, ctx),
        Status::Paused if command.op().is_stage_work() => {
            Refusal::new(Reason::ItemPaused).with(marked(item.status, item.standing_mark()))
        }
        from => {
            Refusal::new(Reason::TransitionNotAllowed).with(json::object! { "from": from, "allowed": allowed(from) })
        }
    }
}

/// Whether the operation aims at what is so already.
fn reached(status: Status, op: Op) -> bool {
    matches!(
        (op, status),
        (Op::Pause, Status::Paused)
            | (Op::Resume, Status::Active)
            | (Op::Hold, Status::OnHold)
            | (Op::Release, Status::NotStarted | Status::Active | Status::Paused)
            | (Op::Scrap, Status::Scrapped)
            | (Op::Cancel, Status::Cancelled)
            | (Op::Fail, Status::Error)
    )
}

pub(super) fn closed(item: &Item) -> Refusal {
    Refusal::new(Reason::ItemClosed).with(marked(item.status, item.standing_mark()))
}

/// Kept for when the hold lifts if the worker could not know of it.
fn held(item: &Item, ctx: &Context<'_>) -> Refusal {
    let refusal = Refusal::new(Reason::OnHold).with(marked(item.status, item.standing_mark()));
    let knew = match (ctx.base_version, item.hold_version) {
        (Some(base), Some(hold)) => hold <= base,
        _ => ctx.present,
    };
    if knew { refusal } else { refusal.parked() }
}

fn order_open(ctx: &Context<'_>) -> Result<(), Refusal> {
    match ctx.order {
        Some(status) if !status.is_open() => {
            Err(Refusal::new(Reason::OrderNotOpen).with(json::object! { "order_status": status }))
        }
        _ => Ok(()),
    }
}

/// Whether the worker's picture of where the item is still holds; if not, whether that matters.
fn same_stage(item: &Item, command: &Command, ctx: &Context<'_>) -> Result<(), Refusal> {
    if let Some(done) = booked(item, command, ctx) {
        return Err(done);
    }
    let believed = ctx.expected_stage.is_none_or(|stage| stage == item.stage);
    let fits = match command {
        // An action that the workflow does not have is refused as content, not as movement.
        Command::CompleteAction { action_id, .. } | Command::SkipAction { action_id, .. } => {
            ctx.workflow.action(action_id).is_none_or(|(stage, _)| stage.key == item.stage)
        }
        _ => true,
    };
    if believed && fits {
        return Ok(());
    }
    let detail = json::object! { "stage_now": item.stage, "by": item.progress.moved_by, "at": item.stage_entered_at };
    Err(Refusal::new(Reason::StageMoved).with(detail))
}

/// ALREADY_DONE, if the same step is in the books: the action passed in a visit of its stage that counts; the advance was made
/// from the stage the worker saw, to where the worker aims; or the item is where it should be sent.
fn booked(item: &Item, command: &Command, ctx: &Context<'_>) -> Option<Refusal> {
    let moved = ctx.expected_stage != Some(item.stage.as_str());
    let arrived = |to: &str| (moved && item.stage == to).then_some((item.progress.moved_by, item.stage_entered_at));
    let done = |detail: Value| Refusal::new(Reason::AlreadyDone).with(detail);
    match command {
        Command::CompleteAction { action_id, data, .. } => {
            let record = latest(item, action_id).filter(|record| record.passed && !record.skipped)?;
            let differs = differs(ctx, action_id, data, record);
            Some(done(json::object! { "by": record.by, "at": record.at, "differs": differs }))
        }
        Command::SkipAction { action_id, .. } => {
            let record = latest(item, action_id).filter(|record| record.passed)?;
            Some(done(json::object! { "by": record.by, "at": record.at }))
        }
        Command::Advance { to } => {
            if let Some((by, at)) = to.as_deref().and_then(arrived) {
                return Some(done(json::object! { "by": by, "at": at, "stage_now": item.stage }));
            }
            let passage = item.progress.completed_stages.get(ctx.expected_stage?)?;
            let same_aim = to.is_none() || *to == passage.to;
            same_aim.then(|| done(json::object! { "by": passage.by, "at": passage.at, "stage_now": item.stage }))
        }
        Command::Rework { to, .. } => {
            let (by, at) = arrived(to)?;
            Some(done(json::object! { "by": by, "at": at, "stage_now": item.stage }))
        }
        _ => None,
    }
}

/// The result of an action in the latest visit of its stage, as long as it counts: the item is there, or completed the
/// stage and was not sent back since.
fn latest<'a>(item: &'a Item, action_id: &str) -> Option<&'a ActionRecord> {
    let (stage, _) = action_id.split_once('.')?;
    if stage != item.stage && !item.progress.completed_stages.contains_key(stage) {
        return None;
    }
    let visit = item.progress.visits.get(stage)?;
    item.progress.results.get(action_id).filter(|record| record.visit == *visit)
}

/// Whether the second result says something else than the first. Pictures and texts always do, which means nothing.
fn differs(ctx: &Context<'_>, action_id: &str, data: &Value, record: &ActionRecord) -> bool {
    let Some((_, action)) = ctx.workflow.action(action_id) else { return false };
    let comparable = matches!(action.kind(), Kind::Measurement | Kind::Inspection | Kind::Form | Kind::Approval);
    comparable
        && action::judge(action, data, ctx.photo_size).map(|judged| judged.content).ok().as_ref()
            != Some(&record.content)
}

/// Whether the actor may do this kind of thing. Roles and assignment are asked with the work itself.
fn permitted(item: &Item, command: &Command, ctx: &Context<'_>) -> Result<(), Refusal> {
    match needed(item, command, ctx) {
        Some(permission) if !ctx.actor.may(permission) => Err(not_permitted(permission)),
        _ => Ok(()),
    }
}

/// NOT_PERMITTED, for lack of this permission.
pub(super) fn not_permitted(permission: Permission) -> Refusal {
    Refusal::new(Reason::NotPermitted).with(json::object! { "permission": permission })
}

/// The permission that a command asks for; none: it comes from the server itself.
fn needed(item: &Item, command: &Command, ctx: &Context<'_>) -> Option<Permission> {
    Some(match command {
        Command::CompleteAction { action_id, .. } => match ctx.workflow.action(action_id) {
            Some((_, action)) if action.kind() == Kind::Approval => Permission::ApprovalGive,
            _ => Permission::ItemAct,
        },
        Command::Resume if item.status == Status::Error => Permission::ItemOverride,
        Command::SkipAction { .. }
        | Command::Pause
        | Command::Resume
        | Command::Claim
        | Command::Assemble { .. }
        | Command::AddNote { .. }
        | Command::Undo { .. } => Permission::ItemAct,
        Command::Advance { .. } => Permission::ItemAdvance,
        Command::Flag { .. } => Permission::ItemFlag,
        Command::Scrap { .. } => Permission::ItemScrap,
        Command::Hold { .. } | Command::Release { .. } => Permission::ItemHold,
        Command::Rework { .. } => Permission::ItemRework,
        Command::Assign { .. } => Permission::ItemAssign,
        Command::Move { .. } => Permission::ItemMove,
        Command::RecordScan { .. } => Permission::ScanRecord,
        Command::Cancel { .. } | Command::Fail { .. } => return None,
    })
}

/// A status, and who brought it about.
fn marked(status: Status, mark: Option<&Mark>) -> Value {
    match mark {
        None => json::object! { "status": status },
        Some(Mark { by, at, reason: None }) => json::object! { "status": status, "by": by, "at": at },
        Some(Mark { by, at, reason }) => json::object! { "status": status, "by": by, "at": at, "reason": reason },
    }
}

impl Item {
    /// Who brought it to the status it has, or who holds it.
    fn standing_mark(&self) -> Option<&Mark> {
        if self.status == Status::OnHold { self.progress.held.as_ref() } else { self.progress.mark.as_ref() }
    }
}

//! What an operation comes to, by the rules of `domain`. Changes nothing.

use floorline_domain::item::{self, Command, Context, Item};
use floorline_domain::label::{self, Resolved, Target};
use floorline_domain::permission::Permission;
use floorline_domain::scan::{self, Seen};
use floorline_domain::{EntryKey, ItemId, Reason, Refusal, UserId, shift};
use floorline_mobile_sync::chain::sha256;
use floorline_mobile_sync::entry::Entry;
use floorline_mobile_sync::op::Operation;
use serde_json::json;

use super::admission::{Rights, require};
use super::intake::{Arrival, By, HeldStream, RecentScan};
use super::judge::Bench;
use super::world::World;

/// What there is to carry out.
#[derive(Debug)]
pub(super) enum Effect {
    /// Events of an item, the scan that came with them, and whether only an override allowed them.
    Item { id: ItemId, events: Vec<item::Event>, scanned: Option<(String, Resolved)>, overridden: bool },
    /// A scan that satisfies nothing.
    Scan { raw: String, resolved: Resolved },
    /// Events of labels.
    Labels(Vec<label::Event>),
    /// Events of the actor's shift.
    Shift(Vec<shift::Event>),
}

/// Decides one operation with these rights.
pub(super) fn decide(
    bench: &Bench<'_>,
    world: &World,
    stream: &HeldStream,
    arrival: &Arrival,
    entry: &Entry,
    rights: &Rights<'_>,
) -> Result<Effect, Refusal> {
    match &entry.op {
        Operation::ScanRecord { raw } => decide_scan(world, stream, entry, raw, rights),
        Operation::Item(command) => decide_item(bench, world, arrival, entry, command, rights),
        Operation::LabelClaim { code, replace } => decide_claim(bench, world, entry, code, *replace, rights),
        Operation::ShiftStart { site_id, location_id, team_id } => {
            require(rights, Permission::ShiftWork)?;
            let sites = [Some(*site_id), *location_id];
            if sites.into_iter().flatten().any(|place| world.places.get(&place) != Some(site_id)) {
                return Err(
                    Refusal::new(Reason::WrongLocation).with(json!({ "site_id": site_id, "location_id": location_id }))
                );
            }
            let device = match &arrival.by {
                By::Device { device, .. } => Some(*device),
                _ => None,
            };
            let start = shift::Start {
                id: bench.new_shift,
                user_id: entry.actor,
                site_id: *site_id,
                location_id: *location_id,
                team_id: *team_id,
                device_id: device,
            };
            decide_shift(bench, world, entry.actor, &shift::Command::Start(start))
        }
        Operation::ShiftEnd => {
            require(rights, Permission::ShiftWork)?;
            decide_shift(bench, world, entry.actor, &shift::Command::End)
        }
    }
}

fn decide_shift(bench: &Bench<'_>, world: &World, user: UserId, command: &shift::Command) -> Result<Effect, Refusal> {
    let active = world.shifts.get(&user).map(|held| &held.shift);
    shift::decide(active, command, bench.now).map(Effect::Shift)
}

fn decide_scan(
    world: &World,
    stream: &HeldStream,
    entry: &Entry,
    raw: &str,
    rights: &Rights<'_>,
) -> Result<Effect, Refusal> {
    require(rights, Permission::ScanRecord)?;
    if let Some(later) = seen(entry, raw) {
        for earlier in &stream.recent_scans {
            if let Some(ago_ms) = scan::repeats(&as_seen(earlier), &later) {
                return Err(Refusal::new(Reason::DuplicateScan).with(json!({ "ago_ms": ago_ms, "seq": earlier.seq })));
            }
        }
    }
    Ok(Effect::Scan { raw: raw.to_owned(), resolved: world.resolve(raw) })
}

/// A scan as the ten seconds' rule sees it; none for an entry without the device's clock.
pub(super) fn seen(entry: &Entry, raw: &str) -> Option<Seen> {
    entry.clock.as_ref().map(|clock| Seen {
        // Whatever its length: the window is stored with the stream.
        code: sha256(raw.as_bytes()).to_string(),
        stage: entry.stage.clone(),
        worker: entry.actor,
        boot_id: clock.boot_id.clone(),
        monotonic: clock.monotonic,
    })
}

fn as_seen(scan: &RecentScan) -> Seen {
    Seen {
        code: scan.code.clone(),
        stage: scan.stage.clone(),
        worker: scan.worker,
        boot_id: scan.boot_id.clone(),
        monotonic: scan.monotonic,
    }
}

fn decide_item(
    bench: &Bench<'_>,
    world: &World,
    arrival: &Arrival,
    entry: &Entry,
    command: &Command,
    rights: &Rights<'_>,
) -> Result<Effect, Refusal> {
    let (id, item) = find(world, entry)?;
    let workflow = world
        .workflows
        .get(&item.workflow_version_id)
        .ok_or_else(|| Refusal::new(Reason::Internal).with(json!({ "message": "the item's workflow is missing" })))?;
    let command = complete(world, command)?;
    let raw = scanned_text(&command);
    let resolved = raw.as_deref().map(|raw| world.resolve(raw));
    let components = world.components_of(id);
    let aliases: Vec<EntryKey> = match &command {
        Command::Undo { of: Some(of) } => {
            world.aliases.get(&(of.stream_id, of.seq)).into_iter().flatten().map(|alias| alias.key).collect()
        }
        _ => Vec::new(),
    };
    let ready = |sha256: &str| world.photos.contains_key(sha256);
    let size = |sha256: &str| world.photos.get(sha256).copied();
    let context = Context {
        workflow,
        order: item.order_id.and_then(|order| world.orders.get(&order)).map(|order| order.status),
        components: &components,
        actor: item::Actor { id: entry.actor, permissions: &rights.permissions, roles: &rights.roles },
        shift_location: world.people.get(&entry.actor).and_then(|person| person.shift_location),
        expected_stage: entry.stage.as_deref(),
        base_version: entry.base.and_then(|base| base.version),
        present: entry.base.is_none() && !matches!(arrival.by, By::Device { .. }),
        scanned: resolved.as_ref(),
        blobs_ready: &ready,
        photo_size: &size,
        entry: EntryKey { stream_id: arrival.stream, seq: arrival.seq },
        entry_aliases: &aliases,
        now: bench.now,
    };
    let events = item::decide(item, &command, &context)?;
    let overridden = item::overrides(item, &command, &context);
    Ok(Effect::Item { id, events, scanned: raw.zip(resolved), overridden })
}

/// The command with what only the server knows filled in.
fn complete(world: &World, command: &Command) -> Result<Command, Refusal> {
    match command {
        Command::Move { location_id, .. } => {
            Ok(Command::Move { location_id: *location_id, site_id: world.places.get(location_id).copied() })
        }
        Command::Assign { user_id } if !world.people.get(user_id).is_some_and(|person| person.active) => {
            let error = floorline_domain::FieldError::new("user_id", "unknown", "there is no such worker");
            Err(Refusal::invalid(&[error]))
        }
        other => Ok(other.clone()),
    }
}

/// What was scanned to complete an action.
pub(super) fn scanned_text(command: &Command) -> Option<String> {
    match command {
        Command::CompleteAction { data, .. } => data.get("raw").and_then(|raw| raw.as_str()).map(str::to_owned),
        _ => None,
    }
}

fn decide_claim(
    bench: &Bench<'_>,
    world: &World,
    entry: &Entry,
    code: &str,
    replace: bool,
    rights: &Rights<'_>,
) -> Result<Effect, Refusal> {
    require(rights, Permission::ItemAct)?;
    let (id, item) = find(world, entry)?;
    let wanted = label::read(code);
    let held =
        world.held_labels.values().find(|held| matches!(&wanted, label::Read::Code(code) if *code == held.label.code));
    let Some(held) = held else {
        return Err(Refusal::new(Reason::WrongCode).with(json!({ "scanned": world.resolve(code) })));
    };
    let target = Target::Item(id);
    let present = world
        .held_labels
        .values()
        .map(|held| &held.label)
        .find(|label| label.status == label::Status::Active && label.target == Some(target));
    let facts = label::Facts { present, item: Some(item.status) };
    label::decide(&held.label, &label::Command::Claim { target, replace }, facts, entry.actor, bench.now)
        .map(Effect::Labels)
}

fn find<'a>(world: &'a World, entry: &Entry) -> Result<(ItemId, &'a Item), Refusal> {
    entry
        .item_id
        .and_then(|id| world.items.get(&id).map(|held| (id, &held.item)))
        .ok_or_else(|| Refusal::new(Reason::UnknownItem).with(json!({ "item_id": entry.item_id })))
}

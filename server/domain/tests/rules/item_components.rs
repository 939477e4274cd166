//! Components and assembly.

use floorline_domain::{
    ItemId, Reason,
    item::{self, Change, Command, Component, Event, Item, New, Status},
};
use serde_json::json;

use crate::floor::*;

pub(crate) fn component(n: u128, status: Status) -> Component {
    Component {
        id: ItemId(uuid(0x3000 + n)),
        code: format!("JKT-0001/SLV-{n}"),
        line_component: "SLV".to_owned(),
        status,
    }
}

/// One assembly stage; the order asks for two sleeves.
fn assembly(statuses: &[Status]) -> Floor {
    let mut floor = Floor::new(workflow(json!({"name": "Assembly", "entry": "join", "stages": [
        {"key": "join", "name": "Joining", "assembly": true}]})));
    floor.item.progress.components = [("SLV".to_owned(), 2)].into();
    floor.components = (1..).zip(statuses).map(|(n, status)| component(n, *status)).collect();
    floor
}

fn assemble(numbers: &[u128]) -> Command {
    Command::Assemble { component_ids: numbers.iter().map(|n| component(*n, Status::Active).id).collect() }
}

#[test]
fn a_stage_is_left_when_all_ordered_components_are_in() {
    let mut floor = assembly(&[Status::Completed, Status::Completed]);
    let refusal = floor.refusal(&worker(1), advance());
    no(&refusal, Reason::ComponentsNotReady);
    assert_eq!(refusal.detail["missing"].as_array().unwrap().len(), 2);
    floor.must(&worker(1), assemble(&[1]));
    no(&floor.refusal(&worker(1), advance()), Reason::ComponentsNotReady);
    floor.must(&worker(1), assemble(&[1, 2]));
    floor.must(&worker(1), advance());
    assert_eq!(floor.item.status, Status::Completed);
}

#[test]
fn a_component_that_is_not_completed_is_not_put_in() {
    let floor = assembly(&[Status::Completed, Status::Active]);
    let refusal = floor.refusal(&worker(1), assemble(&[1, 2]));
    no(&refusal, Reason::ComponentsNotReady);
    assert_eq!(refusal.detail["missing"][0]["code"], "JKT-0001/SLV-2");
}

#[test]
fn a_part_that_belongs_elsewhere_stops_the_worker() {
    let refusal = assembly(&[Status::Completed]).refusal(&worker(1), assemble(&[7]));
    no(&refusal, Reason::WrongCode);
    assert!(refusal.stop);
}

#[test]
fn the_same_components_again_are_done_already() {
    let mut floor = assembly(&[Status::Completed, Status::Completed]);
    floor.must(&worker(1), assemble(&[2, 1]));
    no(&floor.refusal(&worker(2), assemble(&[1, 2])), Reason::AlreadyDone);
}

#[test]
fn a_scrapped_component_needs_another_in_its_place() {
    let mut floor = assembly(&[Status::Completed, Status::Scrapped]);
    floor.must(&worker(1), assemble(&[1]));
    let refusal = floor.refusal(&worker(1), advance());
    no(&refusal, Reason::ComponentsNotReady);
    assert_eq!(refusal.detail["short"], json!([{"component": "SLV", "lacking": 1}]));
    floor.components.push(component(3, Status::Completed));
    floor.must(&worker(1), assemble(&[3]));
    floor.must(&worker(1), advance());
}

#[test]
fn a_component_taken_back_into_work_is_not_ready_any_more() {
    let mut floor = assembly(&[Status::Completed, Status::Completed]);
    floor.must(&worker(1), assemble(&[1, 2]));
    floor.components[0].status = Status::Active;
    no(&floor.refusal(&worker(1), advance()), Reason::ComponentsNotReady);
}

#[test]
fn naming_nothing_is_no_assembly() {
    no(&assembly(&[Status::Completed]).refusal(&worker(1), assemble(&[])), Reason::FormInvalid);
}

/// A component of the floor's item, begun, with a note to its name.
fn begun(floor: &Floor) -> Floor {
    let Floor { item, workflow, .. } = floor;
    let new = New {
        id: component(1, Status::NotStarted).id,
        code: "JKT-0001/SLV-1".to_owned(),
        order_id: None,
        line_id: None,
        parent_id: Some(item.id),
        workflow_version_id: item.workflow_version_id,
        site_id: item.site_id,
        location_id: None,
        priority: item.priority,
        stage: workflow.entry.clone(),
        attributes: [].into(),
        components: [].into(),
    };
    let mut part = Floor::with(workflow.clone(), new);
    part.must(&worker(2), note("cut.extra"));
    part
}

/// What the item's latest event means for the part.
fn followed(floor: &Floor, part: &Item) -> Option<Event> {
    item::follow(&floor.item, floor.log.last().unwrap(), part)
}

#[test]
fn an_open_component_is_cancelled_with_its_item_and_comes_back_with_it() {
    for (end, reason) in [(Command::Scrap { reason: "torn".to_owned() }, Some("torn")), (advance(), None)] {
        let mut floor = Floor::at(Status::Active);
        let mut part = begun(&floor);
        let before = part.item.clone();
        floor.must(&worker(1), end);
        let event = followed(&floor, &part.item).unwrap();
        let with = Some(floor.item.id);
        assert_eq!(event.change, Change::Cancelled { reason: reason.map(str::to_owned), with });
        assert_eq!(event.stamp, floor.log.last().unwrap().stamp);
        part.book(vec![event]);
        assert_eq!(part.item.status, Status::Cancelled);
        assert_eq!(followed(&floor, &part.item), None, "once");

        // Not by itself, whoever asks.
        no(&part.refusal(&worker(1), undo()), Reason::ItemClosed);
        part.must(&worker(2), Command::AddNote { text: "pity".to_owned() });
        floor.must(&worker(1), undo());
        part.book(vec![followed(&floor, &part.item).unwrap()]);
        assert_eq!(crate::item_undo::comparable(&part.item), crate::item_undo::comparable(&before));
        assert_eq!(item::fold(&part.log).unwrap(), part.item);
    }
}

#[test]
fn nothing_else_that_happens_to_an_item_concerns_its_components() {
    let mut floor = Floor::at(Status::NotStarted);
    let part = begun(&floor);
    let hold = || Command::Hold { reason: "crack".to_owned() };
    for command in [note("cut.extra"), advance(), Command::Pause, Command::Resume, hold()] {
        floor.must(&worker(1), command);
        assert_eq!(followed(&floor, &part.item), None);
    }
    floor.must(&worker(1), Command::Scrap { reason: "torn".to_owned() });
    let stranger = Item { parent_id: None, ..part.item.clone() };
    assert_eq!(followed(&floor, &stranger), None, "it is no component of this");
    for status in [Status::Completed, Status::Scrapped, Status::Cancelled] {
        let closed = Item { status, ..part.item.clone() };
        assert_eq!(followed(&floor, &closed), None, "{status}");
    }
    floor.must(&worker(1), undo());
    let cancelled = Item { status: Status::Cancelled, ..part.item.clone() };
    assert_eq!(followed(&floor, &cancelled), None, "it was cancelled for another reason");
}

//! Components and assembly.

use floorline_domain::{
    ItemId, Reason,
    item::{Command, Component, Status},
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

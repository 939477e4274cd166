//! Who may work where, with what, and what a stage wants before it is left.

use floorline_domain::{
    Outcome, Reason,
    item::{Command, Op, PhotoSize, Status},
    label::{Code, Kind, Resolved, draw},
    order,
    permission::Permission,
};
use serde_json::{Value, json};

use crate::floor::*;

/// One stage, an exit, with these further properties.
fn stage(more: Value) -> Floor {
    let mut stage = json!({"key": "sew", "name": "Sewing"});
    stage.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Floor::new(workflow(json!({"name": "One", "entry": "sew", "stages": [stage]})))
}

fn code(kind: Kind) -> Code {
    draw(kind, || 42)
}

#[test]
fn each_command_asks_for_its_permission() {
    let reason = || "because".to_owned();
    let cases = [
        (Status::Active, note("pack.extra"), Permission::ItemAct),
        (Status::Active, skip("pack.extra"), Permission::ItemAct),
        (Status::Active, advance(), Permission::ItemAdvance),
        (Status::Active, Command::Pause, Permission::ItemAct),
        (Status::Paused, Command::Resume, Permission::ItemAct),
        (Status::Active, Command::Flag { reason: reason() }, Permission::ItemFlag),
        (Status::Active, Command::Scrap { reason: reason() }, Permission::ItemScrap),
        (Status::Active, Command::Hold { reason: reason() }, Permission::ItemHold),
        (Status::OnHold, Command::Release { reason: None }, Permission::ItemHold),
        (Status::Active, rework("cut"), Permission::ItemRework),
        (Status::Active, Command::Assign { user_id: worker(2).id }, Permission::ItemAssign),
        (Status::Active, Command::Claim, Permission::ItemAct),
        (Status::Active, Command::Move { location_id: place(1), site_id: Some(place(0)) }, Permission::ItemMove),
        (Status::Active, Command::Assemble { component_ids: vec![] }, Permission::ItemAct),
        (Status::Active, undo(), Permission::ItemAct),
        (Status::Active, Command::AddNote { text: reason() }, Permission::ItemAct),
        (Status::Active, Command::RecordScan { raw: reason() }, Permission::ScanRecord),
    ];
    for (status, command, permission) in cases {
        let refusal = Floor::at(status).refusal(&worker(1).without(permission), command.clone());
        assert_eq!(refusal.reason, Reason::NotPermitted, "{command:?}");
        assert_eq!(refusal.outcome, Outcome::Parked);
        assert_eq!(refusal.detail["permission"], permission.as_str());
    }
}

#[test]
fn the_server_cancels_and_fails_without_permission() {
    let mut nobody = worker(1);
    nobody.permissions.clear();
    Floor::at(Status::Active).must(&nobody, Command::Cancel { reason: None });
    Floor::at(Status::Active).must(&nobody, Command::Fail { reason: None });
}

#[test]
fn what_cannot_happen_is_not_waiting_for_approval() {
    let nobody = worker(1).without(Permission::ItemAct);
    no(&Floor::at(Status::Scrapped).refusal(&nobody, note("pack.extra")), Reason::ItemClosed);
    no(&Floor::at(Status::Paused).refusal(&nobody, note("pack.extra")), Reason::ItemPaused);
}

#[test]
fn a_stage_may_be_for_some_roles() {
    let mut floor = stage(json!({"roles": ["tailor"]}));
    let refusal = floor.refusal(&worker(1), advance());
    no(&refusal, Reason::NotPermitted);
    assert_eq!(refusal.detail["roles"], json!(["tailor"]));
    assert!(floor.ask(&lead(2), &advance()).is_ok(), "an override passes");
    floor.must(&worker(1).with_role("tailor"), advance());
}

#[test]
fn an_assigned_item_is_its_workers_where_the_stage_says_so() {
    let mut floor = stage(json!({"assigned_only": true}));
    assert!(floor.ask(&worker(2), &advance()).is_ok(), "assigned to nobody");
    floor.must(&worker(1), Command::Claim);
    let refusal = floor.refusal(&worker(2), advance());
    no(&refusal, Reason::NotPermitted);
    assert_eq!(refusal.detail, json!({"permission": "item:override", "assigned_to": worker(1).id}));
    assert!(floor.ask(&lead(2), &advance()).is_ok());
    floor.must(&worker(1), advance());
}

#[test]
fn elsewhere_assignment_is_advice() {
    let mut floor = stage(json!({}));
    floor.must(&worker(1), Command::Claim);
    floor.must(&worker(2), advance());
}

#[test]
fn the_first_claim_wins() {
    let mut floor = Floor::at(Status::Active);
    floor.must(&worker(1), Command::Claim);
    no(&floor.refusal(&worker(1), Command::Claim), Reason::AlreadyDone);
    let refusal = floor.refusal(&worker(2), Command::Claim);
    no(&refusal, Reason::ClaimLost);
    assert_eq!(refusal.detail["by"], json!(worker(1).id));
    floor.must(&worker(3), Command::Assign { user_id: worker(2).id });
    no(&floor.refusal(&worker(3), Command::Assign { user_id: worker(2).id }), Reason::AlreadyDone);
}

#[test]
fn a_stage_is_left_at_its_place() {
    let mut floor = stage(json!({"location_ids": [place(5)]}));
    let refusal = floor.refusal(&worker(1), advance());
    no(&refusal, Reason::WrongLocation);
    assert_eq!(refusal.detail["allowed"], json!([place(5)]));
    floor.shift_location = Some(place(5));
    assert!(floor.ask(&worker(1), &advance()).is_ok(), "the shift is there");
    floor.shift_location = Some(place(6));
    no(&floor.refusal(&worker(1), advance()), Reason::WrongLocation);
    floor.must(&worker(1), Command::Move { location_id: place(5), site_id: Some(place(0)) });
    floor.must(&worker(1), advance());
}

#[test]
fn an_item_moves_to_places_that_exist() {
    let mut floor = Floor::at(Status::Active);
    let to = |site_id| Command::Move { location_id: place(5), site_id };
    no(&floor.refusal(&worker(1), to(None)), Reason::WrongLocation);
    floor.must(&worker(1), to(Some(place(9))));
    assert_eq!((floor.item.location_id, floor.item.site_id), (Some(place(5)), place(9)));
    no(&floor.refusal(&worker(2), to(Some(place(9)))), Reason::AlreadyDone);
}

#[test]
fn required_actions_come_first() {
    let actions = json!([{"key": "a", "kind": "note", "required": true}, {"key": "b", "kind": "note", "required": true},
                         {"key": "c", "kind": "note"}]);
    let mut floor = stage(json!({"actions": actions}));
    floor.must(&worker(1), note("sew.b"));
    let refusal = floor.refusal(&worker(1), advance());
    no(&refusal, Reason::ActionsMissing);
    assert_eq!(refusal.detail["missing"], json!(["sew.a"]));
    floor.must(&worker(1), note("sew.a"));
    assert_eq!(floor.must(&worker(1), advance()), ["item.completed"]);
}

#[test]
fn one_of_several_actions_can_be_enough() {
    let actions =
        json!([{"key": "a", "kind": "note", "required": true}, {"key": "b", "kind": "note", "required": true}]);
    let mut floor = stage(json!({"completion_rule": "any", "actions": actions}));
    let refusal = floor.refusal(&worker(1), advance());
    assert_eq!(refusal.detail, json!({"missing": ["sew.a", "sew.b"], "rule": "any"}));
    floor.must(&worker(1), note("sew.b"));
    floor.must(&worker(1), advance());
}

#[test]
fn a_required_action_is_skipped_only_by_override_and_then_counts() {
    let actions = json!([{"key": "a", "kind": "note", "required": true}, {"key": "b", "kind": "note"}]);
    let mut floor = stage(json!({"actions": actions}));
    floor.must(&worker(1), skip("sew.b"));
    no(&floor.refusal(&worker(1), skip("sew.b")), Reason::AlreadyDone);
    let refusal = floor.refusal(&worker(1), skip("sew.a"));
    assert_eq!(refusal.detail, json!({"permission": "item:override"}));
    floor.must(&lead(2), skip("sew.a"));
    assert!(floor.item.result("sew.a").unwrap().skipped);
    floor.must(&worker(1), advance());
}

#[test]
fn what_was_skipped_can_still_be_done() {
    let mut floor = stage(json!({"actions": [{"key": "b", "kind": "note"}]}));
    floor.must(&worker(1), skip("sew.b"));
    floor.must(&worker(1), note("sew.b"));
    assert!(!floor.item.result("sew.b").unwrap().skipped);
    no(&floor.refusal(&worker(1), skip("sew.b")), Reason::AlreadyDone);
}

#[test]
fn a_result_that_did_not_pass_is_kept_and_done_again() {
    let config = json!({"readings": [{"name": "seam", "unit": "mm", "nominal": 10, "tolerance": 0.5}]});
    let actions = json!([{"key": "m", "kind": "measurement", "required": true, "config": config}]);
    let mut floor = stage(json!({"actions": actions}));
    let reading = |value: f64| complete("sew.m", json!({"readings": [{"name": "seam", "value": value, "unit": "mm"}]}));
    floor.must(&worker(1), reading(11.0));
    assert!(!floor.item.result("sew.m").unwrap().passed);
    assert_eq!(floor.refusal(&worker(1), advance()).detail["missing"], json!(["sew.m"]));
    floor.must(&worker(1), reading(10.5));
    let refusal = floor.refusal(&worker(2), reading(10.5));
    assert_eq!((refusal.reason, &refusal.detail["differs"]), (Reason::AlreadyDone, &json!(false)));
    let refusal = floor.refusal(&worker(2), reading(10.2));
    assert_eq!((refusal.reason, &refusal.detail["differs"]), (Reason::AlreadyDone, &json!(true)));
    floor.must(&worker(1), advance());
}

#[test]
fn a_hard_gate_waits_for_the_pictures() {
    let hash = "ab".repeat(32);
    let actions = json!([{"key": "p", "kind": "photo", "required": true}]);
    let mut floor = stage(json!({"hard_gate": true, "actions": actions}));
    floor.must(&worker(1), complete("sew.p", json!({"photos": [{"sha256": hash}]})));
    let refusal = floor.refusal(&worker(1), advance());
    no(&refusal, Reason::ActionsMissing);
    assert_eq!(refusal.detail, json!({"missing": ["sew.p"], "evidence": [hash]}));
    floor.stored.push(hash);
    floor.must(&worker(1), advance());
}

#[test]
fn without_a_hard_gate_pictures_may_follow() {
    let mut floor = stage(json!({"actions": [{"key": "p", "kind": "photo", "required": true}]}));
    floor.must(&worker(1), complete("sew.p", json!({"photos": [{"sha256": "ab".repeat(32)}]})));
    floor.must(&worker(1), advance());
}

#[test]
fn a_stored_picture_must_be_large_enough() {
    let actions = json!([{"key": "p", "kind": "photo", "required": true, "config": {"min_width": 800}}]);
    let mut floor = stage(json!({"actions": actions}));
    floor.photo_size = Some(PhotoSize { width: 640, height: 480 });
    let photo = complete("sew.p", json!({"photos": [{"sha256": "ab".repeat(32)}]}));
    assert_eq!(floor.refusal(&worker(1), photo).detail["errors"][0]["code"], "too_small");
}

fn approval() -> Floor {
    stage(json!({"roles": ["tailor"], "actions": [
        {"key": "seam", "kind": "note", "required": true},
        {"key": "ok", "kind": "approval", "required": true, "config": {"role": "quality"}}]}))
}

#[test]
fn an_approval_is_by_another_person_with_the_role() {
    let yes = || complete("sew.ok", json!({"approved": true}));
    let mut floor = approval();
    let tailor = worker(1).with_role("tailor");
    floor.must(&tailor, note("sew.seam"));
    let refusal = floor.refusal(&worker(2), yes());
    assert_eq!((refusal.reason, &refusal.detail["roles"]), (Reason::NotPermitted, &json!(["quality"])));
    let refusal = floor.refusal(&tailor.clone().with_role("quality"), yes());
    no(&refusal, Reason::SamePerson);
    assert_eq!(refusal.detail["actions"], json!(["sew.seam"]));
    let refusal = floor.refusal(&worker(2).with_role("quality").without(Permission::ApprovalGive), yes());
    assert_eq!(refusal.detail["permission"], "approval:give");
    floor.must(&worker(2).with_role("quality"), yes());
    floor.must(&tailor, advance());
}

#[test]
fn everyone_who_ever_acted_in_this_visit_is_no_approver() {
    let mut floor = stage(json!({"actions": [
        {"key": "m", "kind": "inspection", "config": {"checks": ["seam"]}}, {"key": "ok", "kind": "approval"}]}));
    let inspected = |passed: bool| complete("sew.m", json!({"checks": [{"item": "seam", "passed": passed}]}));
    floor.must(&worker(1), inspected(false));
    floor.must(&worker(2), inspected(true));
    let yes = || complete("sew.ok", json!({"approved": true}));
    no(&floor.refusal(&worker(1), yes()), Reason::SamePerson);
    no(&floor.refusal(&worker(2), yes()), Reason::SamePerson);
    floor.must(&worker(3), yes());
}

#[test]
fn work_in_an_earlier_stage_or_visit_does_not_bar_an_approver() {
    let mut floor = Floor::new(workflow(json!({"name": "Two", "entry": "sew", "stages": [
        {"key": "sew", "name": "Sewing", "next": [{"to": "check"}], "actions": [{"key": "n", "kind": "note"}]},
        {"key": "check", "name": "Check", "rework": [{"to": "sew", "max_visits": 1}],
         "actions": [{"key": "n", "kind": "note"}, {"key": "ok", "kind": "approval"}]}]})));
    let yes = || complete("check.ok", json!({"approved": true}));
    floor.must(&worker(1), note("sew.n"));
    floor.must(&worker(1), advance());
    assert!(floor.ask(&worker(1), &yes()).is_ok());
    floor.must(&worker(1), note("check.n"));
    no(&floor.refusal(&worker(1), yes()), Reason::SamePerson);
    floor.must(&worker(2), rework("sew"));
    floor.must(&worker(2), advance());
    floor.must(&worker(1), yes());
}

#[test]
fn an_approval_refused_is_a_result_and_can_be_given_later() {
    let mut floor = approval();
    let quality = worker(2).with_role("quality");
    floor.must(&quality, complete("sew.ok", json!({"approved": false})));
    assert!(!floor.item.result("sew.ok").unwrap().passed);
    floor.must(&quality, complete("sew.ok", json!({"approved": true})));
    assert!(floor.item.result("sew.ok").unwrap().passed);
}

fn scan(expected: &str, resolved: Resolved) -> (Floor, Command) {
    let mut floor = stage(json!({"location_ids": [place(5)],
        "actions": [{"key": "s", "kind": "scan", "required": true, "config": {"expected": expected}}]}));
    floor.components = vec![crate::item_components::component(1, Status::Active)];
    floor.scanned = Some(resolved);
    (floor, complete("sew.s", json!({"raw": "FL-7"})))
}

#[test]
fn a_scan_takes_only_what_is_expected() {
    let this = floorline_domain::ItemId(uuid(1));
    let component = crate::item_components::component(1, Status::Active).id;
    let user = worker(7).id;
    let cases = [
        ("this_item", Resolved::Item(this), None),
        ("this_item", Resolved::Item(component), Some(Reason::WrongCode)),
        ("this_item", Resolved::Foreign(code(Kind::Item)), Some(Reason::WrongCode)),
        ("this_item", Resolved::Blank(code(Kind::Item)), Some(Reason::WrongCode)),
        ("this_item", Resolved::Revoked(code(Kind::Item)), Some(Reason::LabelRevoked)),
        ("component", Resolved::Item(component), None),
        ("component", Resolved::Item(this), Some(Reason::WrongCode)),
        ("user", Resolved::User(user), None),
        ("user", Resolved::Item(this), Some(Reason::WrongCode)),
        ("location", Resolved::Location(place(5)), None),
        ("location", Resolved::Location(place(6)), Some(Reason::WrongLocation)),
        ("location", Resolved::User(user), Some(Reason::WrongCode)),
        ("FL-7", Resolved::Text("FL-7".to_owned()), None),
        ("FL-8", Resolved::Text("FL-7".to_owned()), Some(Reason::WrongCode)),
    ];
    for (expected, resolved, reason) in cases {
        let (mut floor, command) = scan(expected, resolved.clone());
        let result = floor.try_to(&worker(1), &command);
        assert_eq!(result.as_ref().err().map(|refusal| refusal.reason), reason, "{expected}: {resolved:?}");
        if let Err(refusal) = result {
            assert_eq!(refusal.stop, refusal.reason != Reason::WrongLocation);
        }
    }
}

#[test]
fn a_scan_that_nobody_resolved_is_read_by_itself() {
    let (mut floor, _) = scan("this_item", Resolved::Text(String::new()));
    floor.scanned = None;
    let raw = |raw: String| complete("sew.s", json!({ "raw": raw }));
    no(&floor.refusal(&worker(1), raw("FL-7".to_owned())), Reason::WrongCode);
    floor.must(&worker(1), raw(format!("item:{}", floor.item.id)));
    assert_eq!(floor.item.result("sew.s").unwrap().content["is"]["kind"], "item");
}

#[test]
fn stage_work_waits_for_an_open_order() {
    for status in order::Status::ALL {
        let mut floor = Floor::at(Status::Active);
        floor.order = Some(*status);
        for command in [note("pack.extra"), skip("pack.extra"), advance(), rework("cut")] {
            let result = floor.ask(&worker(1), &command);
            let reason = result.err().map(|refusal| refusal.reason);
            assert_eq!(reason, (!status.is_open()).then_some(Reason::OrderNotOpen), "{status}");
        }
        for command in [Command::Pause, Command::Claim, Command::Flag { reason: "stain".to_owned() }] {
            assert!(floor.ask(&worker(1), &command).is_ok(), "{status}: the order does not concern {command:?}");
        }
    }
}

#[test]
fn reasons_and_texts_are_given_and_bounded() {
    let floor = Floor::at(Status::Active);
    for text in [String::new(), "  ".to_owned(), "x".repeat(5_000)] {
        let commands = [
            Command::Flag { reason: text.clone() },
            Command::Scrap { reason: text.clone() },
            Command::Hold { reason: text.clone() },
            Command::Rework { to: "cut".to_owned(), reason: text.clone() },
            Command::SkipAction { action_id: "pack.extra".to_owned(), reason: text.clone() },
            Command::AddNote { text: text.clone() },
            Command::RecordScan { raw: text.clone() },
        ];
        for command in commands {
            no(&floor.refusal(&worker(1), command), Reason::FormInvalid);
        }
    }
}

#[test]
fn an_action_that_does_not_exist_is_named() {
    let floor = Floor::at(Status::Active);
    for id in ["pack.nothing", "nowhere.extra", "extra", ""] {
        let refusal = floor.refusal(&worker(1), note(id));
        no(&refusal, Reason::FormInvalid);
        assert_eq!(refusal.detail["errors"][0]["field"], "action_id");
    }
}

#[test]
fn flags_are_many_but_bounded() {
    let mut floor = Floor::at(Status::Active);
    for n in 0..150 {
        floor.must(&worker(1), Command::Flag { reason: format!("stain {n}") });
    }
    assert_eq!(floor.item.progress.flags.len(), floorline_domain::item::MAX_FLAGS);
    assert_eq!(floor.item.progress.flags.last().unwrap().reason, "stain 149");
}

#[test]
fn undoable_operations_are_those_of_the_protocol() {
    let names: Vec<_> = Op::ALL.iter().filter(|op| op.is_undoable()).map(|op| op.as_str()).collect();
    assert_eq!(
        names,
        ["action.complete", "action.skip", "item.advance", "item.flag", "item.scrap", "item.hold", "item.rework"]
    );
}

#[test]
fn an_override_is_used_where_nothing_else_allows_it() {
    let mut floor = Floor::new(workflow(json!({"name": "W", "entry": "sew", "stages": [
        {"key": "sew", "name": "Sewing", "roles": ["operator"], "assigned_only": true, "actions": [
            {"key": "must", "kind": "note", "required": true}, {"key": "may", "kind": "note"}]}]})));
    assert!(floor.overrides(&lead(2), &skip("sew.must")));
    assert!(!floor.overrides(&lead(2), &skip("sew.may")));
    assert!(!floor.overrides(&lead(2), &note("sew.must")));
    assert!(!floor.overrides(&worker(2), &skip("sew.must")), "who may not override does not");
    assert!(!floor.overrides(&lead(2), &advance()), "not even an override leaves required actions out");
    floor.must(&worker(1), note("sew.must"));
    floor.must(&worker(1), Command::Claim);
    assert!(floor.overrides(&lead(2), &advance()), "it is another's");
    assert!(!floor.overrides(&lead(1), &advance()), "it is their own");
    assert!(!floor.overrides(&lead(2), &Command::Scrap { reason: "torn".to_owned() }));
}

#[test]
fn an_override_is_used_to_resume_what_failed_and_to_undo_late() {
    assert!(Floor::at(Status::Error).overrides(&lead(2), &Command::Resume));
    assert!(!Floor::at(Status::Paused).overrides(&lead(2), &Command::Resume));
    let mut floor = Floor::at(Status::Active);
    floor.must(&lead(1), Command::Flag { reason: "stain".to_owned() });
    assert!(!floor.overrides(&lead(1), &undo()));
    floor.wait(chrono::Duration::minutes(11));
    assert!(floor.overrides(&lead(1), &undo()));
}

//! Workflows as their authors send them: what has no fault leads from its entry to an exit, and is stored and read back as it is.
#![no_main]

use std::collections::BTreeSet;

use floorline_domain::workflow::{MAX_BYTES, MAX_STAGES, Workflow};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else { return };
    let Ok(workflow) = Workflow::read(document) else { return };
    let written = serde_json::to_value(&workflow).expect("what was read can be written");
    assert_eq!(Workflow::read(written.clone()).as_ref(), Ok(&workflow), "{written}");

    let faults = workflow.validate(|_| true);
    assert_eq!(faults, workflow.validate(|_| true), "the same is wrong with it each time");
    assert!(faults.iter().all(|fault| !fault.code.is_empty() && !fault.message.is_empty()));
    if faults.is_empty() {
        sound(&workflow);
    }
});

/// What holds of every workflow without a fault.
fn sound(workflow: &Workflow) {
    assert!((1..=MAX_STAGES).contains(&workflow.stages.len()));
    assert!(serde_json::to_vec(workflow).expect("it can be written").len() <= MAX_BYTES);
    assert!(workflow.beyond().is_none());
    let keys: BTreeSet<_> = workflow.stages.iter().map(|stage| &stage.key).collect();
    assert_eq!(keys.len(), workflow.stages.len(), "a key names one stage");
    let entry = workflow.entry_stage().expect("there is a way in");
    for stage in &workflow.stages {
        let ways =
            stage.next.iter().map(|way| &way.to).chain(stage.rework.iter().map(|way| &way.to)).chain(&stage.depends_on);
        for way in ways {
            assert!(keys.contains(way), "{} leads nowhere: {way}", stage.key);
        }
        for action in &stage.actions {
            let found = workflow.action(&stage.action_id(action)).expect("an action is found by its name");
            assert_eq!((&found.0.key, &found.1.key), (&stage.key, &action.key));
        }
    }
    let mut reached = workflow.downstream(&entry.key);
    reached.insert(entry.key.clone());
    assert!(
        workflow.stages.iter().any(|stage| reached.contains(&stage.key) && workflow.is_exit(stage)),
        "there is a way out"
    );
}

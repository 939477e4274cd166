//! The contract is committed, so that a change of it shows in review.
//!
//! After a wanted change run the tests with `UPDATE_OPENAPI=1` and look at the difference.

use std::path::Path;

#[test]
fn the_contract_is_the_committed_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let served = format!("{}\n", floorline_server::app::openapi().to_pretty_json().unwrap());
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(&file, &served).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    let first_difference = served.lines().zip(committed.lines()).position(|(served, committed)| served != committed);
    assert!(
        served == committed,
        "docs/openapi.json is not what the server offers, first at line {:?}; run the tests with UPDATE_OPENAPI=1 and review",
        first_difference.map(|line| line + 1)
    );
}

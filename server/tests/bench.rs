//! `floorline bench`, every part at its smallest: what it prints, never how fast it is.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

/// Every line, as part and figure. `scan` has each once for each of its two peers.
const LINES: [&str; 36] = [
    "floor verdicts",
    "floor verdicts_of_limit",
    "floor latency_p50",
    "floor latency_p99",
    "replay time_to_drain",
    "replay live_p50",
    "replay live_p99",
    "fanout delivered",
    "fanout commit_to_socket_p50",
    "fanout commit_to_socket_p99",
    "fanout tap_to_socket_p99",
    "idle memory_of_20_sockets",
    "accept accepted",
    "labels pdf",
    "labels png",
    "scan read",
    "scan read_rotation",
    "scan read_perspective",
    "scan read_blur",
    "scan read_noise",
    "scan read_low_light",
    "scan read_damage",
    "scan time_mean",
    "scan time_p50",
    "scan read",
    "scan read_rotation",
    "scan read_perspective",
    "scan read_blur",
    "scan read_noise",
    "scan read_low_light",
    "scan read_damage",
    "scan time_mean",
    "scan time_p50",
    "grow latency_p50_at_300",
    "grow latency_p99_at_300",
    "grow verdicts_at_300",
];

/// Figures that are held to an aim.
const AIMED: [&str; 6] = [
    "floor verdicts",
    "floor verdicts_of_limit",
    "floor latency_p50",
    "idle memory_of_20_sockets",
    "grow latency_p50_at_300",
    "grow verdicts_at_300",
];

#[test]
fn every_part_of_the_bench_prints_its_lines() {
    let folder = tempfile::tempdir().unwrap();
    // Where root runs the tests, the database's user must reach it.
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let json = folder.path().join("bench.json");
    let output = Command::new(env!("CARGO_BIN_EXE_floorline"))
        .args(["bench", "--quick", "--json"])
        .arg(&json)
        .env("FLOORLINE_DATA", folder.path().join("data"))
        .env_remove("DATABASE_URL")
        .env_remove("FLOORLINE_CONFIG")
        .output()
        .unwrap();
    let [told, complained] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{complained}\n{told}");

    let lines: Vec<Value> =
        std::fs::read_to_string(json).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let name = |line: &Value| format!("{} {}", line["bench"].as_str().unwrap(), line["figure"].as_str().unwrap());
    let names: Vec<String> = lines.iter().map(name).collect();
    assert_eq!(names, LINES, "{complained}");
    for line in &lines {
        let name = name(line);
        assert!(line["value"].is_f64() && line["peer_value"].is_f64(), "{line}");
        assert_eq!(line["ratio"].is_f64(), line["peer_value"] != 0.0, "{line}");
        assert!(!line["peer"].as_str().unwrap().is_empty() && !line["unit"].as_str().unwrap().is_empty(), "{line}");
        assert_eq!(line["aim"].is_string(), AIMED.contains(&name.as_str()), "{line}");
        assert_eq!(line["met"].is_boolean(), line["aim"].is_string(), "{line}");
    }
    // A person reads the same: one line a figure, with its aim or without.
    let read: BTreeSet<&str> = told.lines().filter_map(|line| line.split_once(';')).map(|(start, _)| start).collect();
    for line in &lines {
        let (bench, figure) = (line["bench"].as_str().unwrap(), line["figure"].as_str().unwrap());
        assert!(read.iter().any(|start| start.starts_with(&format!("{bench}: {figure} "))), "{bench} {figure}\n{told}");
    }
    assert!(told.contains("aim: ratio at least 2, ") && told.contains("; no aim"), "{told}");
}

#[test]
fn the_frames_of_scan_are_written_with_what_each_says() {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_floorline"))
        .args(["bench", "scan", "--quick", "--frames"])
        .arg(folder.path())
        .env_remove("DATABASE_URL")
        .env_remove("FLOORLINE_CONFIG")
        .status()
        .unwrap();
    assert!(status.success());
    let list = std::fs::read_to_string(folder.path().join("frames.json")).unwrap();
    let frames: Vec<Value> = serde_json::from_str(&list).unwrap();
    let kinds: Vec<&str> = frames.iter().map(|frame| frame["spoilt"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["rotation", "perspective", "blur", "noise", "low_light", "damage"]);
    for frame in &frames {
        let picture = image::open(folder.path().join(frame["file"].as_str().unwrap())).unwrap();
        assert_eq!((picture.width(), picture.height()), (1280, 960), "{frame}");
        assert_eq!(frame["text"], "HTTPS://FLOOR.EXAMPLE.COM/Q/M01234567891000", "{frame}");
    }
}

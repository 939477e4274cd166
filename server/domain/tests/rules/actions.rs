//! The eight kinds of action, each with what it takes, what it refuses and what it calls passed.

use floorline_domain::{
    action::{self, Judged, Kind},
    item::PhotoSize,
    workflow::Action,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn action(kind: &str, config: &Value) -> Action {
    serde_json::from_value(json!({"key": "a", "kind": kind, "label": "A", "required": true, "config": config})).unwrap()
}

fn judge(kind: &str, config: &Value, data: &Value) -> Result<Judged, Vec<String>> {
    action::judge(&action(kind, config), data, &|_| None)
        .map_err(|errors| errors.into_iter().map(|error| format!("{} {}", error.field, error.code)).collect())
}

/// Config, data, and whether it passed or which fields are wrong.
type Case<'a> = (Value, Value, Result<bool, Vec<&'a str>>);

fn table(kind: &str, cases: Vec<Case<'_>>) {
    for (config, data, expected) in cases {
        let got = judge(kind, &config, &data).map(|judged| judged.passed);
        let expected = expected.map_err(|errors| errors.into_iter().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(got, expected, "{kind} {config} {data}");
    }
}

#[test]
fn scan() {
    table(
        "scan",
        vec![
            (json!({}), json!({"raw": "x"}), Ok(true)),
            (json!({}), json!({}), Err(vec!["raw required"])),
            (json!({}), json!({"raw": " "}), Err(vec!["raw required"])),
            (json!({}), json!({"raw": 7}), Err(vec!["raw type"])),
            (json!({}), json!([]), Err(vec!["data type"])),
        ],
    );
}

#[test]
fn note() {
    table(
        "note",
        vec![
            (json!({}), json!({"text": "seam fine"}), Ok(true)),
            (json!({}), json!({"text": ""}), Err(vec!["text required"])),
            (json!({"max_length": 4}), json!({"text": "fünf"}), Ok(true)),
            (json!({"max_length": 4}), json!({"text": "fünf!"}), Err(vec!["text too_long"])),
            (json!({}), json!({"text": "x".repeat(4_001)}), Err(vec!["text too_long"])),
        ],
    );
}

#[test]
fn approval() {
    table(
        "approval",
        vec![
            (json!({}), json!({"approved": true}), Ok(true)),
            (json!({}), json!({"approved": false, "comment": "crooked"}), Ok(false)),
            (json!({}), json!({}), Err(vec!["approved required"])),
            (json!({}), json!({"approved": "yes"}), Err(vec!["approved type"])),
            (json!({"comment_required": true}), json!({"approved": true}), Err(vec!["comment required"])),
            (json!({"comment_required": true}), json!({"approved": true, "comment": "fine"}), Ok(true)),
        ],
    );
}

#[test]
fn photo() {
    let (one, two) = ("a1".repeat(32), "b2".repeat(32));
    table(
        "photo",
        vec![
            (json!({}), json!({"photos": [{"sha256": one}]}), Ok(true)),
            (json!({}), json!({"photos": []}), Err(vec!["photos too_few"])),
            (json!({}), json!({}), Err(vec!["photos required", "photos too_few"])),
            (json!({}), json!({"photos": [{"sha256": "A1"}]}), Err(vec!["photos[0].sha256 invalid", "photos too_few"])),
            (json!({}), json!({"photos": ["x"]}), Err(vec!["photos[0] type", "photos too_few"])),
            (json!({"count": 2}), json!({"photos": [{"sha256": one}, {"sha256": one}]}), Err(vec!["photos too_few"])),
            (json!({"count": 2}), json!({"photos": [{"sha256": one}, {"sha256": two}]}), Ok(true)),
            (
                json!({"angles": ["front", "back"]}),
                json!({"photos": [{"sha256": one, "angle": "front"}, {"sha256": two}]}),
                Err(vec!["photos angle_missing"]),
            ),
            (
                json!({"angles": ["front", "back"]}),
                json!({"photos": [{"sha256": one, "angle": "front"}, {"sha256": two, "angle": "back"}]}),
                Ok(true),
            ),
            (
                json!({"min_width": 800}),
                json!({"photos": [{"sha256": one, "width": 640, "height": 480}]}),
                Err(vec!["photos[0].sha256 too_small"]),
            ),
            (json!({"min_height": 480}), json!({"photos": [{"sha256": one, "width": 640, "height": 480}]}), Ok(true)),
        ],
    );
}

#[test]
fn the_stored_picture_knows_its_size_best() {
    let photo = action("photo", &json!({"min_width": 800}));
    let data = json!({"photos": [{"sha256": "a1".repeat(32), "width": 4000, "height": 3000}]});
    let small = |_: &str| Some(PhotoSize { width: 799, height: 3000 });
    assert!(action::judge(&photo, &data, &small).is_err());
    assert!(action::judge(&photo, &data, &|_| None).is_ok());
}

#[test]
fn pictures_and_signatures_are_evidence() {
    let (one, two) = ("a1".repeat(32), "b2".repeat(32));
    let data = json!({"photos": [{"sha256": one}, {"sha256": two}]});
    assert_eq!(judge("photo", &json!({}), &data).unwrap().evidence, [one.clone(), two]);
    let data = json!({"sha256": one, "name": "Ana"});
    assert_eq!(judge("signature", &json!({}), &data).unwrap().evidence, [one]);
}

#[test]
fn signature() {
    table(
        "signature",
        vec![
            (json!({}), json!({"sha256": "a1".repeat(32), "name": "Ana"}), Ok(true)),
            (json!({}), json!({"sha256": "a1"}), Err(vec!["sha256 invalid", "name required"])),
        ],
    );
}

#[test]
fn measurement() {
    let limits = json!({"readings": [{"name": "w", "unit": "mm", "min": 10, "max": 20}]});
    let nominal = json!({"readings": [{"name": "w", "unit": "mm", "nominal": 41.2, "tolerance": 0.1}]});
    let two = json!({"readings": [{"name": "w", "unit": "mm"}, {"name": "t", "unit": "°C", "max": 80}]});
    let read = |value: Value| json!({"readings": [{"name": "w", "value": value, "unit": "mm"}]});
    table(
        "measurement",
        vec![
            (limits.clone(), read(json!(10)), Ok(true)),
            (limits.clone(), read(json!(20.0)), Ok(true)),
            (limits.clone(), read(json!(9.99)), Ok(false)),
            (limits.clone(), read(json!(20.01)), Ok(false)),
            (limits.clone(), read(json!("15")), Err(vec!["readings[0].value type"])),
            (limits.clone(), json!({"readings": []}), Err(vec!["readings missing"])),
            (limits.clone(), json!({"readings": {}}), Err(vec!["readings type", "readings missing"])),
            (
                limits.clone(),
                json!({"readings": [{"name": "w", "value": 1.5, "unit": "cm"}]}),
                Err(vec!["readings[0].unit unit"]),
            ),
            (
                limits.clone(),
                json!({"readings": [{"name": "w", "value": 15, "unit": "mm"}, {"name": "x", "value": 1, "unit": "mm"}]}),
                Err(vec!["readings[1].name unknown"]),
            ),
            (
                limits,
                json!({"readings": [{"name": "w", "value": 15, "unit": "mm"}, {"name": "w", "value": 16, "unit": "mm"}]}),
                Err(vec!["readings[1].name duplicate"]),
            ),
            (nominal.clone(), read(json!(41.3)), Ok(true)),
            (nominal.clone(), read(json!(41.1)), Ok(true)),
            (nominal.clone(), read(json!(41.31)), Ok(false)),
            (nominal, read(json!(41.09)), Ok(false)),
            (two.clone(), read(json!(1)), Err(vec!["readings missing"])),
            (
                two,
                json!({"readings": [{"name": "w", "value": 1, "unit": "mm"}, {"name": "t", "value": 81, "unit": "°C"}]}),
                Ok(false),
            ),
        ],
    );
}

#[test]
fn each_reading_is_kept_with_unit_and_verdict() {
    let config = json!({"readings": [{"name": "w", "unit": "mm", "max": 20}]});
    let judged =
        judge("measurement", &config, &json!({"readings": [{"name": "w", "value": 21, "unit": "mm"}]})).unwrap();
    assert_eq!(judged.content, json!({"readings": [{"name": "w", "value": 21.0, "unit": "mm", "passed": false}]}));
}

#[test]
fn inspection() {
    let all = json!({"checks": ["seam", "hem"], "pass": "all"});
    let one = json!({"checks": ["seam", "hem"], "pass": 1});
    let checked = |seam: bool, hem: bool| json!({"checks": [{"item": "seam", "passed": seam}, {"item": "hem", "passed": hem, "note": "loose"}]});
    table(
        "inspection",
        vec![
            (all.clone(), checked(true, true), Ok(true)),
            (all.clone(), checked(true, false), Ok(false)),
            (one.clone(), checked(true, false), Ok(true)),
            (one, checked(false, false), Ok(false)),
            (all.clone(), json!({"checks": [{"item": "seam", "passed": true}]}), Err(vec!["checks missing"])),
            (
                all.clone(),
                json!({"checks": [{"item": "seam", "passed": true}, {"item": "seam", "passed": true}, {"item": "hem", "passed": true}]}),
                Err(vec!["checks[1].item duplicate"]),
            ),
            (
                all,
                json!({"checks": [{"item": "collar", "passed": true}, {"item": "seam", "passed": 1}]}),
                Err(vec!["checks[0].item unknown", "checks[1].passed type", "checks missing", "checks missing"]),
            ),
        ],
    );
}

#[test]
fn form() {
    let field = |more: Value| {
        let mut field = json!({"key": "f"});
        field.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "fields": [field] })
    };
    let given = |value: Value| json!({"fields": {"f": value}});
    table(
        "form",
        vec![
            (field(json!({"type": "text"})), given(json!("x")), Ok(true)),
            (field(json!({"type": "text"})), json!({"fields": {}}), Ok(true)),
            (field(json!({"type": "text"})), json!({}), Err(vec!["fields required"])),
            (field(json!({"type": "text", "required": true})), given(json!(" ")), Err(vec!["fields.f required"])),
            (field(json!({"type": "text", "required": true})), given(json!(null)), Err(vec!["fields.f required"])),
            (field(json!({"type": "text"})), given(json!(7)), Err(vec!["fields.f type"])),
            (field(json!({"type": "text", "max": 3})), given(json!("abcd")), Err(vec!["fields.f range"])),
            (field(json!({"type": "text", "pattern": "[A-Z]{2}\\d"})), given(json!("AB7")), Ok(true)),
            (
                field(json!({"type": "text", "pattern": "[A-Z]{2}\\d"})),
                given(json!("AB77")),
                Err(vec!["fields.f pattern"]),
            ),
            (field(json!({"type": "text", "pattern": "a|b"})), given(json!("ax")), Err(vec!["fields.f pattern"])),
            (field(json!({"type": "number", "min": 1, "max": 5})), given(json!(5)), Ok(true)),
            (field(json!({"type": "number", "min": 1, "max": 5})), given(json!(5.1)), Err(vec!["fields.f range"])),
            (field(json!({"type": "number"})), given(json!("5")), Err(vec!["fields.f type"])),
            (field(json!({"type": "select", "options": ["a", "b"]})), given(json!("b")), Ok(true)),
            (field(json!({"type": "select", "options": ["a", "b"]})), given(json!("c")), Err(vec!["fields.f option"])),
            (field(json!({"type": "checkbox"})), given(json!(false)), Ok(true)),
            (field(json!({"type": "checkbox"})), given(json!("on")), Err(vec!["fields.f type"])),
            (field(json!({"type": "date"})), given(json!("2026-11-20")), Ok(true)),
            (field(json!({"type": "date"})), given(json!("2026-02-30")), Err(vec!["fields.f type"])),
            (field(json!({"type": "date"})), given(json!("20.11.2026")), Err(vec!["fields.f type"])),
            (field(json!({"type": "text"})), json!({"fields": {"g": "x"}}), Err(vec!["fields.g unknown"])),
        ],
    );
}

#[test]
fn a_configuration_that_nothing_can_meet_is_a_fault() {
    let cases = [
        ("photo", json!({"count": 0}), "count range"),
        ("photo", json!({"count": 51}), "count range"),
        ("photo", json!({"angles": ["front", "front"]}), "angles duplicate"),
        ("note", json!({"max_length": 0}), "max_length range"),
        ("approval", json!({"role": " "}), "role required"),
        ("measurement", json!({}), "readings required"),
        ("measurement", json!({"readings": [{"name": "a", "unit": ""}]}), "readings[0] required"),
        ("measurement", json!({"readings": [{"name": "a", "unit": "mm", "min": 2, "max": 1}]}), "readings[0] range"),
        ("measurement", json!({"readings": [{"name": "a", "unit": "mm", "nominal": 2}]}), "readings[0] incomplete"),
        (
            "measurement",
            json!({"readings": [{"name": "a", "unit": "mm", "nominal": 2, "tolerance": -1}]}),
            "readings[0] range",
        ),
        (
            "measurement",
            json!({"readings": [{"name": "a", "unit": "mm"}, {"name": "a", "unit": "mm"}]}),
            "readings duplicate",
        ),
        ("inspection", json!({}), "checks required"),
        ("inspection", json!({"checks": ["a", "a"]}), "checks duplicate"),
        ("inspection", json!({"checks": ["a"], "pass": 2}), "pass range"),
        ("form", json!({}), "fields required"),
        ("form", json!({"fields": [{"key": "", "type": "text"}]}), "fields[0] required"),
        ("form", json!({"fields": [{"key": "a", "type": "select"}]}), "fields[0] required"),
        ("form", json!({"fields": [{"key": "a", "type": "number", "min": 2, "max": 1}]}), "fields[0] range"),
        ("form", json!({"fields": [{"key": "a", "type": "text", "pattern": "("}]}), "fields[0] pattern"),
        ("form", json!({"fields": [{"key": "a", "type": "text", "pattern": "(a{999}){999}"}]}), "fields[0] pattern"),
        ("form", json!({"fields": [{"key": "a", "type": "text", "pattern": "x".repeat(201)}]}), "fields[0] too_long"),
        ("form", json!({"fields": [{"key": "a", "type": "text"}, {"key": "a", "type": "text"}]}), "fields duplicate"),
    ];
    for (kind, config, expected) in cases {
        let faults = action(kind, &config).config.faults();
        let faults: Vec<String> = faults.into_iter().map(|fault| format!("{} {}", fault.field, fault.code)).collect();
        assert_eq!(faults, [expected], "{kind} {config}");
    }
}

#[test]
fn a_configuration_of_another_kind_is_not_read() {
    for config in [json!({"readings": 5}), json!([]), json!("x")] {
        let read = serde_json::from_value::<Action>(json!({"key": "a", "kind": "measurement", "config": config}));
        assert!(read.unwrap_err().to_string().contains("config of action \"a\""));
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z ]{0,4}".prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "raw", "text", "approved", "comment", "photos", "sha256", "angle", "readings", "name", "value", "unit",
        "checks", "item", "passed", "fields", "seam", "note",
    ]);
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever is sent, it is judged or explained, and what is kept is an object.
    #[test]
    fn anything_sent_is_judged_or_explained(data in any_json(), kind in prop::sample::select(Kind::ALL.to_vec())) {
        let config = match kind {
            Kind::Measurement => json!({"readings": [{"name": "seam", "unit": "mm", "min": 1}]}),
            Kind::Inspection => json!({"checks": ["seam"]}),
            Kind::Form => json!({"fields": [{"key": "seam", "type": "number"}]}),
            _ => json!({}),
        };
        match action::judge(&action(kind.as_str(), &config), &data, &|_| None) {
            Ok(judged) => prop_assert!(judged.content.is_object()),
            Err(errors) => prop_assert!(!errors.is_empty()),
        }
    }

    /// A reading passes exactly within its limits.
    #[test]
    fn limits_hold(value in -1e6..1e6_f64, a in -1e6..1e6_f64, b in -1e6..1e6_f64) {
        let (min, max) = (a.min(b), a.max(b));
        let config = json!({"readings": [{"name": "w", "unit": "mm", "min": min, "max": max}]});
        let judged = judge("measurement", &config, &json!({"readings": [{"name": "w", "unit": "mm", "value": value}]}));
        let near = (value - min).abs() < 0.01 || (value - max).abs() < 0.01;
        prop_assert!(near || judged.unwrap().passed == (min..=max).contains(&value));
    }
}

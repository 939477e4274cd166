use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value, json};

use super::{DEPTH, real};

/// What both readers make of a text: the same value, or both nothing.
fn both<T: Serialize + for<'de> Deserialize<'de>>(text: &str) -> Result<(), TestCaseError> {
    let (ours, theirs) = (super::read::<T>(text).ok(), serde_json::from_str::<T>(text).ok());
    let written = |value: &Option<T>| value.as_ref().map(|value| serde_json::to_string(value).unwrap());
    prop_assert_eq!(written(&ours), written(&theirs), "{}", text);
    Ok(())
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Part {
    a: i64,
    b: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    e: Vec<Part>,
    r: Option<Box<RawValue>>,
    t: (u8, bool),
    u: Option<Kind>,
    f: f64,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    A,
    B(u32),
    E(i32, String),
    F { a: bool },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "a", rename_all = "snake_case")]
enum Tagged {
    B { e: u64 },
    F,
}

fn values() -> impl Strategy<Value = Value> {
    let reals = any::<f64>().prop_filter_map("a number", |number| Number::from_f64(number).map(Value::Number));
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        reals,
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::btree_map("[a-f]{1,2}|.{0,3}", inner, 0..6).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// Objects of the members that [`Part`] knows, with values that fit sometimes.
fn parts() -> impl Strategy<Value = String> {
    let word = prop_oneof![Just("\"a\""), Just("{\"b\":7}"), Just("{\"e\":[1,\"x\"]}"), Just("{\"f\":{\"a\":true}}")];
    let other = prop_oneof![
        Just("{\"a\":null}"),
        Just("[1,true]"),
        Just("[1,true,2]"),
        Just("1.5"),
        Just("7"),
        Just("\"\\ud83d\\ude00\""),
        Just("null"),
    ];
    let value = prop_oneof![word, other].prop_map(str::to_owned);
    let object = |value: BoxedStrategy<String>| {
        let member = ("[abertufx]", value).prop_map(|(name, value)| format!("\"{name}\": {value}"));
        prop::collection::vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(" ,")))
    };
    object(prop_oneof![value.clone(), object(value.boxed()).prop_map(|part| format!("[{part}]"))].boxed())
}

proptest! {
    #[test]
    fn any_text_is_read_as_serde_json_reads_it(text in r#"[\[\]{}:, 0-9a-f"\\utrue.\-+E]{0,24}"#) {
        both::<Value>(&text)?;
        both::<Part>(&text)?;
        both::<Tagged>(&text)?;
        both::<Box<RawValue>>(&text)?;
        both::<Vec<Kind>>(&text)?;
    }

    #[test]
    fn any_bytes_are_read_as_serde_json_reads_them(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
        let text = [b"[\"".as_slice(), &bytes, b"\"]"].concat();
        for text in [&bytes, &text] {
            prop_assert_eq!(super::read_bytes::<Value>(text).ok(), serde_json::from_slice::<Value>(text).ok());
            let theirs = serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok();
            prop_assert_eq!(super::read_bytes::<serde::de::IgnoredAny>(text).is_ok(), theirs);
        }
    }

    #[test]
    fn members_are_read_as_serde_json_reads_them(text in parts()) {
        both::<Part>(&text)?;
        both::<Tagged>(&text)?;
        both::<Map<String, Value>>(&text)?;
    }

    #[test]
    fn what_is_cut_or_changed_is_read_as_serde_json_reads_it(value in values(), at in any::<prop::sample::Index>(), by in "[\"{},:0 ]") {
        let mut text = serde_json::to_string_pretty(&value).unwrap();
        both::<Value>(&text)?;
        let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
        let place = *at.get(&places);
        both::<Value>(&text[..place])?;
        let end = text[place..].chars().next().map_or(0, char::len_utf8);
        text.replace_range(place..place + end, &by);
        both::<Value>(&text)?;
        both::<Box<RawValue>>(&text)?;
    }

    #[test]
    fn any_value_is_written_as_serde_json_writes_it(value in values()) {
        let theirs = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(super::write(&value).unwrap(), theirs);
        prop_assert_eq!(super::value(&value), value);
    }

    #[test]
    fn numbers_are_exact_without_tables(number in any::<f64>(), bits in any::<u64>(), places in 0_usize..40) {
        for number in [number, f64::from_bits(bits), f64::from_bits(bits >> 12), f64::from_bits(bits >> 2)] {
            if number.is_finite() {
                for text in [format!("{number:e}"), format!("{number:.places$e}"), format!("{number:.places$}")] {
                    prop_assert_eq!(real::exact(&text).to_bits(), text.parse::<f64>().unwrap().to_bits(), "{}", text);
                }
                prop_assert_eq!(super::write(&number).unwrap(), serde_json::to_string(&number).unwrap());
            }
        }
    }

    #[test]
    fn digits_of_any_length_are_exact_without_tables(text in r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?(e[+-]?[0-9]{1,3})?") {
        prop_assert_eq!(real::exact(&text).to_bits(), text.parse::<f64>().unwrap().to_bits());
    }

    /// Half way between two doubles, and a little off: the hardest to round.
    #[test]
    fn midpoints_are_exact_without_tables(bits in 0..f64::MAX.to_bits(), far in any::<bool>(), tail in "[0-9]{0,3}") {
        let bits = if far { bits } else { bits >> 11 };
        let (low, high) = (f64::from_bits(bits), f64::from_bits(bits + 1));
        // A double more is one decimal more, so that the middle of the two texts is exact.
        let text = middle(&format!("{low:.1080}"), &format!("{high:.1080}"));
        for text in [text.clone(), format!("{text}{tail}")] {
            prop_assert_eq!(real::exact(&text).to_bits(), text.parse::<f64>().unwrap().to_bits(), "{}", text);
        }
    }
}

/// Half the sum of two decimal numbers with as many places.
fn middle(a: &str, b: &str) -> String {
    let width = a.len().max(b.len());
    let (a, b) = (format!("{a:0>width$}5"), format!("{b:0>width$}5"));
    let digit = |byte: u8| if byte == b'.' { 0 } else { u32::from(byte - b'0') };
    let (mut sum, mut carry) = (Vec::new(), 0);
    for (x, y) in a.bytes().zip(b.bytes()).rev() {
        let both = digit(x) + digit(y) + carry;
        (sum, carry) = if x == b'.' {
            ([sum, vec![None]].concat(), carry)
        } else {
            ([sum, vec![Some(both % 10)]].concat(), both / 10)
        };
    }
    sum.push(Some(carry));
    let mut rest = 0;
    let half = sum.into_iter().rev().map(|digit| match digit {
        None => '.',
        Some(digit) => {
            let whole = rest * 10 + digit;
            rest = whole % 2;
            char::from_digit(whole / 2, 10).unwrap()
        }
    });
    let half: String = half.collect();
    let trimmed = half.trim_start_matches('0');
    if trimmed.starts_with('.') { format!("0{trimmed}") } else { trimmed.to_owned() }
}

#[test]
fn depth_has_serde_jsons_limit_and_skipping_has_none() {
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    let most = usize::from(DEPTH);
    for depth in [most - 1, most, most + 1, 100_000] {
        let text = deep(depth);
        assert_eq!(super::read::<Value>(&text).is_ok(), serde_json::from_str::<Value>(&text).is_ok(), "{depth}");
        assert_eq!(super::read::<Box<RawValue>>(&text).unwrap().get(), text);
        assert!(super::read::<Value>(&"[".repeat(depth)).is_err());
        assert!(super::read::<Value>(&"{\"a\":".repeat(depth)).is_err());
    }
}

#[test]
fn a_huge_text_is_read() {
    let text = serde_json::to_string(&vec!["\u{1}é\"".repeat(1_000_000); 3]).unwrap();
    assert_eq!(super::read::<Vec<String>>(&text).unwrap().len(), 3);
    assert_eq!(super::read::<Box<RawValue>>(&text).unwrap().get(), text);
    assert!(super::read::<Vec<String>>(&text[..text.len() - 1]).is_err());
}

#[test]
fn numbers_at_the_edges_are_read_as_serde_json_reads_them() {
    for text in [
        "0",
        "-0",
        "-0.0",
        "1e400",
        "-1e400",
        "1e-400",
        "0e999999999999999999999",
        "1e999999999999999999999",
        "1e-999999999999999999999",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "4.9e-324",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "9007199254740993.0",
        "1E5",
        "1e+5",
    ] {
        both::<Value>(text).unwrap();
        both::<f64>(text).unwrap();
        both::<i64>(text).unwrap();
        assert_eq!(real::exact(text).to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
    }
}

#[test]
fn raw_text_comes_and_goes_as_it_stands() {
    let text = r#"{"a":1.0, "b":"\ud800","c":[ ]}"#;
    let raw: Box<RawValue> = super::read(&format!(" {text}\n")).unwrap();
    assert_eq!(raw.get(), text);
    assert_eq!(super::write(&vec![&raw]).unwrap(), format!("[{text}]"));
}

#[test]
fn every_shape_is_written_as_serde_json_writes_it() {
    let part = Part { b: Some("\u{7f}\u{1f}\u{8}\u{c}\t\r\n/\\\"é\u{2028}".to_owned()), ..Part::default() };
    let kinds = vec![Kind::A, Kind::B(7), Kind::E(-3, "x".to_owned()), Kind::F { a: true }];
    let keys: std::collections::BTreeMap<i8, ()> = [(-1, ()), (2, ())].into();
    let all = (part, kinds, keys, Tagged::B { e: 1 }, Tagged::F, 'x', i8::MIN, u64::MAX, f64::NAN, f64::INFINITY, ());
    assert_eq!(super::write(&all).unwrap(), serde_json::to_string(&all).unwrap());
    assert!(super::write(&std::collections::BTreeMap::from([(vec![1], 2)])).is_err());
}

#[test]
fn a_list_is_no_struct() {
    #[derive(Debug, Deserialize)]
    struct One {
        _a: i64,
    }
    assert!(super::read::<One>("[1]").is_err() && serde_json::from_str::<One>("[1]").is_ok());
}

#[test]
fn an_error_says_what_and_where() {
    let said = |text: &str| super::read::<Part>(text).unwrap_err().to_string();
    assert_eq!(said(r#"{"a":1,"a":2}"#), "duplicate field `a` at line 1 column 11");
    assert_eq!(said(r#"{"a":"x"}"#), "a number is expected at line 1 column 5");
    assert_eq!(said("{\n \"u\":\"z\"}"), "unknown variant `z`, expected one of `a`, `b`, `e`, `f` at line 2 column 8");
    assert_eq!(said("[]"), "`{` is expected at line 1 column 0");
    assert_eq!(super::read::<Tagged>(r#"{"a":"b"}"#).unwrap_err().to_string(), "missing field `e` at line 1 column 9");
}

#[test]
fn an_object_is_what_json_makes_of_it() {
    let status = Some("active");
    let ours =
        super::object! { "status": status, "none": Option::<i64>::None, "list": [1, 2], "value": json!({"a": 1.5}) };
    assert_eq!(super::object! { "text" => "x", "some" => Some(1.5) }, json!({ "text": "x", "some": 1.5 }));
    assert_eq!(ours, json!({ "status": "active", "none": null, "list": [1, 2], "value": { "a": 1.5 } }));
}

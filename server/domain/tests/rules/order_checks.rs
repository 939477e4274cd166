//! Whether an order makes sense, what its items are called, how far it is.

use floorline_domain::{
    item,
    order::{Count, MAX_MONEY_BYTES, MAX_UNITS, Money, NewOrder, check, component_code, item_code, progress},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn document() -> Value {
    json!({"po_number": "PO-2026-0001", "currency": "EUR", "total_value": "1249.95", "lines": [
        {"code": "JKT-AURORA-M", "name": "Jacket M", "quantity": 5, "unit_price": "199.99",
         "attributes": {"size": "M"}, "specification": {"lining": "silk"},
         "components": [{"code": "SLV", "name": "Sleeve", "quantity": 2}]},
        {"code": "JKT-AURORA-L", "name": "Jacket L", "quantity": 2, "unit_price": "125"}]})
}

fn errors(document: Value) -> Vec<String> {
    let order: NewOrder = serde_json::from_value(document).unwrap();
    check(&order).into_iter().map(|error| format!("{} {}", error.field, error.code)).collect()
}

fn changed(pointer: &str, value: Value) -> Vec<String> {
    let mut document = document();
    *document.pointer_mut(pointer).unwrap() = value;
    errors(document)
}

#[test]
fn a_sound_order_has_no_faults() {
    assert_eq!(errors(document()), Vec::<String>::new());
}

#[test]
fn each_fault_is_named() {
    let cases = [
        ("/po_number", json!(""), vec!["po_number invalid"]),
        ("/currency", json!("euro"), vec!["currency invalid"]),
        ("/total_value", json!("1249.94"), vec!["total_value total_differs"]),
        ("/total_value", json!("1249.96"), vec!["total_value total_differs"]),
        ("/total_value", json!("1249.950"), vec!["total_value money"]),
        ("/total_value", json!("-1"), vec!["total_value money"]),
        ("/total_value", json!("1e999999999"), vec!["total_value money"]),
        ("/total_value", json!("1e-999999999"), vec!["total_value money"]),
        ("/lines", json!([]), vec!["lines count"]),
        ("/lines/0/code", json!("JKT-AURORA-L"), vec!["lines[1].code duplicate"]),
        ("/lines/0/code", json!("a/b"), vec!["lines[0].code invalid"]),
        ("/lines/0/name", json!(" "), vec!["lines[0].name invalid"]),
        ("/lines/0/quantity", json!(0), vec!["lines[0].quantity quantity"]),
        ("/lines/0/quantity", json!(-1), vec!["lines[0].quantity quantity"]),
        ("/lines/0/quantity", json!(1.5), vec!["lines[0].quantity quantity"]),
        ("/lines/0/quantity", json!(1e9), vec!["lines[0].quantity quantity"]),
        ("/lines/0/quantity", json!(u64::MAX), vec!["lines[0].quantity quantity"]),
        ("/lines/0/quantity", json!(1e300), vec!["lines[0].quantity quantity"]),
        ("/lines/0/unit_price", json!("-5"), vec!["lines[0].unit_price money"]),
        ("/lines/0/unit_price", json!("1e999999999"), vec!["lines[0].unit_price money"]),
        ("/lines/0/attributes", json!({"text": "x".repeat(4_100)}), vec!["lines[0].attributes too_large"]),
        (
            "/lines/0/attributes",
            (0..51).map(|n| (n.to_string(), json!(n))).collect::<serde_json::Map<_, _>>().into(),
            vec!["lines[0].attributes too_many"],
        ),
        ("/lines/0/specification", json!("x".repeat(65_600)), vec!["lines[0].specification too_large"]),
        ("/lines/0/components/0/quantity", json!(0), vec!["lines[0].components[0].quantity quantity"]),
        ("/lines/0/components/0/quantity", json!(100_000), vec!["lines too_many_items"]),
        ("/lines/0/components/0/code", json!(""), vec!["lines[0].components[0].code invalid"]),
    ];
    for (pointer, value, expected) in cases {
        assert_eq!(changed(pointer, value.clone()), expected, "{pointer} {value}");
    }
}

#[test]
fn an_amount_is_a_short_text_or_a_number() {
    let read = |value: Value| serde_json::from_value::<Money>(value).map(|money| money.to_string());
    assert_eq!(read(json!("12.50")).unwrap(), "12.50");
    assert_eq!(read(json!(12.1)).unwrap(), "12.1");
    assert_eq!(read(json!(7)).unwrap(), "7");
    assert_eq!(serde_json::to_value(Money("0.125".parse().unwrap())).unwrap(), json!("0.125"));
    for wrong in [json!("9".repeat(MAX_MONEY_BYTES + 1)), json!(1e300), json!("a lot"), json!(null), json!([1])] {
        assert!(read(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn a_whole_number_may_be_written_with_a_point() {
    assert_eq!(changed("/lines/0/quantity", json!(5.0)), Vec::<String>::new());
}

#[test]
fn an_order_is_bounded_as_a_whole() {
    let line = |n: usize| json!({"code": format!("L{n}"), "name": "x", "quantity": MAX_UNITS, "unit_price": "0"});
    let with = |lines: usize| json!({"currency": "EUR", "total_value": "0", "lines": (0..lines).map(line).collect::<Vec<_>>()});
    assert_eq!(errors(with(1)), Vec::<String>::new());
    assert_eq!(errors(with(2)), ["lines too_many_units"]);
    assert_eq!(errors(with(1_001)), ["lines count"]);
}

#[test]
fn the_total_is_rounded_once_to_the_cent() {
    let order = |total: &str| {
        json!({"currency": "EUR", "total_value": total, "lines": [
            {"code": "a", "name": "a", "quantity": 3, "unit_price": "0.335"}]})
    };
    assert_eq!(errors(order("1.01")), Vec::<String>::new(), "1.005 is 1.01");
    assert_eq!(errors(order("1.00")), ["total_value total_differs"]);
}

#[test]
fn items_and_components_are_numbered() {
    assert_eq!(item_code("JKT-AURORA-M", 42), "JKT-AURORA-M-0042");
    assert_eq!(item_code("JKT", 12_345), "JKT-12345");
    assert_eq!(component_code("JKT-0042", "SLV", 2), "JKT-0042/SLV-2");
}

#[test]
fn progress_is_added_up() {
    let count = |status, reworked, items| Count { status, reworked, items };
    let sum = progress([
        count(item::Status::Completed, false, 6),
        count(item::Status::Completed, true, 1),
        count(item::Status::Active, true, 2),
        count(item::Status::Scrapped, false, 1),
        count(item::Status::Cancelled, false, 3),
    ]);
    assert_eq!((sum.total, sum.completed, sum.scrapped, sum.cancelled, sum.rework), (13, 7, 1, 3, 3));
    assert_eq!((sum.open, sum.percent), (2, 77));
    assert_eq!(progress([]).percent, 0);
    assert_eq!(progress([count(item::Status::Cancelled, false, 3)]).percent, 100);
}

proptest! {
    #[test]
    fn what_adds_up_is_accepted(lines in prop::collection::vec((1..1000_i64, 0..1_000_000_i64), 1..20)) {
        let cents: i64 = lines.iter().map(|(quantity, price)| quantity * price).sum();
        let money = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
        let order = |total: i64| {
            let lines: Vec<Value> = lines.iter().enumerate().map(|(n, (quantity, price))| {
                json!({"code": format!("L{n}"), "name": "x", "quantity": quantity, "unit_price": money(*price)})
            }).collect();
            json!({"currency": "EUR", "total_value": money(total), "lines": lines})
        };
        prop_assert_eq!(errors(order(cents)), Vec::<String>::new());
        prop_assert_eq!(errors(order(cents + 1)), ["total_value total_differs"]);
    }

    /// 100 % is said only when nothing is open.
    #[test]
    fn all_is_all(counts in prop::collection::vec((0..8_usize, any::<bool>(), 0..1_000_000_000_u64), 0..20)) {
        let sum = progress(counts.into_iter().map(|(n, reworked, items)| {
            Count { status: item::Status::ALL[n], reworked, items }
        }));
        prop_assert!(sum.percent <= 100);
        prop_assert_eq!(sum.percent == 100, sum.total > 0 && sum.open == 0);
        prop_assert_eq!(sum.open + sum.completed + sum.scrapped + sum.cancelled, sum.total);
    }
}

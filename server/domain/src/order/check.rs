//! Whether an order makes sense: every fault at once, before anything is stored.

use std::collections::BTreeSet;

use bigdecimal::{BigDecimal, RoundingMode, Signed, Zero};
use serde::Serialize;
use serde_json::Number;

use super::{
    MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTES, MAX_ITEMS, MAX_LINES, MAX_SPECIFICATION_BYTES, MAX_UNITS, Money, NewLine,
    NewOrder,
};
use crate::FieldError;

/// The code of the `n`-th item of a line.
pub fn item_code(line_code: &str, n: i64) -> String {
    format!("{line_code}-{n:04}")
}

/// The code of the `k`-th component of its kind in an item.
pub fn component_code(item_code: &str, component_code: &str, k: i64) -> String {
    format!("{item_code}/{component_code}-{k}")
}

/// A whole number within `1..=max`; 2.0 is whole, 1.5 is not.
pub fn whole(number: &Number, max: i64) -> Option<i64> {
    let whole = number.as_i64().or_else(|| {
        // Beyond 2^53 a float has no whole neighbours, far above any quantity.
        let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
        format!("{float:.0}").parse().ok()
    })?;
    (1..=max).contains(&whole).then_some(whole)
}

/// Everything that is wrong with an order.
pub fn check(order: &NewOrder) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if order.po_number.as_ref().is_some_and(|number| !is_text(number, 64)) {
        errors.push(FieldError::new("po_number", "invalid", "a PO number has 1 to 64 characters"));
    }
    if order.currency.len() != 3 || !order.currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        errors.push(FieldError::new("currency", "invalid", "a currency is three capital letters, such as EUR"));
    }
    if order.lines.is_empty() || order.lines.len() > MAX_LINES {
        let message = format!("an order has 1 to {MAX_LINES} lines");
        errors.push(FieldError::new("lines", "count", message));
        return errors;
    }
    let mut codes = BTreeSet::new();
    for (index, line) in order.lines.iter().enumerate() {
        if !codes.insert(line.code.as_str()) {
            let message = format!("another line has the code {:?}", line.code);
            errors.push(FieldError::new(format!("lines[{index}].code"), "duplicate", message));
        }
        check_line(&format!("lines[{index}]"), line, &mut errors);
    }
    check_units(order, &mut errors);
    check_total(order, &mut errors);
    errors
}

fn check_line(path: &str, line: &NewLine, errors: &mut Vec<FieldError>) {
    check_code(&format!("{path}.code"), &line.code, errors);
    check_name(&format!("{path}.name"), &line.name, errors);
    if whole(&line.quantity, MAX_UNITS).is_none() {
        let message = format!("a quantity is a whole number from 1 to {MAX_UNITS}");
        errors.push(FieldError::new(format!("{path}.quantity"), "quantity", message));
    }
    if !is_money(&line.unit_price, 6) {
        let message = "a price is not negative and has at most 6 decimals";
        errors.push(FieldError::new(format!("{path}.unit_price"), "money", message));
    }
    check_particulars(path, line, errors);
    let mut codes = BTreeSet::new();
    for (index, component) in line.components.iter().enumerate() {
        let path = format!("{path}.components[{index}]");
        check_code(&format!("{path}.code"), &component.code, errors);
        check_name(&format!("{path}.name"), &component.name, errors);
        if !codes.insert(component.code.as_str()) {
            let message = format!("another component has the code {:?}", component.code);
            errors.push(FieldError::new(format!("{path}.code"), "duplicate", message));
        }
        if whole(&component.quantity, MAX_UNITS).is_none() {
            let message = format!("a quantity is a whole number from 1 to {MAX_UNITS}");
            errors.push(FieldError::new(format!("{path}.quantity"), "quantity", message));
        }
    }
}

/// What every item of the line repeats, and what its makers read.
fn check_particulars(path: &str, line: &NewLine, errors: &mut Vec<FieldError>) {
    if line.attributes.len() > MAX_ATTRIBUTES {
        let message = format!("a line has at most {MAX_ATTRIBUTES} attributes");
        errors.push(FieldError::new(format!("{path}.attributes"), "too_many", message));
    } else if written(&line.attributes) > MAX_ATTRIBUTE_BYTES {
        let message = format!("a line's attributes have at most {MAX_ATTRIBUTE_BYTES} bytes");
        errors.push(FieldError::new(format!("{path}.attributes"), "too_large", message));
    }
    if written(&line.specification) > MAX_SPECIFICATION_BYTES {
        let message = format!("a specification has at most {MAX_SPECIFICATION_BYTES} bytes");
        errors.push(FieldError::new(format!("{path}.specification"), "too_large", message));
    }
}

/// Its length as JSON.
fn written(value: &impl Serialize) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX, |written| written.len())
}

/// An order is bounded as a whole too: in units, and in items with their components.
fn check_units(order: &NewOrder, errors: &mut Vec<FieldError>) {
    let (mut units, mut items) = (0_i64, 0_i64);
    for line in &order.lines {
        let quantity = whole(&line.quantity, MAX_UNITS).unwrap_or_default();
        let parts = line.components.iter().filter_map(|component| whole(&component.quantity, MAX_UNITS));
        let each = parts.fold(1_i64, i64::saturating_add);
        units = units.saturating_add(quantity);
        items = items.saturating_add(quantity.saturating_mul(each));
    }
    if units > MAX_UNITS {
        let message = format!("an order has at most {MAX_UNITS} units; this one has {units}");
        errors.push(FieldError::new("lines", "too_many_units", message));
    } else if items > MAX_ITEMS {
        let message = format!("an order has at most {MAX_ITEMS} items and components; this one has {items}");
        errors.push(FieldError::new("lines", "too_many_items", message));
    }
}

/// The total is that of the lines, to the cent.
fn check_total(order: &NewOrder, errors: &mut Vec<FieldError>) {
    if !is_money(&order.total_value, 2) {
        let message = "a total is not negative and has at most 2 decimals";
        errors.push(FieldError::new("total_value", "money", message));
        return;
    }
    let mut sum = BigDecimal::zero();
    for line in &order.lines {
        let (Some(quantity), true) = (whole(&line.quantity, MAX_UNITS), is_money(&line.unit_price, 6)) else {
            return;
        };
        sum += &line.unit_price.0 * BigDecimal::from(quantity);
    }
    let sum = sum.with_scale_round(2, RoundingMode::HalfUp);
    if sum != order.total_value.0 {
        let message = format!("the lines add up to {sum}, not to {}", order.total_value);
        errors.push(FieldError::new("total_value", "total_differs", message));
    }
}

/// Not negative, of a sensible size. Looks at digits and exponent only: `1e999999999` must not be written out.
fn is_money(Money(value): &Money, decimals: i64) -> bool {
    let (_, scale) = value.as_bigint_and_exponent();
    !value.is_negative() && (-12..=decimals).contains(&scale) && value.digits() <= 20
}

fn check_code(path: &str, code: &str, errors: &mut Vec<FieldError>) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if code.is_empty() || code.len() > 64 || !code.bytes().all(plain) {
        errors.push(FieldError::new(path, "invalid", "a code has 1 to 64 letters, digits, '-', '_' or '.'"));
    }
}

fn check_name(path: &str, name: &str, errors: &mut Vec<FieldError>) {
    if !is_text(name, 200) {
        errors.push(FieldError::new(path, "invalid", "a name has 1 to 200 characters"));
    }
}

fn is_text(text: &str, max: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= max && !text.chars().any(char::is_control)
}

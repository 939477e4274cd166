//! Conditions on a way: tests of what an action resulted in, or of what an item is.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::ActionId;

/// All of these must hold; none: always. On the wire one test stands by itself, several are a list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct When(pub Vec<Test>);

impl When {
    /// Whether there is nothing to test.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it looks at this action's result.
    pub fn tests(&self, id: &str) -> bool {
        self.0.iter().any(|test| matches!(&test.subject, Subject::Action { action, .. } if action == id))
    }
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [only] => only.serialize(serializer),
            many => many.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMany)
    }
}

struct OneOrMany;

impl<'de> Visitor<'de> for OneOrMany {
    type Value = When;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a condition, or a list of them")
    }

    fn visit_map<A: MapAccess<'de>>(self, one: A) -> Result<When, A::Error> {
        Test::deserialize(MapAccessDeserializer::new(one)).map(|test| When(vec![test]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, many: A) -> Result<When, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(many)).map(When)
    }
}

/// One test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "TestForm", into = "TestForm")]
pub struct Test {
    pub subject: Subject,
    pub expect: Expect,
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// A field of an action's latest result: `passed`, `skipped`, or one of its content.
    Action { action: ActionId, field: String },
    /// An attribute of the item.
    Attribute(String),
}

/// What it must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Expect {
    Is(Value),
    AnyOf(Vec<Value>),
    /// Both ends belong to it.
    Range {
        min: Option<f64>,
        max: Option<f64>,
    },
}

impl Expect {
    /// Whether `value` is as expected. An absent value is null.
    pub fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Is(expected) => same(expected, value),
            Self::AnyOf(expected) => expected.iter().any(|one| same(one, value)),
            Self::Range { min, max } => value
                .as_f64()
                .is_some_and(|number| min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max)),
        }
    }
}

/// Equality as people mean it: 10 is 10.0.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

#[derive(Serialize, Deserialize)]
struct TestForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    action: Option<ActionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attribute: Option<String>,
    /// `null` is a value to test for, so its presence counts.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    is: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    any_of: Option<Vec<Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max: Option<f64>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl TryFrom<TestForm> for Test {
    type Error = &'static str;

    fn try_from(form: TestForm) -> Result<Self, Self::Error> {
        let subject = match (form.action, form.attribute) {
            (Some(action), None) => {
                Subject::Action { action, field: form.field.unwrap_or_else(|| "passed".to_owned()) }
            }
            (None, Some(attribute)) => Subject::Attribute(attribute),
            _ => return Err("a condition tests either an action or an attribute"),
        };
        let range = form.min.is_some() || form.max.is_some();
        let expect = match (form.is, form.any_of, range) {
            (Some(value), None, false) => Expect::Is(value),
            (None, Some(values), false) => Expect::AnyOf(values),
            (None, None, true) => Expect::Range { min: form.min, max: form.max },
            _ => return Err("a condition has one of is, any_of, min and max"),
        };
        Ok(Self { subject, expect })
    }
}

impl From<Test> for TestForm {
    fn from(test: Test) -> Self {
        let mut form =
            Self { action: None, field: None, attribute: None, is: None, any_of: None, min: None, max: None };
        match test.subject {
            Subject::Action { action, field } => (form.action, form.field) = (Some(action), Some(field)),
            Subject::Attribute(attribute) => form.attribute = Some(attribute),
        }
        match test.expect {
            Expect::Is(value) => form.is = Some(value),
            Expect::AnyOf(values) => form.any_of = Some(values),
            Expect::Range { min, max } => (form.min, form.max) = (min, max),
        }
        form
    }
}

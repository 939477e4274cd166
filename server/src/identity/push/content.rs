//! What a notice says on its way, however it travels.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::notice::{Notice, Urgency};

/// As JSON, for a browser's service worker.
pub(super) fn json(notice: &Notice) -> Value {
    let news = notice.news;
    json!({
        "kind": news.as_str(), "message": news.message(), "title": news.title(), "urgent": news.urgency() == Urgency::Urgent,
        "ids": notice.ids, "count": notice.count, "at": notice.at,
    })
}

/// As the texts that a data message of Firebase carries; ids are separated by commas.
pub(super) fn texts(notice: &Notice) -> HashMap<String, String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    };
    let json = json(notice);
    json.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use floorline_domain::UserId;
    use uuid::Uuid;

    use super::super::notice::News;
    use super::*;

    #[test]
    fn a_notice_says_its_line_and_its_ids_and_nothing_else() {
        let mut notice = Notice::new(UserId(Uuid::from_u128(7)), News::ItemHeld, DateTime::UNIX_EPOCH);
        (1..3).for_each(|id| notice.add(Uuid::from_u128(id)));
        let ids = ["00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"];
        let expected = json!({
            "kind": "item_held", "message": "push_item_held", "title": "Stop: what you work on is on hold", "urgent": true,
            "ids": ids, "count": 2, "at": "1970-01-01T00:00:00Z",
        });
        assert_eq!(json(&notice), expected);
        let texts = texts(&notice);
        assert_eq!(texts.len(), 7);
        for (name, text) in [("urgent", "true"), ("count", "2"), ("ids", &*ids.join(",")), ("kind", "item_held")] {
            assert_eq!(texts[name], text);
        }
    }
}

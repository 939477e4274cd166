//! S12: organisations share a database and nothing else.

use std::collections::BTreeMap;

use floorline_domain::OrgId;
use floorline_mobile_sync::topic::Topic;
use uuid::Uuid;

use super::history::History;
use super::index::Index;
use super::report::Invariant::S12;
use super::report::Violation;

/// What is whose: ids are unique over the installation.
struct Register {
    owners: BTreeMap<Uuid, OrgId>,
    found: Vec<Violation>,
}

impl Register {
    /// A row of `org` names this thing. It belongs to whoever has its row, else to whoever named it first.
    fn name(&mut self, org: OrgId, id: Uuid, what: &str) {
        let owner = *self.owners.entry(id).or_insert(org);
        if owner != org {
            self.found.push(S12.broken(format!("{what} of organisation {org} names {id} of organisation {owner}")));
        }
    }
}

/// No row of one organisation names anything of another; a feed is read by its organisation, or by the order's brand.
pub(super) fn rows_stay_in_their_organisation(index: &Index<'_>) -> Vec<Violation> {
    let history = index.history;
    let mut register = Register { owners: owners(history), found: Vec::new() };
    for stream in &history.streams {
        let named = [Some(stream.id.0), stream.device.map(|id| id.0), stream.site.map(|id| id.0)];
        named.into_iter().flatten().for_each(|id| register.name(stream.org, id, "a stream"));
    }
    for receipt in &history.receipts {
        register.name(receipt.org, receipt.key.stream_id.0, "a receipt");
        if let Some(origin) = receipt.origin {
            register.name(receipt.org, origin.stream_id.0, "a receipt");
        }
    }
    for event in &history.events {
        register.name(event.org, event.key.stream_id.0, "an event");
        register.name(event.org, event.subject.id, "an event");
    }
    for row in &history.items {
        let columns = &row.columns;
        let parent = columns.parent_id.map(|id| id.0);
        let order = columns.order_id.map(|id| id.0);
        let named = [Some(columns.id.0), Some(columns.workflow_version_id.0), Some(columns.site_id.0), parent, order];
        named.into_iter().flatten().for_each(|id| register.name(row.org, id, "an item"));
    }
    for entry in &history.case_entries {
        register.name(entry.org, entry.case.0, "an entry of a case");
        register.name(entry.org, entry.key.stream_id.0, "an entry of a case");
    }
    for topic in &history.topics {
        register.name(topic.org, subject(topic.topic), "a topic");
    }
    for row in &history.feed {
        register.name(row.org, subject(row.topic), "a feed row");
    }
    register.found.extend(readers(history));
    register.found
}

fn owners(history: &History) -> BTreeMap<Uuid, OrgId> {
    let mut owners = BTreeMap::new();
    owners.extend(history.owned.iter().map(|owned| (owned.id, owned.org)));
    owners.extend(history.streams.iter().map(|stream| (stream.id.0, stream.org)));
    owners.extend(history.items.iter().map(|row| (row.state.id.0, row.org)));
    owners.extend(history.workflows.iter().map(|version| (version.id.0, version.org)));
    owners.extend(history.cases.iter().map(|case| (case.id.0, case.org)));
    // An organisation's own topic is called by its id.
    owners.extend(history.topics.iter().map(|topic| (topic.org.0, topic.org)));
    owners
}

fn subject(topic: Topic) -> Uuid {
    match topic {
        Topic::Site(id) => id.0,
        Topic::Org(id) => id.0,
        Topic::Order(id) => id.0,
        Topic::User(id) => id.0,
    }
}

/// Who reads a topic: its organisation; of an order's topic its brand.
fn readers(history: &History) -> Vec<Violation> {
    let brands: BTreeMap<Uuid, OrgId> =
        history.owned.iter().filter_map(|owned| Some((owned.id, owned.reader?))).collect();
    let expected = |topic: Topic, org: OrgId| match topic {
        Topic::Order(id) => brands.get(&id.0).copied(),
        _ => Some(org),
    };
    let topics = history.topics.iter().map(|row| (row.topic, row.org, row.reader));
    let feed = history.feed.iter().map(|row| (row.topic, row.org, row.reader));
    let strangers = topics.chain(feed).filter(|(topic, org, reader)| expected(*topic, *org) != Some(*reader));
    strangers.map(|(topic, _, reader)| S12.broken(format!("{topic} is open to organisation {reader}"))).collect()
}

/// A text that belongs to one organisation stands in nothing that another can read.
pub(super) fn canaries_stay_home(index: &Index<'_>) -> Vec<Violation> {
    let history = index.history;
    if history.canaries.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut look = |reader: OrgId, text: &str, what: &str| {
        let strayed = history.canaries.iter().find(|canary| canary.org != reader && text.contains(&canary.text));
        if let Some(canary) = strayed {
            let what = format!("{what} that organisation {reader} reads has a text of organisation {}", canary.org);
            found.push(S12.broken(what));
        }
    };
    for row in &history.feed {
        look(row.reader, &row.body, "a feed row");
    }
    for event in &history.events {
        look(event.org, &event.body.to_string(), "an event");
    }
    for receipt in &history.receipts {
        look(receipt.org, receipt.verdict.as_deref().unwrap_or_default(), "a verdict");
    }
    for row in &history.items {
        look(row.org, &serde_json::to_string(&row.state).unwrap_or_default(), "an item");
    }
    for entry in &history.case_entries {
        look(entry.org, &entry.body, "a case");
    }
    for device in &history.devices {
        let owner = history.streams.iter().find(|stream| stream.device == Some(device.id)).map(|stream| stream.org);
        let Some(org) = owner else { continue };
        let settled = device.journal.iter().filter_map(|line| line.settled.as_ref());
        settled.for_each(|settled| look(org, settled.verdict.text(), "a verdict in a journal"));
        device.told.iter().for_each(|told| look(org, &told.text, "a verdict that was told"));
    }
    found
}

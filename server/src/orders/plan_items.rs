//! Lays out what an acceptance makes: every unit of every line with its components, their codes and the stage they begin in.
//! Nothing here reads or writes; the numbers and versions come in.

use std::collections::BTreeMap;

use floorline_domain::item::New;
use floorline_domain::order::{component_code, item_code};
use floorline_domain::queue::Priority;
use floorline_domain::workflow::Workflow;
use floorline_domain::{ItemId, LocationId, OrderId, OrderLineId, WorkflowVersionId};
use serde_json::Value;
use uuid::Uuid;

/// Items written by one round of statements.
const CHUNK: usize = 2_000;

/// Attributes written by one round of statements; each item has them in its row and in its event.
const CHUNK_BYTES: usize = 2 * 1024 * 1024;

/// What is common to all items of an acceptance.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) order: OrderId,
    pub(super) site: LocationId,
    pub(super) made_by: MadeBy,
    pub(super) lines: Vec<PlannedLine>,
}

/// The version something is made by, and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MadeBy {
    pub(super) version: WorkflowVersionId,
    pub(super) entry: String,
}

impl MadeBy {
    pub(super) fn of(version: WorkflowVersionId, workflow: &Workflow) -> Self {
        Self { version, entry: workflow.entry.clone() }
    }
}

/// One line with the numbers its items get.
#[derive(Debug, Clone)]
pub(super) struct PlannedLine {
    pub(super) id: OrderLineId,
    pub(super) code: String,
    pub(super) first_number: i64,
    pub(super) quantity: i64,
    pub(super) attributes: BTreeMap<String, Value>,
    pub(super) components: Vec<PlannedComponent>,
}

/// A part of each unit of a line.
#[derive(Debug, Clone)]
pub(super) struct PlannedComponent {
    pub(super) code: String,
    pub(super) quantity: u32,
    pub(super) made_by: MadeBy,
}

impl Plan {
    /// Top-level items.
    pub(super) fn items(&self) -> i64 {
        self.lines.iter().map(|line| line.quantity).sum()
    }

    /// Components of them.
    pub(super) fn components(&self) -> i64 {
        self.lines.iter().map(|line| line.quantity * i64::from(line.parts())).sum()
    }

    /// How many items are written by one round of statements: some thousands, and fewer when what they repeat is large.
    pub(super) fn chunk(&self) -> usize {
        let weight = |line: &PlannedLine| serde_json::to_vec(&line.attributes).map_or(0, |written| written.len());
        let heaviest = self.lines.iter().map(weight).max().unwrap_or_default();
        (CHUNK_BYTES / heaviest.max(1)).clamp(1, CHUNK)
    }

    /// Codes of the first and the last item.
    pub(super) fn ends(&self) -> Option<(String, String)> {
        let (first, last) = (self.lines.first()?, self.lines.last()?);
        let last_number = last.first_number + last.quantity - 1;
        Some((item_code(&first.code, first.first_number), item_code(&last.code, last_number)))
    }

    /// Every item, each followed by its components.
    pub(super) fn lay_out(&self) -> impl Iterator<Item = New> + '_ {
        self.lines.iter().flat_map(move |line| {
            (line.first_number..line.first_number + line.quantity).flat_map(move |number| self.unit(line, number))
        })
    }

    fn unit<'a>(&'a self, line: &'a PlannedLine, number: i64) -> impl Iterator<Item = New> + 'a {
        let code = item_code(&line.code, number);
        let item = New {
            attributes: line.attributes.clone(),
            components: line.components.iter().map(|part| (part.code.clone(), part.quantity)).collect(),
            ..self.blank(line, code.clone(), &self.made_by)
        };
        let parent = item.id;
        let parts = line.components.iter().flat_map(move |part| {
            let code = code.clone();
            (1..=i64::from(part.quantity)).map(move |k| New {
                parent_id: Some(parent),
                ..self.blank(line, component_code(&code, &part.code, k), &part.made_by)
            })
        });
        std::iter::once(item).chain(parts)
    }

    fn blank(&self, line: &PlannedLine, code: String, made_by: &MadeBy) -> New {
        New {
            id: ItemId(Uuid::now_v7()),
            code,
            order_id: Some(self.order),
            line_id: Some(line.id),
            parent_id: None,
            workflow_version_id: made_by.version,
            site_id: self.site,
            location_id: None,
            priority: Priority::Normal,
            stage: made_by.entry.clone(),
            attributes: BTreeMap::new(),
            components: BTreeMap::new(),
        }
    }
}

impl PlannedLine {
    fn parts(&self) -> u32 {
        self.components.iter().map(|part| part.quantity).sum()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn plan() -> Plan {
        let made_by = MadeBy { version: WorkflowVersionId(Uuid::nil()), entry: "cut".into() };
        let sleeve = PlannedComponent { code: "SLEEVE".into(), quantity: 2, made_by: made_by.clone() };
        let line = |code: &str, first_number, quantity, components| PlannedLine {
            id: OrderLineId(Uuid::now_v7()),
            code: code.into(),
            first_number,
            quantity,
            attributes: BTreeMap::new(),
            components,
        };
        Plan {
            order: OrderId(Uuid::now_v7()),
            site: LocationId(Uuid::now_v7()),
            made_by,
            lines: vec![line("JKT-M", 41, 2, vec![sleeve]), line("CAP", 9_999, 2, vec![])],
        }
    }

    #[test]
    fn heavy_items_are_written_fewer_at_a_time() {
        let mut plan = plan();
        assert_eq!(plan.chunk(), CHUNK);
        let mut weigh = |bytes: usize| {
            let text = Value::from("x".repeat(bytes));
            plan.lines.last_mut().unwrap().attributes = BTreeMap::from([("text".to_owned(), text)]);
            plan.chunk()
        };
        assert_eq!(weigh(4_000), 522);
        assert_eq!(weigh(3 * CHUNK_BYTES), 1, "an order from before there were limits");
    }

    #[test]
    fn every_unit_has_its_code_and_its_components() {
        let plan = plan();
        let items: Vec<New> = plan.lay_out().collect();
        let codes: Vec<&str> = items.iter().map(|item| item.code.as_str()).collect();
        assert_eq!(
            codes,
            [
                "JKT-M-0041",
                "JKT-M-0041/SLEEVE-1",
                "JKT-M-0041/SLEEVE-2",
                "JKT-M-0042",
                "JKT-M-0042/SLEEVE-1",
                "JKT-M-0042/SLEEVE-2",
                "CAP-9999",
                "CAP-10000"
            ]
        );
        assert_eq!((plan.items(), plan.components()), (4, 4));
        assert_eq!(plan.ends(), Some(("JKT-M-0041".into(), "CAP-10000".into())));
        assert!(items.iter().all(|item| item.parent_id.is_some() == item.code.contains('/')));
        let parent = items.first().unwrap();
        assert_eq!(parent.components, BTreeMap::from([("SLEEVE".to_owned(), 2)]));
        assert!(items.get(1).unwrap().parent_id == Some(parent.id));
    }
}

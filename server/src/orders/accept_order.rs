//! `order.accept`: every item, component and label of an order, at once.
//!
//! One transaction, set-based: 10,000 items are a few statements per thousand. The floor hears one `order.accepted` with counts and the
//! first and last code, not one event an item; the log has `item.created` for each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use floorline_domain::order::{Command, NewComponent, whole};
use floorline_domain::{FieldError, LocationId, OrderId, OrderLineId, OrgId, WorkflowId};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::new_order::{day, promise_fault};
use super::plan_items::{MadeBy, Plan, PlannedComponent, PlannedLine};
use super::record::{Acting, judge, record};
use super::store::{self, LineRow, OrderRow, counter};
use crate::floor::engine::{Ledger, ServerOperation};
use crate::floor::items::{Tell, make_items};
use crate::floor::locations::active_sites;
use crate::floor::workflows::{Published, latest_published};
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// Accepts a pending order.
pub(super) struct AcceptOrder {
    pub(super) id: OrderId,
    /// Instead of the order's.
    pub(super) workflow: Option<WorkflowId>,
    /// Absent: the only site.
    pub(super) site: Option<LocationId>,
    pub(super) promised: Option<NaiveDate>,
    /// By component code, for components that name no workflow.
    pub(super) component_workflows: BTreeMap<String, WorkflowId>,
    pub(super) acting: Acting,
}

impl ServerOperation for AcceptOrder {
    fn name(&self) -> &'static str {
        "order.accept"
    }

    fn data(&self) -> Value {
        json!({
            "order_id": self.id, "workflow_id": self.workflow, "site_id": self.site, "promised_delivery_date": self.promised,
            "component_workflows": self.component_workflows,
        })
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(self.accept(tx, ledger))
    }
}

impl AcceptOrder {
    async fn accept(&self, tx: &mut TenantTx, ledger: &mut Ledger) -> Result<Value, ApiError> {
        store::allow_a_minute(tx).await?;
        let mut row = store::load_for_update(tx, self.id).await?;
        let Some(event) = judge(&row, &Command::Accept, self.workflow.is_some(), &self.acting)? else {
            return self.answer(&row, 0, 0);
        };
        if let Some(fault) = promise_fault(self.promised, day(ledger.now())) {
            return Err(ApiError::invalid(vec![fault]));
        }
        let plan = self.plan(tx, &mut row).await?;
        let (items, components) = (count(plan.items())?, count(plan.components())?);
        let brand = OrgId(row.brand_id);
        let (mut news, chunk) = (plan.lay_out().peekable(), plan.chunk());
        while news.peek().is_some() {
            make_items(tx, ledger, Some(brand), news.by_ref().take(chunk).collect(), Tell::Nothing).await?;
        }
        row.items_total = items;
        row.components_total = components;
        row.accepted_at = Some(ledger.now());
        let ends = plan.ends();
        let data = json!({
            "items": items, "components": components,
            "first_item_code": ends.as_ref().map(|(first, _)| first), "last_item_code": ends.as_ref().map(|(_, last)| last),
        });
        record(tx, ledger, &mut row, &event, data).await?;
        self.answer(&row, items, components)
    }

    fn answer(&self, row: &OrderRow, items: i32, components: i32) -> Result<Value, ApiError> {
        Ok(json!({ "order": self.acting.view(row)?, "items_created": items, "components_created": components }))
    }

    /// Everything the items need to know; sets what the acceptance decides about the order.
    async fn plan(&self, tx: &mut TenantTx, row: &mut OrderRow) -> Result<Plan, ApiError> {
        let site = self.site(tx).await?;
        let lines = store::lines(tx, row.id).await?;
        let parts = lines.iter().map(|line| self.parts(line)).collect::<Result<Vec<_>, _>>()?;
        let workflow = self.workflow.or(row.workflow_id.map(WorkflowId));
        let wanted: BTreeSet<WorkflowId> =
            parts.iter().flatten().filter_map(|part| part.workflow_id).chain(workflow).collect();
        let published = latest_published(tx, &wanted.into_iter().collect::<Vec<_>>()).await?;
        let own = workflow.and_then(|id| published.get(&id));
        let faults = faults(own, &parts, &published);
        let Some(own) = own.filter(|_| faults.is_empty()) else { return Err(ApiError::invalid(faults)) };
        row.workflow_id = Some(own.workflow_id.0);
        row.workflow_version_id = Some(own.version_id.0);
        row.site_id = Some(site.0);
        row.promised_delivery_date = self.promised.or(row.promised_delivery_date);

        let numbers = lines.iter().map(|line| (counter(&line.code), i64::from(line.quantity))).collect();
        let first = store::take_numbers(tx, &numbers).await?;
        let lines = lines
            .into_iter()
            .zip(parts)
            .map(|(line, parts)| planned(line, &parts, &first, &published))
            .collect::<Result<_, _>>()?;
        Ok(Plan { order: self.id, site, made_by: MadeBy::of(own.version_id, &own.workflow), lines })
    }

    /// The site that was named, or the only one.
    async fn site(&self, tx: &mut TenantTx) -> Result<LocationId, ApiError> {
        let sites = active_sites(tx).await?;
        let refused = |code, message| Err(ApiError::invalid_field("site_id", code, message));
        match (self.site, sites.as_slice()) {
            (Some(site), sites) if sites.contains(&site) => Ok(site),
            (Some(_), _) => refused("unknown", "There is no such site in use."),
            (None, [only]) => Ok(*only),
            (None, []) => refused("required", "There is no site yet; make a location of kind site first."),
            (None, _) => refused("required", "There are several sites; say which one makes it."),
        }
    }

    /// The components of a line, each with the workflow it or the acceptance names.
    fn parts(&self, line: &LineRow) -> Result<Vec<NewComponent>, ApiError> {
        let mut parts: Vec<NewComponent> =
            serde_json::from_value(line.components.clone()).map_err(ApiError::internal)?;
        for part in &mut parts {
            part.workflow_id = part.workflow_id.or_else(|| self.component_workflows.get(&part.code).copied());
        }
        Ok(parts)
    }
}

fn count(number: i64) -> Result<i32, ApiError> {
    i32::try_from(number).map_err(ApiError::internal)
}

/// Workflows that items cannot be made with.
fn faults(
    own: Option<&Published>,
    parts: &[Vec<NewComponent>],
    published: &HashMap<WorkflowId, Published>,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if own.is_none() {
        let message = "There is no such workflow in use with a published version.";
        errors.push(FieldError::new("workflow_id", "unknown", message));
    }
    for (line, parts) in parts.iter().enumerate() {
        for (index, part) in parts.iter().enumerate() {
            let path = || format!("lines[{line}].components[{index}].workflow_id");
            match part.workflow_id {
                None => {
                    let message = format!("Component {} has no workflow; name one in component_workflows.", part.code);
                    errors.push(FieldError::new(path(), "required", message));
                }
                Some(id) if !published.contains_key(&id) => {
                    let message =
                        format!("The workflow of component {} is not in use or has no published version.", part.code);
                    errors.push(FieldError::new(path(), "unknown", message));
                }
                Some(_) => {}
            }
        }
    }
    errors
}

fn planned(
    line: LineRow,
    parts: &[NewComponent],
    first: &BTreeMap<String, i64>,
    published: &HashMap<WorkflowId, Published>,
) -> Result<PlannedLine, ApiError> {
    let components = parts
        .iter()
        .filter_map(|part| {
            let made_by = published.get(&part.workflow_id?)?;
            Some(PlannedComponent {
                code: part.code.clone(),
                quantity: whole(&part.quantity, i64::from(u32::MAX))
                    .and_then(|quantity| u32::try_from(quantity).ok())?,
                made_by: MadeBy::of(made_by.version_id, &made_by.workflow),
            })
        })
        .collect();
    Ok(PlannedLine {
        first_number: first.get(&counter(&line.code)).copied().unwrap_or(1),
        quantity: i64::from(line.quantity),
        attributes: serde_json::from_value(line.attributes).map_err(ApiError::internal)?,
        components,
        id: OrderLineId(line.id),
        code: line.code,
    })
}

//! `item.create`: items that no acceptance makes, such as a sample or a replacement for what was lost. An order they are made for
//! counts them.

use std::collections::{BTreeMap, HashMap};

use floorline_domain::item::New;
use floorline_domain::order::item_code;
use floorline_domain::queue::Priority;
use floorline_domain::{ItemId, LocationId, OrderId, OrgId, Reason, Refusal, WorkflowId};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::make_items::{Tell, make_items};
use crate::floor::engine::{Ledger, ServerOperation};
use crate::floor::locations::active_sites;
use crate::floor::workflows::{Published, latest_published};
use crate::orders::{HeldOrder, add_items, lock_orders, take_item_numbers};
use crate::platform::http::ApiError;
use crate::platform::tenancy::TenantTx;

/// What items without a line are called: `ITEM-0001`.
const LINE_CODE: &str = "ITEM";

/// An item to make.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct NewItem {
    /// What it goes through, in the latest published version.
    workflow_id: Uuid,
    /// Where it is made.
    site_id: Uuid,
    /// The order it is made for, which must be open.
    order_id: Option<Uuid>,
    /// What it is; workflows may ask for it.
    #[serde(default)]
    #[schema(value_type = Object)]
    attributes: BTreeMap<String, Value>,
    /// How urgent it is; absent: `normal`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    priority: Option<Priority>,
}

/// Makes items one by one; what cannot be made does not keep the others from it.
pub(super) struct CreateItems {
    pub(super) items: Vec<NewItem>,
}

impl ServerOperation for CreateItems {
    fn name(&self) -> &'static str {
        "item.create"
    }

    fn data(&self) -> Value {
        json!({ "items": self.items })
    }

    fn apply<'a>(&'a mut self, tx: &'a mut TenantTx, ledger: &'a mut Ledger) -> BoxFuture<'a, Result<Value, ApiError>> {
        Box::pin(self.create(tx, ledger))
    }
}

/// What the wishes are checked against.
struct Known {
    sites: Vec<LocationId>,
    published: HashMap<WorkflowId, Published>,
    orders: BTreeMap<OrderId, HeldOrder>,
}

impl CreateItems {
    async fn create(&self, tx: &mut TenantTx, ledger: &mut Ledger) -> Result<Value, ApiError> {
        let orders: Vec<OrderId> = self.items.iter().filter_map(|item| item.order_id.map(OrderId)).collect();
        let workflows: Vec<WorkflowId> = self.items.iter().map(|item| WorkflowId(item.workflow_id)).collect();
        let known = Known {
            orders: lock_orders(tx, &orders).await?,
            sites: active_sites(tx).await?,
            published: latest_published(tx, &workflows).await?,
        };
        let checked: Vec<Result<&Published, ApiError>> = self.items.iter().map(|item| known.check(item)).collect();
        let wanted = checked.iter().filter(|result| result.is_ok()).count();
        let mut number = take_item_numbers(tx, LINE_CODE, wanted).await?;

        let mut results = Vec::with_capacity(self.items.len());
        let mut groups: BTreeMap<Option<OrgId>, Vec<New>> = BTreeMap::new();
        let mut more: BTreeMap<OrderId, i32> = BTreeMap::new();
        for (index, (item, published)) in self.items.iter().zip(checked).enumerate() {
            match published {
                Ok(published) => {
                    let new = item.made(published, number);
                    number += 1;
                    results.push(json!({ "index": index, "status": "ok", "item": { "id": new.id, "code": new.code } }));
                    let brand = new.order_id.and_then(|order| known.orders.get(&order)).map(|order| order.brand);
                    if let Some(order) = new.order_id {
                        *more.entry(order).or_default() += 1;
                    }
                    groups.entry(brand).or_default().push(new);
                }
                Err(error) => {
                    results.push(json!({ "index": index, "status": "error", "error": error.problem() }));
                }
            }
        }
        for (brand, news) in groups {
            make_items(tx, ledger, brand, news, Tell::Each).await?;
        }
        add_items(tx, &more, ledger.now()).await?;
        Ok(json!({ "results": results }))
    }
}

impl Known {
    fn check(&self, item: &NewItem) -> Result<&Published, ApiError> {
        if !self.sites.contains(&LocationId(item.site_id)) {
            return Err(ApiError::invalid_field("site_id", "unknown", "There is no such site in use."));
        }
        if let Some(id) = item.order_id {
            let order = self.orders.get(&OrderId(id)).ok_or_else(|| ApiError::not_found("order"))?;
            if !order.status.is_open() {
                return Err(Refusal::new(Reason::OrderNotOpen).with(json!({ "order_status": order.status })).into());
            }
        }
        self.published.get(&WorkflowId(item.workflow_id)).ok_or_else(|| {
            ApiError::invalid_field(
                "workflow_id",
                "unknown",
                "There is no such workflow in use with a published version.",
            )
        })
    }
}

impl NewItem {
    fn made(&self, published: &Published, number: i64) -> New {
        New {
            id: ItemId(Uuid::now_v7()),
            code: item_code(LINE_CODE, number),
            order_id: self.order_id.map(OrderId),
            line_id: None,
            parent_id: None,
            workflow_version_id: published.version_id,
            site_id: LocationId(self.site_id),
            location_id: None,
            priority: self.priority.unwrap_or_default(),
            stage: published.workflow.entry.clone(),
            attributes: self.attributes.clone(),
            components: BTreeMap::new(),
        }
    }
}

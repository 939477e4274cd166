//! What tests make over HTTP before they begin: a published workflow, an order, an accepted order.

use serde_json::{Value, json};
use uuid::Uuid;

use super::At;

/// Cutting (a measured length), sewing (a note, may be sent back to cutting), out.
pub fn stages() -> Value {
    json!([
        { "key": "cut", "name": "Cutting", "order": 1, "expected_minutes": 20,
          "actions": [{ "key": "length", "kind": "measurement", "label": "Length", "required": true,
                        "config": { "readings": [{ "name": "length", "unit": "mm", "nominal": 10, "tolerance": 0.5 }] } }],
          "next": [{ "to": "sew" }], "rework": [] },
        { "key": "sew", "name": "Sewing", "order": 2,
          "actions": [{ "key": "look", "kind": "note", "label": "Look", "required": false, "config": { "max_length": 200 } }],
          "next": [], "rework": [{ "to": "cut", "max_visits": 2 }] },
    ])
}

impl At<'_> {
    /// A workflow with a published version; its id.
    pub async fn workflow(&self) -> String {
        let body = json!({ "name": Uuid::new_v4().to_string(), "entry": "cut", "stages": stages() });
        let id = self.admin().post("/v1/workflows", body).await.id();
        self.admin().post(&format!("/v1/workflows/{id}/versions"), json!({})).await.assert_status(201);
        id
    }

    /// An order that a factory enters on its own account; its id.
    pub async fn order(&self, quantity: u32) -> String {
        self.admin().post("/v1/orders", order_of(quantity)).await.id()
    }

    /// An accepted order of such a quantity; its id.
    pub async fn accepted_order(&self, quantity: u32) -> String {
        let (order, workflow) = (self.order(quantity).await, self.workflow().await);
        let accept = self
            .admin()
            .post(&format!("/v1/orders/{order}/accept"), json!({ "workflow_id": workflow, "site_id": self.site() }))
            .await;
        accept.assert_status(200);
        order
    }

    /// Items of an order, in the order they were made.
    pub async fn items_of(&self, order: &str) -> Vec<Value> {
        self.admin().get(&format!("/v1/orders/{order}/items?limit=200")).await.rows().clone()
    }
}

/// What is asked for when the particulars do not matter: `quantity` caps at 12.50 each.
pub fn order_of(quantity: u32) -> Value {
    let total = f64::from(quantity) * 12.5;
    json!({
        "currency": "EUR", "requested_delivery_date": "2099-01-31", "total_value": format!("{total:.2}"),
        "lines": [{ "code": "CAP", "name": "Cap", "quantity": quantity, "unit_price": "12.50", "attributes": { "color": "moss" } }],
    })
}

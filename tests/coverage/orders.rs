//! The routes of orders, and what brands may see of them.

use serde_json::json;

use super::Access::{Anybody, BrandNeeds, Needs};
use super::Route;
use crate::harness::Floor;
use crate::harness::made::order_of;

routes! {
    GET "/v1/orders" => Needs("order:view");
    POST "/v1/orders" => Needs("order:create"), sending order_of(1);
    GET "/v1/orders/{id}" => Needs("order:view"), at order;
    PATCH "/v1/orders/{id}" => Needs("order:manage"), at order, sending json!({ "notes": "Changed" });
    POST "/v1/orders/{id}/accept" => Needs("order:accept"), at order, sending json!({});
    POST "/v1/orders/{id}/reject" => Needs("order:accept"), at order, sending json!({ "reason": "Too many" });
    POST "/v1/orders/{id}/pause" => Needs("order:manage"), at order, sending json!({});
    POST "/v1/orders/{id}/resume" => Needs("order:manage"), at order, sending json!({});
    POST "/v1/orders/{id}/complete" => Needs("order:manage"), at order, sending json!({});
    POST "/v1/orders/{id}/cancel" => Needs("order:manage"), at order, sending json!({});
    GET "/v1/orders/{id}/items" => Needs("order:view"), at order;
    GET "/v1/orders/{id}/progress" => Needs("order:view"), at order;
    // Refused to everybody; `tests/orders.rs` says how.
    PUT "/v1/orders/{id}/progress" => Anybody;
    GET "/v1/orders/{id}/events" => Needs("order:view"), at order;

    GET "/v1/brand/orders" => BrandNeeds("brand:view");
    GET "/v1/brand/orders/{id}" => BrandNeeds("brand:view"), at brands_order;
    GET "/v1/brand/orders/{id}/items" => BrandNeeds("brand:view"), at brands_order;
    GET "/v1/brand/orders/{id}/feed" => BrandNeeds("brand:view"), at brands_order;
}

async fn order(floor: &Floor) -> Vec<String> {
    vec![floor.north().order(1).await]
}

async fn brands_order(floor: &Floor) -> Vec<String> {
    let mut order = order_of(1);
    order["factory_id"] = json!(floor.north().id());
    vec![floor.aurora().admin().post("/v1/orders", order).await.id()]
}

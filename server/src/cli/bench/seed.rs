//! A factory for the bench, made through the API of a running server: a site, a workflow of three stages, two accepted orders, and people
//! with a phone each.

use std::path::Path;

use anyhow::Context as _;
use chrono::{TimeDelta, Utc};
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};
use floorline_domain::item::Command;
use floorline_domain::permission::OrganizationKind;
use floorline_domain::{DeviceId, ItemId, LocationId, OrgId, UserId};
use floorline_mobile_sync::client::Act;
use floorline_mobile_sync::native::{Api, Server};
use floorline_mobile_sync::op::Operation;
use indicatif::ProgressBar;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::phone::Phone;
use crate::database::Database;
use crate::identity::{Passwords, create_first_admin};
use crate::platform::config::Config;
use crate::platform::db::embedded::{SUPERUSER, running_url};
use crate::platform::db::{Db, sql};

const EMAIL: &str = "admin@bench.example";
const PASSWORD: &str = "a bench has no secrets";
const STAGES: [&str; 3] = ["cut", "sew", "pack"];

/// Items of the order that phones work on, and of the one that pgbench does. Each is one acceptance.
pub(super) const ITEMS: usize = 10_000;
/// What the codes of pgbench's items begin with.
pub(super) const PEER_LINE: &str = "PEER";

/// The factory, ready to work.
pub(super) struct Factory {
    pub(super) org: OrgId,
    pub(super) site: LocationId,
    /// Someone who acts.
    pub(super) user: UserId,
    /// The order that phones work on.
    pub(super) order: String,
    /// Its items.
    pub(super) items: Vec<Item>,
    pub(super) phones: Vec<Phone>,
}

/// An item to work on.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) id: ItemId,
    /// The text of the QR code on it.
    pub(super) label: String,
}

/// Founds the factory in the empty folder of `config`, before the server runs.
pub(super) async fn found(config: &Config) -> anyhow::Result<()> {
    let database = Database::open(config).await?;
    let founded = async {
        let (db, passwords) = (Db::new(database.url(), 2)?, Passwords::new(&config.sign_in)?);
        create_first_admin(&db, &passwords, EMAIL, "Bench", OrganizationKind::Factory, Some(PASSWORD)).await?;
        db.close();
        anyhow::Ok(())
    }
    .await;
    database.close().await?;
    founded
}

/// Makes everything else on the server at `url` over the data folder `folder`, where phones keep their keys, too.
pub(super) async fn make(url: &str, folder: &Path, phones: u64, progress: &ProgressBar) -> anyhow::Result<Factory> {
    let server = Server::at(url)?;
    let admin = Api::open(server.clone(), &folder.join("admin"))?;
    let user = admin.sign_in(EMAIL, PASSWORD).await?;
    let site: LocationId =
        text(&post(&admin, "/v1/locations", json!({ "kind": "site", "name": "Hall" })).await?, "id")?.parse()?;
    let workflow = text(&post(&admin, "/v1/workflows", workflow()).await?, "id")?;
    post(&admin, &format!("/v1/workflows/{workflow}/versions"), json!({})).await?;
    progress.set_message("accepting two orders of 10,000 items");
    let order = accept(&admin, site, &workflow, "PART").await?;
    accept(&admin, site, &workflow, PEER_LINE).await?;
    progress.set_message("phones");
    let roles = admin.call(Method::GET, "/v1/roles?limit=200", None).await?;
    let operator = roles
        .get("data")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .find(|role| role.get("name") == Some(&json!("operator")));
    let operator = text(operator.context("there is no role operator")?, "id")?;
    let mut connected = Vec::new();
    for n in 0..phones {
        connected.push(phone(&admin, &server, site, &operator, folder, n).await?);
        progress.inc(1);
    }
    let org = user.organization_id;
    let items = items(url, folder, org, &order).await?;
    Ok(Factory { org, site, user: user.id, order, items, phones: connected })
}

/// A person, a phone, and the one signed in on the other.
async fn phone(
    admin: &Api,
    server: &Server,
    site: LocationId,
    role: &str,
    folder: &Path,
    n: u64,
) -> anyhow::Result<Phone> {
    let email = format!("worker{n}@bench.example");
    let body = json!({ "email": email, "name": format!("Worker {n}"), "password": PASSWORD, "role_ids": [role] });
    post(admin, "/v1/users", body).await?;
    let enrolment =
        post(admin, "/v1/devices/enrolments", json!({ "site_id": site, "name": format!("Phone {n}") })).await?;
    let api = Api::open(server.clone(), &folder.join(format!("phone-{n}")))?;
    let enrolled = api.claim(&text(&enrolment, "code")?, env!("CARGO_PKG_VERSION")).await?;
    let device: DeviceId = enrolled.device_id;
    post(admin, &format!("/v1/devices/{device}/approve"), json!({ "digits": enrolled.digits })).await?;
    let user = api.sign_in(&email, PASSWORD).await?;
    Phone::connect(&api, device, site, &user).await
}

async fn accept(admin: &Api, site: LocationId, workflow: &str, line: &str) -> anyhow::Result<String> {
    let due = (Utc::now() + TimeDelta::days(30)).date_naive();
    let order = json!({
        "workflow_id": workflow, "currency": "EUR", "requested_delivery_date": due, "total_value": format!("{ITEMS}.00"),
        "lines": [{ "code": line, "name": "Part", "quantity": ITEMS, "unit_price": "1.00" }],
    });
    let id = text(&post(admin, "/v1/orders", order).await?, "id")?;
    post(admin, &format!("/v1/orders/{id}/accept"), json!({ "site_id": site })).await?;
    Ok(id)
}

/// The items of an order with what their labels say.
async fn items(url: &str, data: &Path, org: OrgId, order: &str) -> anyhow::Result<Vec<Item>> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(sql_type = Text)]
        code: String,
    }
    let owner = running_url(data, SUPERUSER).context("the embedded database is not running")?;
    let mut owner = AsyncPgConnection::establish(&owner).await?;
    let rows: Vec<Row> = sql(
        "SELECT i.id, l.code FROM items i JOIN labels l ON l.org_id = i.org_id AND l.item_id = i.id WHERE i.org_id = $1 AND i.order_id = $2 ORDER BY i.id",
    )
    .bind::<SqlUuid, _>(org.0)
    .bind::<SqlUuid, _>(order.parse::<Uuid>()?)
    .load(&mut owner)
    .await?;
    Ok(rows.into_iter().map(|row| Item { id: ItemId(row.id), label: format!("{url}/Q/{}", row.code) }).collect())
}

async fn post(api: &Api, path: &str, body: Value) -> anyhow::Result<Value> {
    api.call(Method::POST, path, Some(body)).await.with_context(|| format!("POST {path}"))
}

fn text(value: &Value, key: &str) -> anyhow::Result<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned).with_context(|| format!("no {key} in {value}"))
}

/// Three stages in a row; in each the label is scanned and a width measured.
fn workflow() -> Value {
    let stages: Vec<Value> = (1..)
        .zip(STAGES)
        .map(|(order, key)| {
            let next: Vec<Value> = STAGES.get(order..).into_iter().flatten().take(1).map(|to| json!({ "to": to })).collect();
            json!({
                "key": key, "name": key, "order": order, "expected_minutes": 10, "next": next,
                "actions": [
                    { "key": "label", "kind": "scan", "label": "Label", "required": true, "config": { "expected": "this_item" } },
                    { "key": "width", "kind": "measurement", "label": "Width", "required": true,
                      "config": { "readings": [{ "name": "width", "unit": "mm", "nominal": 100, "tolerance": 2 }] } },
                ],
            })
        })
        .collect();
    json!({ "name": "Bench", "entry": "cut", "stages": stages })
}

/// What is done with an item from its first stage to its last, a visit of a stage at a time: scan, measure, advance.
pub(super) fn visits(item: &Item) -> impl Iterator<Item = Vec<Act>> {
    let (id, label) = (item.id, item.label.clone());
    STAGES.into_iter().map(move |stage| {
        let complete = |action: &str, data| Command::CompleteAction {
            action_id: format!("{stage}.{action}"),
            data,
            evidence: Vec::new(),
        };
        let reading = json!({ "readings": [{ "name": "width", "value": 100.4, "unit": "mm" }] });
        let commands =
            [complete("label", json!({ "raw": &label })), complete("width", reading), Command::Advance { to: None }];
        let act = |command| Act { stage: Some(stage.to_owned()), ..Act::new(Operation::Item(command), Some(id)) };
        commands.into_iter().map(act).collect()
    })
}

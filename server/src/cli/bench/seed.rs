//! A factory for the bench, made through the API of a running server: a site, a workflow of three stages, accepted orders, and people
//! with a phone each.

use std::ops::Range;

use anyhow::Context as _;
use chrono::{TimeDelta, Utc};
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _};
use floorline_domain::item::Command;
use floorline_domain::permission::OrganizationKind;
use floorline_domain::{ItemId, LocationId, OrgId, UserId};
use floorline_mobile_sync::client::Act;
use floorline_mobile_sync::native::{Api, Server};
use floorline_mobile_sync::op::Operation;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::phone::Phone;
use super::progress;
use super::stand::Stand;
use crate::database::Database;
use crate::identity::{Passwords, create_first_admin};
use crate::platform::config::Config;
use crate::platform::db::embedded::{SUPERUSER, running_url};
use crate::platform::db::{Db, sql};

const EMAIL: &str = "admin@bench.example";
const PASSWORD: &str = "a bench has no secrets";
const STAGES: [&str; 3] = ["cut", "sew", "pack"];

/// Acts that take an item from its first stage to its last.
pub(super) const ACTS_AN_ITEM: usize = 9;

/// The factory, ready to take orders.
pub(super) struct Factory<'a> {
    stand: &'a Stand,
    server: Server,
    admin: Api,
    pub(super) org: OrgId,
    pub(super) site: LocationId,
    /// Someone who acts.
    pub(super) user: UserId,
    /// The role of those who work and those who watch.
    pub(super) operator: String,
    workflow: String,
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

impl<'a> Factory<'a> {
    /// Signs the administrator in and makes a site and a workflow.
    pub(super) async fn open(stand: &'a Stand) -> anyhow::Result<Self> {
        let server = Server::at(stand.url())?;
        let admin = Api::open(server.clone(), &stand.folder().join("admin"))?;
        let user = admin.sign_in(EMAIL, PASSWORD).await?;
        let site = text(&post(&admin, "/v1/locations", json!({ "kind": "site", "name": "Hall" })).await?, "id")?;
        let workflow = text(&post(&admin, "/v1/workflows", workflow()).await?, "id")?;
        post(&admin, &format!("/v1/workflows/{workflow}/versions"), json!({})).await?;
        let roles = admin.call(Method::GET, "/v1/roles?limit=200", None).await?;
        let named = |role: &&Value| role.get("name") == Some(&json!("operator"));
        let operator = roles.get("data").and_then(Value::as_array).into_iter().flatten().find(named);
        let operator = text(operator.context("there is no role operator")?, "id")?;
        let (org, site, user) = (user.organization_id, site.parse()?, user.id);
        Ok(Self { stand, server, admin, org, site, user, operator, workflow })
    }

    /// The server that it runs on.
    pub(super) const fn stand(&self) -> &Stand {
        self.stand
    }

    /// The address of its database, as the superuser.
    pub(super) fn database(&self) -> anyhow::Result<String> {
        running_url(self.stand.folder(), SUPERUSER).context("the embedded database is not running")
    }

    /// A connection to it.
    pub(super) async fn owner(&self) -> anyhow::Result<AsyncPgConnection> {
        Ok(AsyncPgConnection::establish(&self.database()?).await?)
    }

    /// Has the planner know how large the tables are by now. Autovacuum does so within a minute, at a moment of its own; pgbench does it itself
    /// before it begins.
    pub(super) async fn analyze(&self) -> anyhow::Result<()> {
        Ok(self.owner().await?.batch_execute("ANALYZE").await?)
    }

    /// Places an order of so many items whose codes begin with `line`.
    pub(super) async fn order(&self, line: &str, items: usize) -> anyhow::Result<String> {
        let due = (Utc::now() + TimeDelta::days(30)).date_naive();
        let order = json!({
            "workflow_id": self.workflow, "currency": "EUR", "requested_delivery_date": due, "total_value": format!("{items}.00"),
            "lines": [{ "code": line, "name": "Part", "quantity": items, "unit_price": "1.00" }],
        });
        text(&post(&self.admin, "/v1/orders", order).await?, "id")
    }

    /// Accepts an order: its items and labels exist then.
    pub(super) async fn accept(&self, order: &str) -> anyhow::Result<()> {
        post(&self.admin, &format!("/v1/orders/{order}/accept"), json!({ "site_id": self.site })).await?;
        Ok(())
    }

    /// An order that is accepted already.
    pub(super) async fn accepted(&self, line: &str, items: usize) -> anyhow::Result<String> {
        let order = self.order(line, items).await?;
        self.accept(&order).await?;
        Ok(order)
    }

    /// The items of an order with what their labels say.
    pub(super) async fn items(&self, order: &str) -> anyhow::Result<Vec<Item>> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = SqlUuid)]
            id: Uuid,
            #[diesel(sql_type = Text)]
            code: String,
        }
        let rows: Vec<Row> = sql(
            "SELECT i.id, l.code FROM items i JOIN labels l ON l.org_id = i.org_id AND l.item_id = i.id WHERE i.org_id = $1 AND i.order_id = $2 ORDER BY i.id",
        )
        .bind::<SqlUuid, _>(self.org.0)
        .bind::<SqlUuid, _>(order.parse::<Uuid>()?)
        .load(&mut self.owner().await?)
        .await?;
        let url = self.stand.url();
        Ok(rows.into_iter().map(|row| Item { id: ItemId(row.id), label: format!("{url}/Q/{}", row.code) }).collect())
    }

    /// Phones without a network, each with a person of its own, named by their numbers.
    pub(super) async fn phones(&self, numbers: Range<usize>) -> anyhow::Result<Vec<Phone>> {
        let progress = progress::bar(numbers.len(), "phones");
        let mut phones = Vec::new();
        for n in numbers {
            phones.push(self.phone(n).await?);
            progress.inc(1);
        }
        progress.finish_and_clear();
        Ok(phones)
    }

    /// The same, connected.
    pub(super) async fn phones_online(&self, numbers: Range<usize>) -> anyhow::Result<Vec<Phone>> {
        let mut phones = self.phones(numbers).await?;
        for phone in &mut phones {
            phone.go_online().await?;
        }
        Ok(phones)
    }

    /// A person, a phone, and the one signed in on the other.
    async fn phone(&self, n: usize) -> anyhow::Result<Phone> {
        let Self { stand, server, admin, site, operator, .. } = self;
        let email = format!("worker{n}@bench.example");
        let body =
            json!({ "email": email, "name": format!("Worker {n}"), "password": PASSWORD, "role_ids": [operator] });
        post(admin, "/v1/users", body).await?;
        let place = json!({ "site_id": site, "name": format!("Phone {n}") });
        let enrolment = post(admin, "/v1/devices/enrolments", place).await?;
        let api = Api::open(server.clone(), &stand.folder().join(format!("phone-{n}")))?;
        let enrolled = api.claim(&text(&enrolment, "code")?, env!("CARGO_PKG_VERSION")).await?;
        let device = enrolled.device_id;
        post(admin, &format!("/v1/devices/{device}/approve"), json!({ "digits": enrolled.digits })).await?;
        let user = api.sign_in(&email, PASSWORD).await?;
        Phone::offline(api, device, *site, &user)
    }
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

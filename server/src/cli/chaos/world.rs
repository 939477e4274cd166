//! Two factories through the API: a site, a line of three stages, an accepted order, and people with a phone each.
//!
//! Most phones are of the first; those of the second are there so that nothing of either may be found in the other.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{TimeDelta, Utc};
use floorline_domain::permission::OrganizationKind;
use floorline_domain::{ItemId, LocationId, OrgId};
use floorline_mobile_sync::native::{Api, Method, Phone, PhoneConfig, Server};
use serde_json::{Value, json};

use crate::checker::Canary;
use crate::identity::{Passwords, create_first_admin};
use crate::platform::config::Config;
use crate::platform::db::Db;

const PASSWORD: &str = "chaos has no secrets";
/// The line, in its order.
pub(super) const STAGES: [&str; 3] = ["cut", "sew", "pack"];
/// Of so many phones one follows the floor and shows it.
const FOLLOWS: usize = 5;
/// Of so many phones one is the second factory's.
const ELSEWHERE: usize = 10;
/// Items for each phone.
const ITEMS_EACH: usize = 8;

/// Everybody.
pub(super) struct World {
    /// All phones; the last ones are the second factory's.
    pub(super) hands: Vec<Arc<Hand>>,
    /// The first factory's administrator.
    pub(super) admin: Api,
    /// What each factory says, and nobody else may.
    pub(super) canaries: Vec<Canary>,
}

/// Someone with a phone.
pub(super) struct Hand {
    pub(super) phone: Phone,
    pub(super) site: LocationId,
    pub(super) items: Arc<Vec<ItemId>>,
    /// It shows the floor.
    pub(super) follows: bool,
    /// A word of this factory alone.
    pub(super) canary: String,
}

/// Founds the first factory, before any server runs.
pub(super) async fn found(config: &Config, url: &str) -> anyhow::Result<()> {
    let (db, passwords) = (Db::new(url, 2)?, Passwords::new(&config.sign_in)?);
    create_first_admin(&db, &passwords, &email("here", 0), "Here", OrganizationKind::Factory, Some(PASSWORD)).await?;
    db.close();
    Ok(())
}

/// Everything else, over HTTP.
pub(super) async fn stage(url: &str, folder: &Path, phones: usize) -> anyhow::Result<World> {
    let server = Server::at(url)?;
    let here = Api::open(server.clone(), &folder.join("here"))?;
    let org = here.sign_in(&email("here", 0), PASSWORD).await?.organization_id;
    let administrator = json!({ "email": email("elsewhere", 0), "name": "Admin", "password": PASSWORD });
    let body = json!({ "name": "Elsewhere", "kind": "factory", "administrator": administrator });
    post(&here, "/v1/organizations", body).await?;
    let elsewhere = Api::open(server.clone(), &folder.join("elsewhere"))?;
    let other = elsewhere.sign_in(&email("elsewhere", 0), PASSWORD).await?.organization_id;
    let strangers = (phones / ELSEWHERE).max(1);
    let mut world = World { hands: Vec::new(), admin: here, canaries: Vec::new() };
    for (key, org, count) in [("here", org, phones.saturating_sub(strangers).max(1)), ("elsewhere", other, strangers)] {
        let admin = if key == "here" { &world.admin } else { &elsewhere };
        let factory = Factory::make(key, org, admin, count).await?;
        for n in 0..count {
            world.hands.push(Arc::new(factory.hand(admin, &server, &folder.join(format!("{key}-{n}")), n).await?));
        }
        world.canaries.push(Canary { org, text: factory.canary });
    }
    Ok(world)
}

/// What a factory's phones have in common.
struct Factory {
    key: &'static str,
    site: LocationId,
    items: Arc<Vec<ItemId>>,
    roles: Vec<String>,
    canary: String,
}

impl Factory {
    async fn make(key: &'static str, org: OrgId, admin: &Api, phones: usize) -> anyhow::Result<Self> {
        let site = text(&post(admin, "/v1/locations", json!({ "kind": "site", "name": "Hall" })).await?, "id")?;
        let workflow = text(&post(admin, "/v1/workflows", workflow()).await?, "id")?;
        post(admin, &format!("/v1/workflows/{workflow}/versions"), json!({})).await?;
        let items = items(admin, &site, &workflow, phones * ITEMS_EACH).await?;
        let roles = get(admin, "/v1/roles?limit=200").await?;
        let named = |role: &&Value| {
            ["operator", "supervisor"].map(Value::from).iter().any(|name| role.get("name") == Some(name))
        };
        let roles = rows(&roles).iter().filter(named).map(|role| text(role, "id")).collect::<Result<_, _>>()?;
        Ok(Self { key, site: site.parse()?, items: Arc::new(items), roles, canary: format!("canary of {org}") })
    }

    /// A person, a phone, and the one signed in on the other.
    async fn hand(&self, admin: &Api, server: &Server, folder: &Path, n: usize) -> anyhow::Result<Hand> {
        let email = email(self.key, n + 1);
        let person =
            json!({ "email": email, "name": format!("Worker {n}"), "password": PASSWORD, "role_ids": self.roles });
        post(admin, "/v1/users", person).await?;
        let enrolment = json!({ "site_id": self.site, "name": format!("Phone {n}") });
        let code = text(&post(admin, "/v1/devices/enrolments", enrolment).await?, "code")?;
        let api = Api::open(server.clone(), folder)?;
        let enrolled = api.claim(&code, env!("CARGO_PKG_VERSION")).await?;
        let approve = format!("/v1/devices/{}/approve", enrolled.device_id);
        post(admin, &approve, json!({ "digits": enrolled.digits })).await?;
        drop(api);
        let follows = n.is_multiple_of(FOLLOWS);
        let config = PhoneConfig { follow_site: follows, ..PhoneConfig::new(server.clone(), folder, self.site) };
        let phone = Phone::open(config).await?;
        phone.sign_in(&email, PASSWORD).await?;
        Ok(Hand { phone, site: self.site, items: Arc::clone(&self.items), follows, canary: self.canary.clone() })
    }
}

/// An order of so many items, accepted, and their ids.
async fn items(admin: &Api, site: &str, workflow: &str, count: usize) -> anyhow::Result<Vec<ItemId>> {
    let due = (Utc::now() + TimeDelta::days(30)).date_naive();
    let order = json!({
        "workflow_id": workflow, "currency": "EUR", "requested_delivery_date": due, "total_value": format!("{count}.00"),
        "lines": [{ "code": "PART", "name": "Part", "quantity": count, "unit_price": "1.00" }],
    });
    let order = text(&post(admin, "/v1/orders", order).await?, "id")?;
    post(admin, &format!("/v1/orders/{order}/accept"), json!({ "site_id": site })).await?;
    let (first, mut items) = (format!("/v1/orders/{order}/items?limit=200"), Vec::new());
    let mut path = first.clone();
    loop {
        let page = get(admin, &path).await?;
        for item in rows(&page) {
            items.push(text(item, "id")?.parse()?);
        }
        match page.get("next_cursor").and_then(Value::as_str) {
            Some(cursor) => path = format!("{first}&cursor={cursor}"),
            None => return Ok(items),
        }
    }
}

/// Three stages in a row, a width measured in each, and a way back.
fn workflow() -> Value {
    let stages: Vec<Value> = (1..)
        .zip(STAGES)
        .map(|(order, key)| {
            let next: Vec<Value> = STAGES.get(order..).into_iter().flatten().take(1).map(|to| json!({ "to": to })).collect();
            let rework = if key == "sew" { json!([{ "to": "cut", "max_visits": 20 }]) } else { json!([]) };
            let width = json!({ "readings": [{ "name": "width", "unit": "mm", "nominal": 100, "tolerance": 2 }] });
            json!({
                "key": key, "name": key, "order": order, "next": next, "rework": rework,
                "actions": [{ "key": "width", "kind": "measurement", "label": "Width", "required": true, "config": width }],
            })
        })
        .collect();
    json!({ "name": "Line", "entry": "cut", "stages": stages })
}

fn email(key: &str, n: usize) -> String {
    format!("{n}@{key}.example")
}

async fn get(api: &Api, path: &str) -> anyhow::Result<Value> {
    api.call(Method::GET, path, None).await.with_context(|| format!("GET {path}"))
}

/// Asks for something.
pub(super) async fn post(api: &Api, path: &str, body: Value) -> anyhow::Result<Value> {
    api.call(Method::POST, path, Some(body)).await.with_context(|| format!("POST {path}"))
}

fn rows(page: &Value) -> &[Value] {
    page.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value, key: &str) -> anyhow::Result<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned).with_context(|| format!("no {key} in {value}"))
}

//! Puts the made-up world of `fixtures/` into a running server, through its API as people would: organisations, partnerships, people, places,
//! workflows, orders that are accepted, labels on every item, and a phone for everybody who works on the floor.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use floorline_domain::permission::OrganizationKind;
use floorline_domain::{ItemId, LocationId};
use floorline_mobile_sync::native::{Api, Phone, PhoneConfig, Server};
use serde_json::{Value, json};

use super::desk::Desk;
use super::fixtures::{Factory, Fixtures, Person};
use crate::database::Database;
use crate::identity::{Passwords, create_first_admin};
use crate::platform::config::Config;
use crate::platform::db::Db;

/// What the players share.
pub(super) struct World {
    /// Someone who may see and decide everything, for each factory that makes something.
    pub(super) floors: Vec<Floor>,
    /// Where to look at it.
    pub(super) logins: Vec<Login>,
    /// The picture of each item's label, as printed.
    pub(super) labels: BTreeMap<ItemId, Vec<u8>>,
    /// The components of each item that has some.
    pub(super) components: BTreeMap<ItemId, Vec<ItemId>>,
}

/// One factory's floor.
pub(super) struct Floor {
    pub(super) name: String,
    pub(super) supervisor: Arc<Desk>,
    pub(super) orders: Vec<Order>,
    pub(super) hands: Vec<Hand>,
}

/// An accepted order.
pub(super) struct Order {
    pub(super) id: String,
    pub(super) number: String,
    pub(super) total: u64,
}

/// Someone with a phone.
pub(super) struct Hand {
    pub(super) name: String,
    pub(super) roles: Vec<String>,
    pub(super) site: LocationId,
    pub(super) station: Option<LocationId>,
    pub(super) phone: Arc<Phone>,
}

/// A way in, to be printed.
pub(super) struct Login {
    pub(super) organization: String,
    pub(super) email: String,
    pub(super) roles: String,
}

/// Founds the installation before the server runs: its first factory and administrator.
pub(super) async fn found(config: &Config, fixtures: &Fixtures) -> anyhow::Result<()> {
    let factory = fixtures.factories.first().context("no factory in the fixtures")?;
    let admin = administrator(&factory.people)?;
    let database = Database::open(config).await?;
    let founded = async {
        let db = Db::new(database.url(), 2)?;
        let passwords = Passwords::new(&config.sign_in)?;
        create_first_admin(
            &db,
            &passwords,
            &admin.email,
            &factory.name,
            OrganizationKind::Factory,
            Some(&admin.password),
        )
        .await?;
        db.close();
        anyhow::Ok(())
    }
    .await;
    database.close().await?;
    founded
}

/// Everything else, over HTTP.
pub(super) async fn stage(url: &str, phones: &Path, fixtures: &Fixtures, say: &dyn Fn(&str)) -> anyhow::Result<World> {
    let stagehand = Stagehand { server: Server::at(url)?, url: url.to_owned(), fixtures };
    say("organisations and people");
    let organizations = stagehand.organizations().await?;
    let (mut floors, mut labels, mut components) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    for factory in &fixtures.factories {
        say(&format!("{}: places and workflows", factory.name));
        let floor = stagehand.floor(factory, &organizations, phones, &mut labels, &mut components, say).await?;
        floors.push(floor);
    }
    let people = |name: &str, people: &[Person]| {
        people
            .iter()
            .map(|person| Login {
                organization: name.to_owned(),
                email: person.email.clone(),
                roles: person.roles.join(", "),
            })
            .collect::<Vec<_>>()
    };
    let logins = fixtures
        .factories
        .iter()
        .flat_map(|factory| people(&factory.name, &factory.people))
        .chain(fixtures.brands.iter().flat_map(|brand| people(&brand.name, &brand.people)))
        .filter(|login| login.roles != "operator")
        .collect();
    Ok(World { floors, logins, labels, components })
}

struct Stagehand<'a> {
    server: Server,
    url: String,
    fixtures: &'a Fixtures,
}

/// Ids and administrators of organisations by key.
type Organizations = BTreeMap<&'static str, (String, Desk)>;

impl Stagehand<'_> {
    fn desk(&self, person: &Person) -> Desk {
        Desk::new(&self.server.http, &self.url, &person.email, &person.password)
    }

    async fn organizations(&self) -> anyhow::Result<Organizations> {
        let mut made = Organizations::new();
        let factories =
            self.fixtures.factories.iter().map(|factory| (factory.key, &factory.name, &factory.people, "factory"));
        let brands = self.fixtures.brands.iter().map(|brand| (brand.key, &brand.name, &brand.people, "brand"));
        for (key, name, people, kind) in factories.chain(brands) {
            let admin = people
                .iter()
                .find(|person| person.is("admin") || person.is("brand_admin"))
                .with_context(|| format!("{name} has no administrator"))?;
            let desk = self.desk(admin);
            let id = match made.values().next() {
                // The first was founded before the server ran.
                None => text(&desk.get("/v1/me").await?, "organization_id")?,
                Some(_) => {
                    let first = self.fixtures.factories.first().context("no factory in the fixtures")?;
                    let founder = self.desk(administrator(&first.people)?);
                    let body = json!({ "name": name, "kind": kind, "administrator": { "email": admin.email, "name": admin.name, "password": admin.password } });
                    text(&founder.post("/v1/organizations", body).await?, "id")?
                }
            };
            self.people(&desk, people, admin).await?;
            made.insert(key, (id, desk));
        }
        for brand in &self.fixtures.brands {
            for partner in &brand.partners {
                let (brand_id, brand_desk) = made.get(brand.key).context("a brand is missing")?;
                let (factory_id, factory_desk) = made.get(partner.as_str()).context("a partner is missing")?;
                let proposed = brand_desk
                    .post("/v1/partnerships", json!({ "brand_id": brand_id, "factory_id": factory_id }))
                    .await?;
                factory_desk.post(&format!("/v1/partnerships/{}/accept", text(&proposed, "id")?), json!({})).await?;
            }
        }
        Ok(made)
    }

    async fn people(&self, admin: &Desk, people: &[Person], but: &Person) -> anyhow::Result<()> {
        let roles = admin.get("/v1/roles?limit=200").await?;
        let roles: BTreeMap<String, String> =
            list(&roles).iter().filter_map(|role| Some((text(role, "name").ok()?, text(role, "id").ok()?))).collect();
        for person in people.iter().filter(|person| person.email != but.email) {
            let held: Vec<&String> = person.roles.iter().filter_map(|role| roles.get(role)).collect();
            let body =
                json!({ "email": person.email, "name": person.name, "password": person.password, "role_ids": held });
            admin.post("/v1/users", body).await?;
        }
        Ok(())
    }

    async fn floor(
        &self,
        factory: &Factory,
        organizations: &Organizations,
        phones: &Path,
        labels: &mut BTreeMap<ItemId, Vec<u8>>,
        components: &mut BTreeMap<ItemId, Vec<ItemId>>,
        say: &dyn Fn(&str),
    ) -> anyhow::Result<Floor> {
        let (factory_id, admin) = organizations.get(factory.key).context("a factory is missing")?;
        let places = places(admin, factory).await?;
        let workflows = self.workflows(admin, factory, &places).await?;
        let supervisor = factory.people.iter().find(|person| person.is("supervisor")).context("no supervisor")?;
        let supervisor = Arc::new(self.desk(supervisor));
        let mut orders = Vec::new();
        for fixture in self.fixtures.orders.iter().filter(|order| order.factory == factory.key) {
            say(&format!("{}: order {}", factory.name, fixture.po_number()));
            let (_, brand) = organizations.get(fixture.brand.as_str()).context("a brand is missing")?;
            let body = fixture.body(factory_id, |key| workflows.get(key).cloned())?;
            let placed = brand.post("/v1/orders", body).await?;
            let id = text(&placed, "id")?;
            let site = places.get(&fixture.site).context("a site is missing")?;
            let accepted = admin.post(&format!("/v1/orders/{id}/accept"), json!({ "site_id": site })).await?;
            let total = accepted.get("items_created").and_then(Value::as_u64).unwrap_or_default();
            label_items(admin, &id, labels, components).await?;
            orders.push(Order { id, number: fixture.po_number().to_owned(), total });
        }
        say(&format!("{}: phones", factory.name));
        let site =
            factory.locations.first().and_then(|site| places.get(&site.key)).context("a factory without a site")?;
        let mut hands = Vec::new();
        for (n, person) in factory.people.iter().enumerate().filter(|(_, person)| !person.is("admin")) {
            let folder = phones.join(format!("{}-{n}", factory.key));
            hands.push(self.hand(admin, person, site, &places, &folder).await?);
        }
        Ok(Floor { name: factory.name.clone(), supervisor, orders, hands })
    }

    async fn workflows(
        &self,
        admin: &Desk,
        factory: &Factory,
        places: &BTreeMap<String, String>,
    ) -> anyhow::Result<BTreeMap<String, String>> {
        let mut made = BTreeMap::new();
        for key in &factory.workflows {
            let fixture = self.fixtures.workflow(key).with_context(|| format!("no workflow {key}"))?;
            let document = fixture.document(|place| places.get(place).cloned())?;
            let id = text(&admin.post("/v1/workflows", document).await?, "id")?;
            admin.post(&format!("/v1/workflows/{id}/versions"), json!({})).await?;
            made.insert(key.clone(), id);
        }
        Ok(made)
    }

    /// Enrols a phone the way it is done on the floor: a code, a key of its own, six digits compared, a person signed in.
    async fn hand(
        &self,
        admin: &Desk,
        person: &Person,
        site: &str,
        places: &BTreeMap<String, String>,
        folder: &Path,
    ) -> anyhow::Result<Hand> {
        let body = json!({ "site_id": site, "name": format!("Phone of {}", person.name) });
        let enrolment = admin.post("/v1/devices/enrolments", body).await?;
        let api = Api::open(self.server.clone(), folder)?;
        let enrolled = api.claim(&text(&enrolment, "code")?, env!("CARGO_PKG_VERSION")).await?;
        admin
            .post(&format!("/v1/devices/{}/approve", enrolled.device_id), json!({ "digits": enrolled.digits }))
            .await?;
        drop(api);
        let site: LocationId = site.parse()?;
        let phone = Phone::open(PhoneConfig::new(self.server.clone(), folder, site)).await?;
        phone.sign_in(&person.email, &person.password).await?;
        phone.go_online();
        let station = person.station.as_ref().and_then(|key| places.get(key)).map(|id| id.parse()).transpose()?;
        Ok(Hand { name: person.name.clone(), roles: person.roles.clone(), site, station, phone: Arc::new(phone) })
    }
}

fn administrator(people: &[Person]) -> anyhow::Result<&Person> {
    people.iter().find(|person| person.is("admin")).context("a factory without an administrator")
}

async fn places(admin: &Desk, factory: &Factory) -> anyhow::Result<BTreeMap<String, String>> {
    let mut made = BTreeMap::<String, String>::new();
    for (place, parent) in factory.places() {
        let parent = parent.and_then(|key| made.get(key));
        let body = json!({ "kind": place.kind, "name": place.name, "parent_id": parent });
        let id = text(&admin.post("/v1/locations", body).await?, "id")?;
        made.insert(place.key.clone(), id);
    }
    Ok(made)
}

/// Prints a label for every item of an order, and learns which is a component of which.
async fn label_items(
    admin: &Desk,
    order: &str,
    labels: &mut BTreeMap<ItemId, Vec<u8>>,
    components: &mut BTreeMap<ItemId, Vec<ItemId>>,
) -> anyhow::Result<()> {
    let mut path = format!("/v1/orders/{order}/items?limit=200");
    loop {
        let page = admin.get(&path).await?;
        for item in list(&page) {
            let id: ItemId = text(item, "id")?.parse()?;
            labels.insert(id, admin.bytes(&format!("/v1/items/{id}/label.png")).await?);
            if let Some(parent) = item.get("parent_id").and_then(Value::as_str) {
                components.entry(parent.parse()?).or_default().push(id);
            }
        }
        match page.get("next_cursor").and_then(Value::as_str) {
            Some(cursor) => path = format!("/v1/orders/{order}/items?limit=200&cursor={cursor}"),
            None => return Ok(()),
        }
    }
}

/// A text member of an answer.
pub(super) fn text(value: &Value, key: &str) -> anyhow::Result<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned).with_context(|| format!("no {key} in {value}"))
}

/// The rows of a page.
pub(super) fn list(value: &Value) -> &[Value] {
    value.get("data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

//! One organisation with a row in every table, and a word of its own in everything that a person may write.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::made::order_of;
use crate::harness::socket::{Handheld, ends};
use crate::harness::upload::{begin, jpeg, upload};
use crate::harness::{At, Floor};

/// A factory, the brand it works for, and what each thing of theirs is called.
pub struct Scene<'a> {
    pub at: At<'a>,
    pub brand: At<'a>,
    /// What stands in everything a person wrote here, and nowhere else.
    pub word: String,
    /// Its phone, with an open stream.
    pub handheld: Handheld<'a>,
    names: BTreeMap<&'static str, String>,
}

impl<'a> Scene<'a> {
    /// Sets it up, over HTTP and by a phone, as people do.
    pub async fn set(floor: &'a Floor, at: At<'a>, brand: At<'a>) -> Self {
        let word = format!("canary{}", Uuid::new_v4().simple());
        let handheld = Handheld::enrolled(floor, at, "operator").await;
        let mut scene = Self { at, brand, word, handheld, names: BTreeMap::new() };
        scene.tell("device", scene.handheld.phone.id.clone());
        scene.tell("user", at.person("quality").id.to_string());
        for (noun, id) in [("site", at.site()), ("station", at.station()), ("organization", at.id().to_string())] {
            scene.tell(noun, id);
        }
        scene.tell("brand", brand.id().to_string());
        scene.tell("topic", format!("site:{}", at.site()));
        scene.people().await;
        scene.told().await;
        scene.places().await;
        scene.orders().await;
        scene.pictures().await;
        scene.labels().await;
        scene.queues().await;
        scene.work().await;
        scene
    }

    /// The id, code or other name of a thing here.
    #[track_caller]
    pub fn name(&self, noun: &str) -> &str {
        self.names
            .get(noun)
            .unwrap_or_else(|| panic!("there is no {noun} in the scene: make one in tests/isolation/scene.rs"))
    }

    /// Whether any of its things is named in a text.
    pub fn is_named_in(&self, text: &str) -> bool {
        self.names.values().any(|name| text.contains(&name.to_lowercase()))
    }

    fn tell(&mut self, noun: &'static str, name: String) {
        self.names.insert(noun, name);
    }

    /// A text with the word in it.
    fn said(&self, what: &str) -> String {
        format!("{what} {}", self.word)
    }

    async fn people(&mut self) {
        let admin = self.at.admin();
        let organization = json!({ "settings": { "note": self.said("of settings") } });
        admin.if_match(1).patch(&format!("/v1/organizations/{}", self.at.id()), organization).await.ok();
        let partnerships = admin.get("/v1/partnerships").await;
        self.tell("partnership", partnerships.rows()[0]["id"].as_str().unwrap().to_owned());
        let role =
            admin.post("/v1/roles", json!({ "name": self.said("Cutter"), "permissions": ["item:act"] })).await.id();
        let email = format!("{}@mill.example", self.word);
        let user = json!({ "email": email, "name": self.said("Ada"), "role_ids": [role], "password": "long enough to be one" });
        admin.key(&self.word).post("/v1/users", user).await.assert_status(201);
        self.tell("email", email.clone());
        self.tell("role", role);
        let login = json!({ "email": email, "password": "long enough to be one" });
        self.at.stranger().with("user-agent", &self.word).post("/v1/auth/login", login).await.assert_status(200);
        let phone = json!({ "site_id": self.at.site(), "name": self.said("Phone") });
        admin.post("/v1/devices/enrolments", phone).await.assert_status(201);
        let device = format!("/v1/devices/{}", self.name("device"));
        let version = admin.get(&device).await.version();
        admin.if_match(version).patch(&device, json!({ "name": self.said("Phone") })).await.ok();
    }

    /// Where its people are told, and when not.
    async fn told(&mut self) {
        let operator = self.at.operator();
        let path = format!("/v1/devices/{}/push", self.name("device"));
        let token = json!({ "kind": "fcm", "address": format!("token-{}", self.word) });
        operator.put(&path, token).await.assert_status(200);
        let hours = json!({ "start": "22:00", "end": "06:00", "time_zone": "UTC" });
        operator.put("/v1/me/quiet_hours", hours).await.assert_status(200);
    }

    async fn places(&mut self) {
        let admin = self.at.admin();
        let area = json!({ "kind": "area", "name": self.said("Packing"), "parent_id": self.at.site() });
        let area = admin.post("/v1/locations", area).await.id();
        self.tell("location", area);
        let mut stages = crate::harness::made::stages();
        for stage in stages.as_array_mut().unwrap() {
            stage["name"] = json!(self.said("Stage"));
            stage["actions"][0]["label"] = json!(self.said("Do"));
        }
        stages[0]["actions"][0]["config"]["readings"][0]["name"] = json!(self.word);
        stages[0]["actions"][0]["config"]["readings"][0]["unit"] = json!(self.word);
        let workflow =
            json!({ "name": self.said("Line"), "description": self.said("A line"), "entry": "cut", "stages": stages });
        let workflow = admin.post("/v1/workflows", workflow).await.id();
        admin.post(&format!("/v1/workflows/{workflow}/versions"), json!({})).await.assert_status(201);
        // And a draft of the next version.
        admin
            .if_match(2)
            .patch(&format!("/v1/workflows/{workflow}"), json!({ "entry": "sew" }))
            .await
            .assert_status(200);
        self.tell("workflow", workflow);
    }

    async fn orders(&mut self) {
        let admin = self.at.admin();
        let mut wish = order_of(2);
        wish["factory_id"] = json!(self.at.id());
        wish["notes"] = json!(self.said("For the fair"));
        wish["po_number"] = json!(format!("PO-{}", self.word));
        wish["lines"][0]["code"] = json!(self.word);
        wish["lines"][0]["name"] = json!(self.said("Cap"));
        wish["lines"][0]["attributes"] = json!({ "color": self.word });
        wish["lines"][0]["specification"] = json!({ "cloth": self.word });
        wish["lines"][0]["components"] = json!([{ "code": "VISOR", "name": self.said("Visor"), "quantity": 1 }]);
        let order = self.brand.admin().post("/v1/orders", wish.clone()).await.id();
        let accept = json!({ "workflow_id": self.name("workflow"), "site_id": self.at.site(),
            "component_workflows": { "VISOR": self.name("workflow") } });
        admin.post(&format!("/v1/orders/{order}/accept"), accept).await.assert_status(200);
        let items = self.at.items_of(&order).await;
        let is_part = |item: &&Value| item["parent_id"].is_string();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let whole = items.iter().find(|item| !is_part(item)).unwrap();
        let part = items.iter().find(|item| item["parent_id"] == whole["id"]).unwrap();
        self.tell("part", text(&part["id"]));
        self.tell("item code", text(&whole["code"]));
        self.tell("item", text(&whole["id"]));
        let line = admin.get(&format!("/v1/orders/{order}")).await.ok()["lines"][0]["id"].clone();
        self.tell("line", text(&line));
        self.tell("order", order);
        wish["po_number"] = json!(format!("PO2-{}", self.word));
        let refused = self.brand.admin().post("/v1/orders", wish.clone()).await.id();
        admin.post(&format!("/v1/orders/{refused}/reject"), json!({ "reason": self.said("Too many") })).await.ok();
        wish["po_number"] = json!(format!("PO3-{}", self.word));
        let pending = self.brand.admin().post("/v1/orders", wish).await.id();
        self.tell("pending order", pending);
    }

    async fn pictures(&mut self) {
        let admin = self.at.admin();
        // Bytes that nobody else has.
        let seed = *Uuid::parse_str(&self.word["canary".len()..]).unwrap().as_bytes().last().unwrap();
        let photo = upload(&admin, &jpeg(seed)).await;
        let sha256 = admin.get(&format!("/v1/photos/{photo}")).await.ok()["sha256"].as_str().unwrap().to_owned();
        self.tell("sha256", sha256);
        self.tell("photo", photo);
        let place = begin(&admin, &jpeg(seed.wrapping_add(1))).await;
        self.tell("upload", place.rsplit('/').next().unwrap().to_owned());
    }

    async fn labels(&mut self) {
        let admin = self.at.admin();
        let made = admin.post("/v1/labels/blanks", json!({ "count": 1 })).await;
        self.tell("label", made.json["labels"][0]["code"].as_str().unwrap().to_owned());
        admin.post(&format!("/v1/locations/{}/label", self.name("location")), json!({})).await.assert_status(201);
        admin.post(&format!("/v1/users/{}/badge", self.name("user")), json!({})).await.assert_status(201);
        let raw = format!("raw{}", self.word);
        let code = admin.post(&format!("/v1/items/{}/codes", self.name("item")), json!({ "raw": raw })).await;
        code.assert_status(201);
        self.tell("raw", raw);
        let labels = admin.get(&format!("/v1/labels?item_id={}", self.name("item"))).await;
        self.tell("active label", labels.rows()[0]["code"].as_str().unwrap().to_owned());
        self.tell("label id", labels.rows()[0]["id"].as_str().unwrap().to_owned());
    }

    async fn queues(&mut self) {
        let admin = self.at.admin();
        let queue = json!({ "name": self.said("Next"), "site_id": self.at.site(), "stage": "sew" });
        let queue = admin.post("/v1/queues", queue).await.id();
        let entry = json!({ "item_id": self.name("item"), "priority": "high" });
        admin.post(&format!("/v1/queues/{queue}/entries"), entry).await.assert_status(201);
        self.tell("queue", queue);
        let shift = admin.post("/v1/shifts", json!({ "site_id": self.at.site() })).await.id();
        self.tell("shift", shift);
    }

    /// What a worker does: by the routes, and by a phone, with an act that comes too early and waits as a case.
    async fn work(&mut self) {
        let (admin, item) = (self.at.admin(), self.name("item").to_owned());
        let size = admin.get(&format!("/v1/photos/{}", self.name("photo"))).await.ok()["size"].clone();
        let length = json!({ "action_id": "cut.length",
            "data": { "readings": [{ "name": self.word, "value": 10, "unit": self.word }] },
            "blobs": [{ "sha256": self.name("sha256"), "size": size, "mime": "image/jpeg", "role": self.word }] });
        admin.post(&format!("/v1/items/{item}/actions"), length).await.assert_status(200);
        admin.post(&format!("/v1/items/{item}/notes"), json!({ "text": self.said("Seen") })).await.assert_status(200);
        admin.post("/v1/scans", json!({ "raw": self.said("nothing known") })).await.assert_status(200);
        let (mut socket, _) = self.handheld.connect(json!([])).await;
        let scan = json!({ "op": "scan.record", "data": { "raw": self.said("on the phone") } });
        let early = |text: String| json!({ "op": "item.rework", "item_id": item, "stage": "cut", "data": { "to": "pack", "reason": text } });
        let acts = [scan, early(self.said("Early")), early(self.said("Earlier"))];
        let result = self.handheld.send(&mut socket, 1, acts).await;
        assert_eq!(ends(&result)[0], "applied", "{result}");
        socket.close().await;
        let cases = admin.get("/v1/sync/cases").await;
        assert_eq!(cases.rows().len(), 2, "{result}: {cases}");
        let case = |n: usize| cases.rows()[n]["id"].as_str().unwrap().to_owned();
        let (open, decided) = (case(0), case(1));
        let note = json!({ "note": self.said("A mistake") });
        admin.post(&format!("/v1/sync/cases/{decided}/discard"), note).await.assert_status(200);
        self.tell("case", open);
    }
}

//! What people do with their phones: mostly the next sensible step, often enough something else.

use floorline_domain::item::{Command, Item, Status};
use floorline_domain::{EntryKey, ItemId, StreamId};
use floorline_mobile_sync::chain::{Hash, sha256};
use floorline_mobile_sync::client::{self, Act};
use floorline_mobile_sync::entry::Blob;
use floorline_mobile_sync::op::Operation;
use floorline_mobile_sync::store::Store as _;
use serde_json::{Value, json};

use super::{Air, PhoneEvent};
use crate::broken::Broken;
use crate::world::World;

impl World {
    /// The person does something, and will do something again.
    pub(super) fn act(&mut self, number: usize) {
        if self.budget == 0 {
            return;
        }
        self.budget -= 1;
        let pause = if self.chance.u8(..) < 90 { self.chance.u64(200..3_000) } else { self.chance.u64(3_000..40_000) };
        self.note_phone(number, pause, PhoneEvent::Act);
        let item = self.pick_item();
        let known = self.look_at(number, item);
        if self.chance.u8(..) < 30 {
            self.scan(number, item);
            return;
        }
        let act = match known {
            Some(known) if self.chance.u8(..) < 170 => self.sensible(&known),
            known => self.anything(item, known.as_ref()),
        };
        self.do_act(number, act);
    }

    fn pick_item(&mut self) -> ItemId {
        if self.chance.u8(..) < 8 {
            return self.scene.unborn;
        }
        // Mostly the same few, so that people meet.
        let few = if self.chance.bool() { 1 } else { self.scene.items.len() };
        let place = self.chance.usize(0..few);
        self.scene.items.get(place).copied().unwrap_or(self.scene.unborn)
    }

    /// The item as the phone's screen shows it.
    fn look_at(&mut self, number: usize, item: ItemId) -> Option<Item> {
        let phone = self.phones.get_mut(number)?;
        let client = phone.client.as_mut()?;
        client.floor(&mut phone.store).item(item).ok()?.map(|shown| shown.item)
    }

    fn do_act(&mut self, number: usize, act: Act) {
        let (now, began) = (self.calendar.now(), self.began_ms());
        self.tell(|| format!("phone {number} does {:?} on {:?}", act.op, act.item_id));
        let Some(phone) = self.phones.get_mut(number) else { return };
        let moment = phone.now(now, began);
        let Some(client) = phone.client.as_mut() else { return };
        for blob in &act.blobs {
            let _ = phone.store.keep_file(blob);
        }
        let files: Vec<Hash> = act.blobs.iter().map(|blob| blob.sha256).collect();
        let saved = client.act(act, moment, &mut phone.store);
        self.keep(number, saved.ok().and_then(Result::ok));
        for sha256 in files {
            let after = self.chance.u64(1_000..60_000);
            self.note_phone(number, after, PhoneEvent::Uploaded { sha256 });
        }
    }

    /// A code is held before the camera.
    fn scan(&mut self, number: usize, item: ItemId) {
        let raw = self.code_on(item);
        let (now, began) = (self.calendar.now(), self.began_ms());
        let Some(phone) = self.phones.get_mut(number) else { return };
        let moment = phone.now(now, began);
        let Some(client) = phone.client.as_mut() else { return };
        let saved = client.scan(&raw, moment, &mut phone.store);
        self.keep(number, saved.ok().and_then(Result::ok).and_then(|scanned| scanned.act));
    }

    /// The screen says "saved" once the store committed.
    fn keep(&mut self, number: usize, act: Option<floorline_mobile_sync::store::ActId>) {
        if !self.commit_phone(number) && !self.is(Broken::SaysSavedEarly) {
            return;
        }
        if let (Some(act), Some(phone)) = (act, self.phones.get_mut(number)) {
            phone.saved.insert(act);
            phone.put_away();
        }
        self.handle(number, client::Event::Tick);
    }

    fn code_on(&mut self, item: ItemId) -> String {
        let label = self
            .database
            .tables
            .labels
            .values()
            .find(|held| held.label.target.map(|target| target.id()) == Some(item.0));
        let own = label.map_or_else(|| format!("item:{item}"), |held| held.label.code.to_string());
        match self.chance.u8(0..20) {
            0 => self.scene.revoked.to_string(),
            1 => "nobody knows this".to_owned(),
            2 => self.chance.choice(&self.scene.blanks).map(ToString::to_string).unwrap_or(own),
            _ => own,
        }
    }

    /// What the stage asks for next.
    fn sensible(&mut self, item: &Item) -> Act {
        let done = |key: &str| item.result(&format!("{}.{key}", item.stage)).is_some_and(|record| record.passed);
        let act = |command| Act::new(Operation::Item(command), Some(item.id));
        match (item.status, item.stage.as_str()) {
            (Status::Paused, _) => act(Command::Resume),
            (Status::OnHold, _) => act(note()),
            (_, "prep") if !done("scan") => {
                let raw = self.code_on(item.id);
                act(complete("prep.scan", json!({ "raw": raw })))
            }
            (_, "make") if !done("length") => {
                let value = if self.chance.u8(..) < 25 { 99.0 } else { 10.0 };
                act(complete(
                    "make.length",
                    json!({ "readings": [{ "name": "length", "value": value, "unit": "mm" }] }),
                ))
            }
            (_, "make") if self.chance.u8(..) < 90 => self.photo(item.id),
            (_, "check") if !done("ok") => act(complete("check.ok", json!({ "approved": self.chance.u8(..) < 200 }))),
            (_, "check") if self.chance.u8(..) < 70 => {
                act(Command::Rework { to: "make".to_owned(), reason: "crooked".to_owned() })
            }
            (_, "join") if self.chance.u8(..) < 120 => {
                act(Command::Assemble { component_ids: self.scene.items.get(1).copied().into_iter().collect() })
            }
            _ => act(Command::Advance { to: None }),
        }
    }

    fn photo(&mut self, item: ItemId) -> Act {
        let picture = sha256(&self.chance.u128(..).to_be_bytes());
        let blob = Blob { sha256: picture, size: 1_000, mime: "image/jpeg".to_owned(), role: Some("front".to_owned()) };
        let data = json!({ "photos": [{ "sha256": picture, "angle": "front" }] });
        let command = complete("make.front", data);
        Act { blobs: vec![blob], ..Act::new(Operation::Item(command), Some(item)) }
    }

    /// Anything a thumb can hit.
    fn anything(&mut self, id: ItemId, item: Option<&Item>) -> Act {
        let reason = "so".to_owned();
        let act = |command| Act::new(Operation::Item(command), Some(id));
        match self.chance.u8(0..24) {
            0 => act(Command::Pause),
            1 => act(Command::Resume),
            2 => act(Command::Flag { reason }),
            3 => act(Command::Scrap { reason }),
            4 => act(Command::Hold { reason }),
            5 | 6 => act(Command::Claim),
            7 => act(Command::Advance { to: Some("join".to_owned()) }),
            8 => act(Command::Rework { to: "make".to_owned(), reason }),
            9 => act(Command::Move { location_id: self.scene.bench, site_id: None }),
            10 => act(Command::Move { location_id: self.scene.elsewhere, site_id: None }),
            11 => act(Command::Undo { of: None }),
            12 => act(Command::Undo { of: Some(self.some_entry()) }),
            13 => act(complete("make.length", json!({ "readings": [{ "name": "width" }] }))),
            14 => act(complete("check.form", json!({ "fields": { "lot": "7" } }))),
            15 => act(complete(
                "check.look",
                json!({ "checks": [{ "item": "seam", "passed": true }, { "item": "colour", "passed": true }] }),
            )),
            16 => act(Command::SkipAction { action_id: "make.length".to_owned(), reason }),
            17 => self.claim(id),
            18 => Act::new(
                Operation::ShiftStart { site_id: self.scene.site, location_id: Some(self.scene.bench), team_id: None },
                None,
            ),
            19 => Act::new(Operation::ShiftEnd, None),
            20 | 21 => act(Command::Advance { to: None }),
            22 => act(complete("prep.scan", json!({ "raw": self.scene.revoked.to_string() }))),
            _ => {
                let stage = item.map_or("prep", |item| item.stage.as_str()).to_owned();
                Act { stage: Some(stage), ..act(note()) }
            }
        }
    }

    fn claim(&mut self, item: ItemId) -> Act {
        let code = self.chance.choice(&self.scene.blanks).map(ToString::to_string).unwrap_or_default();
        Act::new(Operation::LabelClaim { code, replace: self.chance.bool() }, Some(item))
    }

    fn some_entry(&mut self) -> EntryKey {
        let keys: Vec<_> = self.database.tables.receipts.keys().copied().collect();
        let (stream_id, seq) = self.chance.choice(keys).unwrap_or((StreamId(uuid::Uuid::nil()), 1));
        EntryKey { stream_id, seq }
    }

    /// A file's upload ends, if there is a way.
    pub(super) fn uploaded(&mut self, number: usize, sha256: Hash) {
        let clear = self.phones.get(number).is_some_and(|phone| phone.air == Air::Clear && phone.client.is_some());
        if !clear || !self.database.up {
            self.note_phone(number, 10_000, PhoneEvent::Uploaded { sha256 });
            return;
        }
        let size = floorline_domain::item::PhotoSize { width: 640, height: 480 };
        self.database.tables.photos.insert(sha256.to_string(), size);
        self.handle(number, client::Event::Uploaded { sha256 });
    }
}

fn note() -> Command {
    Command::AddNote { text: "seen".to_owned() }
}

fn complete(action_id: &str, data: Value) -> Command {
    Command::CompleteAction { action_id: action_id.to_owned(), data, evidence: Vec::new() }
}

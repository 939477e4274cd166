//! One worker with a phone: looks for work at their station, does it step by step, loses the network now and then and goes on working.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use floorline_domain::item::{Command, Item, Status};
use floorline_domain::workflow::Workflow;
use floorline_domain::{ItemId, LocationId, Outcome, WorkflowVersionId};
use floorline_mobile_sync::client::{Act, Notice};
use floorline_mobile_sync::entry::Blob;
use floorline_mobile_sync::native::{NativeError, Phone};
use floorline_mobile_sync::op::Operation;
use floorline_mobile_sync::store::ActId;
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::camera::photograph;
use super::fixtures::{SIGNATURE, photo_of};
use super::moves::{Move, Trade, next, suits, unfinished};
use super::stage_world::{Hand, World};
use super::tally::Tally;

/// How long a phone stays away from the network.
const ABSENCE_S: std::ops::Range<u64> = 5..20;

/// A worker at work.
pub(super) struct Worker {
    trade: Trade,
    site: LocationId,
    phone: Arc<Phone>,
    world: Arc<World>,
    tally: Arc<Tally>,
    workflows: BTreeMap<WorkflowVersionId, Arc<Workflow>>,
    /// Where their shift is.
    place: Option<LocationId>,
    on_shift: bool,
    /// Items to leave alone for a while: someone else has them, or a rule said no.
    avoid: HashMap<ItemId, Instant>,
    offline_until: Option<Instant>,
    /// Acts done while online, for the latency.
    waiting: Arc<std::sync::Mutex<HashMap<ActId, Instant>>>,
    shots: u64,
}

impl Worker {
    pub(super) fn new(hand: &Hand, world: Arc<World>, tally: Arc<Tally>) -> Self {
        Self {
            trade: Trade { roles: hand.roles.clone(), station: hand.station },
            site: hand.site,
            phone: Arc::clone(&hand.phone),
            world,
            tally,
            workflows: BTreeMap::new(),
            place: None,
            on_shift: false,
            avoid: HashMap::new(),
            offline_until: None,
            waiting: Arc::default(),
            shots: 0,
        }
    }

    /// Works until the demonstration is over, then sends what is left.
    pub(super) async fn work(mut self) {
        let listener =
            tokio::spawn(listen(Arc::clone(&self.phone), Arc::clone(&self.waiting), Arc::clone(&self.tally)));
        while !self.tally.is_over() {
            self.come_and_go();
            let pause = match self.step().await {
                Ok(true) => rand::rng().random_range(20..120),
                Ok(false) => rand::rng().random_range(150..400),
                Err(error) => {
                    tracing::warn!(error = %error, "a worker's phone complained");
                    500
                }
            };
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        self.phone.go_online();
        if self.on_shift {
            drop(self.phone.act(Act::new(Operation::ShiftEnd, None)).await);
        }
        drop(tokio::time::timeout(Duration::from_secs(60), self.phone.drained()).await);
        // The last verdicts are told before the listener goes.
        tokio::time::sleep(Duration::from_millis(200)).await;
        listener.abort();
    }

    fn come_and_go(&mut self) {
        match self.offline_until {
            Some(until) if Instant::now() >= until || self.tally.is_calm() => {
                self.offline_until = None;
                self.phone.go_online();
            }
            None if !self.tally.is_calm() && rand::rng().random_bool(0.012) => {
                self.offline_until = Some(Instant::now() + Duration::from_secs(rand::rng().random_range(ABSENCE_S)));
                self.tally.absences.add_one();
                self.phone.go_offline();
            }
            _ => {}
        }
    }

    /// One step on one item; false when there was nothing to do.
    async fn step(&mut self) -> Result<bool, NativeError> {
        let Some((item, step, place)) = self.choose().await? else { return Ok(false) };
        self.be_at(place).await?;
        let done = self.carry_out(&item, step).await?;
        if !done {
            self.avoid.insert(item.id, Instant::now() + Duration::from_millis(1_500));
        }
        Ok(done)
    }

    /// What they would do next: any item that waits where they work, so that two may well reach for the same one.
    async fn choose(&mut self) -> Result<Option<(Item, Move, Option<LocationId>)>, NativeError> {
        let floor = self.phone.floor().await?;
        self.avoid.retain(|_, until| Instant::now() < *until);
        let status: HashMap<ItemId, Status> = floor.items.iter().map(|seen| (seen.item.id, seen.item.status)).collect();
        let mut found = Vec::new();
        for seen in &floor.items {
            let item = &seen.item;
            if self.avoid.contains_key(&item.id) || seen.marks.iter().any(|mark| mark.conflict.is_some()) {
                continue;
            }
            let Some(workflow) = self.workflow(item.workflow_version_id).await? else { continue };
            let Some(stage) = workflow.stage(&item.stage) else { continue };
            let Some(place) = suits(&self.trade, item, stage) else { continue };
            let ready =
                self.world.components.get(&item.id).map(|parts| unfinished(parts, |id| status.get(&id).copied()) == 0);
            if let Some(step) = next(&self.trade, item, &workflow, ready, self.tally.luck()) {
                // A hard gate opens when its photos have arrived; without a network they do not.
                let gated = stage.hard_gate && matches!(step, Move::Go(Command::Advance { .. }));
                if !gated || (self.offline_until.is_none() && self.phone.standing().await?.photos == 0) {
                    found.push((item.clone(), step, place));
                }
            }
        }
        // What is begun is finished first.
        let begun: Vec<_> = found
            .iter()
            .filter(|(item, ..)| !item.progress.results.is_empty() && item.result_count_here() > 0)
            .cloned()
            .collect();
        let pool = if begun.is_empty() || rand::rng().random_bool(0.2) { &found } else { &begun };
        Ok(pool.choose(&mut rand::rng()).cloned())
    }

    async fn workflow(&mut self, id: WorkflowVersionId) -> Result<Option<Arc<Workflow>>, NativeError> {
        if let Some(known) = self.workflows.get(&id) {
            return Ok(Some(Arc::clone(known)));
        }
        let Some(workflow) = self.phone.workflow(id).await? else { return Ok(None) };
        let workflow = Arc::new(workflow);
        self.workflows.insert(id, Arc::clone(&workflow));
        Ok(Some(workflow))
    }

    /// Starts a shift at the place the work is at, once.
    async fn be_at(&mut self, place: Option<LocationId>) -> Result<(), NativeError> {
        if self.on_shift && (place.is_none() || place == self.place) {
            return Ok(());
        }
        let op = Operation::ShiftStart { site_id: self.site, location_id: place, team_id: None };
        self.act(Act::new(op, None)).await?;
        (self.on_shift, self.place) = (true, place);
        Ok(())
    }

    async fn carry_out(&mut self, item: &Item, step: Move) -> Result<bool, NativeError> {
        match step {
            Move::Scan { action_id, component } => {
                let label_of = if component {
                    self.world.components.get(&item.id).and_then(|parts| parts.first().copied())
                } else {
                    Some(item.id)
                };
                let Some(raw) = self.read_label(label_of.unwrap_or(item.id)).await else { return Ok(false) };
                if rand::rng().random_bool(0.05) {
                    self.scan_only(&raw).await?;
                }
                self.complete(item, action_id, json!({ "raw": raw }), Vec::new()).await
            }
            Move::Photos { action_id, angles } => {
                let mut blobs = Vec::new();
                for angle in &angles {
                    let Some(blob) = self.take_photo(item, angle).await? else { return Ok(false) };
                    blobs.push(blob);
                }
                let photos: Vec<Value> = blobs
                    .iter()
                    .zip(&angles)
                    .map(|(blob, angle)| json!({ "sha256": blob.sha256, "angle": angle }))
                    .collect();
                self.complete(item, action_id, json!({ "photos": photos }), blobs).await
            }
            Move::Sign { action_id } => {
                let blob = self.phone.keep_photo(SIGNATURE.to_vec(), "image/png", Some("signature".into())).await?;
                let data = json!({ "sha256": blob.sha256, "name": "Signed on the phone" });
                self.complete(item, action_id, data, vec![blob]).await
            }
            Move::Fill { action_id, data } => self.complete(item, action_id, data, Vec::new()).await,
            Move::Assemble => {
                let component_ids = self.world.components.get(&item.id).cloned().unwrap_or_default();
                self.act(Act::new(Operation::Item(Command::Assemble { component_ids }), Some(item.id))).await
            }
            Move::Go(command) => self.act(Act::new(Operation::Item(command), Some(item.id))).await,
        }
    }

    async fn complete(
        &self,
        item: &Item,
        action_id: String,
        data: Value,
        blobs: Vec<Blob>,
    ) -> Result<bool, NativeError> {
        let evidence = Vec::new();
        let op = Operation::Item(Command::CompleteAction { action_id, data, evidence });
        self.act(Act { blobs, ..Act::new(op, Some(item.id)) }).await
    }

    /// Saves an act; false when the phone itself says no.
    async fn act(&self, act: Act) -> Result<bool, NativeError> {
        let began = Instant::now();
        match self.phone.act(act).await {
            Ok(id) => {
                if self.offline_until.is_none() {
                    self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(id, began);
                }
                Ok(true)
            }
            Err(NativeError::Refused(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn scan_only(&self, raw: &str) -> Result<(), NativeError> {
        match self.phone.scan(raw).await {
            Ok(_) | Err(NativeError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Photographs the label on an item and decodes the picture.
    async fn read_label(&self, item: ItemId) -> Option<String> {
        let (world, tally) = (Arc::clone(&self.world), Arc::clone(&self.tally));
        let read = tokio::task::spawn_blocking(move || {
            let text = world.labels.get(&item).and_then(|label| photograph(label));
            if text.is_none() {
                tally.misread.add_one();
            }
            text
        });
        read.await.ok().flatten()
    }

    async fn take_photo(&mut self, item: &Item, angle: &str) -> Result<Option<Blob>, NativeError> {
        let things = ["jacket", "frame", "backpack_load", "parcel", "frame_case"];
        let Some(photo) = things.iter().find_map(|thing| photo_of(thing, angle)).or_else(|| photo_of("parcel", angle))
        else {
            return Ok(None);
        };
        self.shots += 1;
        let bytes = photo.taken(&format!("{} {} {}", item.code, self.phone.device_id(), self.shots));
        self.phone.keep_photo(bytes, "image/jpeg", Some(angle.to_owned())).await.map(Some)
    }
}

/// How many results of the present stage and visit an item has.
trait Begun {
    fn result_count_here(&self) -> usize;
}

impl Begun for Item {
    fn result_count_here(&self) -> usize {
        let prefix = format!("{}.", self.stage);
        self.progress
            .results
            .iter()
            .filter(|(id, record)| id.starts_with(&prefix) && record.visit == self.visit())
            .count()
    }
}

/// Counts verdicts as they come.
async fn listen(phone: Arc<Phone>, waiting: Arc<std::sync::Mutex<HashMap<ActId, Instant>>>, tally: Arc<Tally>) {
    let mut notices = phone.events();
    loop {
        match notices.recv().await {
            Ok(Notice::Settled { act, verdict, .. }) => {
                let began = waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&act);
                let latency = began.map(|began| began.elapsed()).filter(|_| verdict.outcome != Outcome::Pruned);
                let word = verdict
                    .reason
                    .map_or_else(|| verdict.outcome.to_string(), |reason| format!("{}:{reason}", verdict.outcome));
                tally.settled(word, latency);
            }
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

//! An export on its way into the engine, the leases and the photos.

use std::time::Duration;

use actix_web::web::Payload;
use chrono::{DateTime, TimeDelta, Utc};
use floorline_domain::DeviceId;
use floorline_domain::refusal::Outcome;
use floorline_mobile_sync::chain;
use floorline_mobile_sync::limits::BATCH_BYTES;
use floorline_mobile_sync::verdict::Verdict;
use floorline_mobile_sync::wire::Raw;
use serde_json::json;

use super::batch::Batch;
use super::lines::{Entry, File, Line, Lines};
use super::{HandedIn, RefusedPhoto};
use crate::app::App;
use crate::floor::engine::{ClockOffset, DeviceSubmit, Submitted};
use crate::floor::sync::{leases, store};
use crate::identity::audit;
use crate::photos;
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::{Identity, TenantTx};

/// What stands in a photo's line beside its bytes.
const AROUND_BYTES: usize = 4096;
/// How far off the phone's clock may be: nothing is known of it.
const UNCERTAINTY: TimeDelta = TimeDelta::days(1);
/// How often a batch is offered before whoever hands it in is asked to do it later.
const TRIES: usize = 8;

/// One export, of which some lines are taken.
pub(super) struct HandingIn<'a> {
    app: &'a App,
    by: &'a Identity,
    device: DeviceId,
    now: DateTime<Utc>,
    longest: usize,
    leases: Vec<String>,
    batch: Option<Batch>,
    taken: HandedIn,
}

impl<'a> HandingIn<'a> {
    pub(super) async fn begin(
        app: &'a App,
        by: &'a Identity,
        device: DeviceId,
        now: DateTime<Utc>,
    ) -> Result<Self, ApiError> {
        let mut tx = TenantTx::open(&app.db, by.org_id).await?;
        let known = store::find_device(&mut tx, device).await?;
        tx.commit().await?;
        known.ok_or_else(|| ApiError::not_found("device"))?;
        // A photo above the organisation's own limit is refused by itself: what comes after it is not.
        let longest = usize::try_from(photos::largest(&app.limits)).unwrap_or(usize::MAX).saturating_mul(4) / 3;
        let longest = longest.saturating_add(AROUND_BYTES);
        Ok(Self { app, by, device, now, longest, leases: Vec::new(), batch: None, taken: HandedIn::default() })
    }

    /// Takes all lines of `body`; what stands before a fault stays.
    pub(super) async fn take(&mut self, body: Payload) -> Result<HandedIn, ApiError> {
        let read = self.read(Lines::of(body, self.longest)).await;
        self.submit().await?;
        read.map(|()| self.taken.clone())
    }

    async fn read(&mut self, mut lines: Lines) -> Result<(), ApiError> {
        let head = lines.head().await?;
        if head.kind != "floorline.unsent" || head.version != 1 {
            return Err(lines.bad("it is no export that this server can read"));
        }
        if head.device_id != Some(self.device) {
            let detail = "This was taken off another phone.";
            return Err(ApiError::new(Code::StateConflict, detail).with(json!({ "device_id": head.device_id })));
        }
        while let Some(line) = lines.next().await? {
            match line {
                Line::Lease(lease) => self.leases.push(lease.lease),
                Line::Entry(entry) => self.entry(entry, &lines).await?,
                Line::File(file) => self.file(file, &lines).await?,
                Line::Unknown => {}
            }
        }
        Ok(())
    }

    /// Writes down who handed in what, if there was anything.
    pub(super) async fn end(&self) -> Result<(), ApiError> {
        if self.taken == HandedIn::default() {
            return Ok(());
        }
        let mut tx = TenantTx::open(&self.app.db, self.by.org_id).await?;
        let detail = json!({ "device_id": self.device, "handed_in": self.taken });
        audit::append(&mut tx, Some(self.by.user_id), "device.unsent_handed_in", detail, self.now).await?;
        tx.commit().await
    }

    async fn entry(&mut self, entry: Entry, lines: &Lines) -> Result<(), ApiError> {
        if entry.entry.bytes().len() > BATCH_BYTES {
            return Err(lines.bad("no entry is that large"));
        }
        if !self.batch.as_ref().is_some_and(|batch| batch.goes_on(&entry)) {
            self.submit().await?;
        }
        let batch = self.batch.get_or_insert_with(|| Batch::before(&entry));
        if !batch.push(entry) {
            return Err(lines.bad("it was damaged on its way: the hashes do not fit"));
        }
        Ok(())
    }

    async fn file(&mut self, file: File, lines: &Lines) -> Result<(), ApiError> {
        if chain::sha256(&file.bytes) != file.sha256 {
            return Err(lines.bad("it was damaged on its way: the photo does not hash to its name"));
        }
        self.submit().await?;
        match photos::keep(self.app, self.by, file.sha256, &file.mime, file.bytes, self.now).await {
            Ok(photos::Kept::New) => self.taken.photos += 1,
            Ok(photos::Kept::Known) => self.taken.photos_known += 1,
            Err(error) if error.code().retryable() => return Err(error),
            // It will never be taken; those after it are.
            Err(error) => {
                let refused = RefusedPhoto { sha256: file.sha256.to_string(), detail: error.detail().to_owned() };
                self.taken.photos_refused.push(refused);
            }
        }
        Ok(())
    }

    /// Has the batch decided, if there is one.
    async fn submit(&mut self) -> Result<(), ApiError> {
        let Some(mut batch) = self.batch.take() else { return Ok(()) };
        let mut submit = self.prepare(&batch).await?;
        let mut tries = 0;
        while !batch.entries.is_empty() {
            (submit.first_seq, submit.entries, submit.hashes) =
                (batch.first_seq, batch.entries.clone(), batch.hashes.clone());
            match self.app.engine.submit(submit.clone()).await {
                Submitted::Result { upto_seq, results } => {
                    self.count(&results)?;
                    batch.leave(upto_seq);
                }
                Submitted::Retry { after_ms, .. } if tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(Duration::from_millis(after_ms)).await;
                }
                Submitted::Retry { .. } => {
                    return Err(ApiError::busy("Not everything is decided yet; hand it in again."));
                }
                Submitted::Gap { expect_seq } => return Err(missing(expect_seq)),
                Submitted::Unknown => {
                    return Err(ApiError::new(Code::StateConflict, "What is in it was done on another phone."));
                }
                Submitted::Stale | Submitted::Sealed => return Err(sealed()),
            }
        }
        Ok(())
    }

    /// Keeps the leases, and looks whether the batch is what the stream goes on with: a submit that is not would seal it under the phone.
    async fn prepare(&mut self, batch: &Batch) -> Result<DeviceSubmit, ApiError> {
        let mut tx = TenantTx::open(&self.app.db, self.by.org_id).await?;
        let device = store::find_device(&mut tx, self.device).await?.ok_or_else(|| ApiError::not_found("device"))?;
        if device.state == "pending" {
            return Err(ApiError::new(Code::DevicePending, "This phone waits for approval."));
        }
        leases::accept(&mut tx, &self.app.keys, self.device, &self.leases).await?;
        let fenced = device.state == "revoked";
        store::make_stream(&mut tx, batch.stream, (self.device, device.site()), fenced, self.now).await?;
        let stream = store::find_stream(&mut tx, batch.stream).await?.ok_or_else(sealed)?;
        if stream.sealed {
            return Err(sealed());
        }
        let known = batch.seqs().filter(|seq| *seq <= stream.last_seq).count();
        self.taken.known += i64::try_from(known).map_err(ApiError::internal)?;
        if batch.first_seq > stream.last_seq + 1 {
            return Err(missing(stream.last_seq + 1));
        }
        if !batch.continues(&mut tx, &stream).await? {
            let detail = "The server remembers something else of this phone at that place: only the phone itself can hand this in.";
            return Err(ApiError::new(Code::StateConflict, detail).with(json!({ "seq": batch.first_seq })));
        }
        tx.commit().await?;
        self.leases.clear();
        Ok(DeviceSubmit {
            org: self.by.org_id,
            site: device.site(),
            stream_id: batch.stream,
            device_id: self.device,
            session: None,
            user: self.by.user_id,
            clock: ClockOffset { offset_ms: 0, uncertainty_ms: UNCERTAINTY.num_milliseconds() },
            first_seq: batch.first_seq,
            entries: Vec::new(),
            hashes: Vec::new(),
        })
    }

    fn count(&mut self, results: &[Raw]) -> Result<(), ApiError> {
        for verdict in results {
            let verdict: Verdict = verdict.read().map_err(ApiError::internal)?;
            let taken = &mut self.taken;
            taken.entries += 1;
            *match verdict.outcome {
                Outcome::Applied => &mut taken.applied,
                Outcome::Noop => &mut taken.noop,
                Outcome::Rejected => &mut taken.rejected,
                Outcome::Parked => &mut taken.parked,
                Outcome::Pruned => &mut taken.pruned,
            } += 1;
        }
        Ok(())
    }
}

fn missing(expect_seq: i64) -> ApiError {
    let detail = "Something that was done before is not in it, and has not come here: hand that in first.";
    ApiError::new(Code::StateConflict, detail).with(json!({ "expect_seq": expect_seq }))
}

fn sealed() -> ApiError {
    ApiError::new(Code::StateConflict, "The phone hands its work in elsewhere by now: this export is out of date.")
}

//! A welcomed socket: waits for whatever happens next, lets [`Session`] say what follows, and does it.
//!
//! One task, no second one for writing: frames wait in [`Outbound`], feed events wait in the hub until there is room for them, and slow
//! work (the engine, the database) runs beside the reading.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_ws::{Message, ProtocolError};
use chrono::{DateTime, TimeDelta, Utc};
use floorline_domain::StreamId;
use floorline_mobile_sync::wire::{
    ClientFrame, Close, Goaway, Ping, Pong, Retry, Revoked, SealReason, ServerFrame, Submit, Topic,
};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use tracing::{Instrument as _, Span};

use super::check::{self, Checked};
use super::core::{ResultsPage, Session, Step};
use super::following::{Following, Missing};
use super::fragments::{Fragments, Heard};
use super::hello::{Phone, Welcomed};
use super::outbound::{Frame, Outbound};
use super::presence::Arrival;
use super::socket::{Ending, Line};
use super::sockets::{Order, Seat};
use super::store;
use crate::app::App;
use crate::floor::engine::{DeviceSubmit, Submitted};
use crate::identity;
use crate::platform::http::ApiError;
use crate::platform::realtime::Range;
use crate::platform::telemetry::spans;
use crate::platform::tenancy::TenantTx;

/// Between two looks at the clock.
const TICK: Duration = Duration::from_secs(5);

/// See the module.
pub(super) struct Conversation {
    app: App,
    asker: identity::Session,
    phone: Option<Phone>,
    session: Session,
    number: i64,
    server_epoch: String,
    following: Following,
    seat: Seat,
    outbound: Outbound,
    fragments: Fragments,
    work: FuturesUnordered<LocalBoxFuture<'static, Done>>,
    begun: Instant,
    checked: Instant,
    checking: bool,
    acked: i64,
    leaving: bool,
}

/// Work that ended.
enum Done {
    Submitted(Submitted, Span),
    Page(i64, Option<ResultsPage>),
    Sealed(bool),
    Log(Topic, Result<Option<Vec<Arc<Range>>>, ApiError>),
    /// And what it was to store as acknowledged.
    Checked(Checked, Option<i64>),
}

enum Event {
    Came(Option<Result<Message, ProtocolError>>),
    Flushed(bool),
    Done(Done),
    Fed,
    Ordered(Order),
    Draining,
    Tick,
}

impl Conversation {
    /// Queues the welcome, and the lease if there is one.
    pub(super) fn start(
        app: App,
        asker: identity::Session,
        welcomed: Welcomed,
        following: Following,
        seat: Seat,
    ) -> Result<Self, serde_json::Error> {
        let Welcomed { welcome, phone, identity, writing, lease, .. } = welcomed;
        if let (Some(phone), Some(identity)) = (&phone, &identity) {
            let Phone { device, site, .. } = *phone;
            let arrival =
                Arrival { device, seat: seat.id(), org: asker.org, site, user: asker.user, name: &identity.name };
            app.sockets.presence().arrived(arrival, Utc::now());
        }
        let (number, server_epoch) = (welcome.session, welcome.server_epoch.clone());
        let acked = writing.as_ref().map_or(0, |writing| writing.acked_seq);
        let mut outbound = Outbound::default();
        outbound.push(ServerFrame::Welcome(welcome).text()?.into());
        if let Some(lease) = lease {
            outbound.push(ServerFrame::Lease(lease).text()?.into());
        }
        Ok(Self {
            app,
            asker,
            phone,
            session: Session::new(number, writing),
            number,
            server_epoch,
            following,
            seat,
            outbound,
            fragments: Fragments::default(),
            work: FuturesUnordered::new(),
            begun: Instant::now(),
            checked: Instant::now(),
            checking: false,
            acked,
            leaving: false,
        })
    }

    /// Until the end; `None` when the peer is gone already.
    pub(super) async fn run(mut self, line: &mut Line) -> Option<Ending> {
        let mut ticks = tokio::time::interval(TICK.min(self.app.sockets.check_every()));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let ending = loop {
            if let Err(error) = self.pump() {
                break Some(ApiError::internal(error).into());
            }
            if self.outbound.is_flooded() {
                break Some(Close::Slow.into());
            }
            if self.leaving && self.work.is_empty() && self.outbound.is_empty() {
                break Some(Close::Draining.into());
            }
            let event = self.next(line, &mut ticks).await;
            match self.react(event) {
                Ok(()) => {}
                Err(ending) => break ending,
            }
        };
        self.finish(line, ending.is_some()).await;
        ending
    }

    async fn next(&mut self, line: &mut Line, ticks: &mut tokio::time::Interval) -> Event {
        let front = self.outbound.front();
        let draining = self.app.draining.clone();
        let Line { ws, stream } = line;
        tokio::select! {
            came = stream.recv() => Event::Came(came),
            flushed = transmit(ws, front), if !self.outbound.is_empty() => Event::Flushed(flushed),
            Some(done) = self.work.next(), if !self.work.is_empty() => Event::Done(done),
            () = self.following.changed() => Event::Fed,
            order = self.seat.order() => Event::Ordered(order),
            () = draining.cancelled(), if !self.leaving => Event::Draining,
            _ = ticks.tick() => Event::Tick,
        }
    }

    /// What an event leads to; an error is the end.
    fn react(&mut self, event: Event) -> Result<(), Option<Ending>> {
        match event {
            Event::Came(None | Some(Err(ProtocolError::Io(_)))) => Err(None),
            Event::Came(Some(Err(_))) => Err(Some(Close::BadFrame.into())),
            Event::Came(Some(Ok(message))) => self.hear(message),
            Event::Flushed(true) => {
                self.outbound.sent();
                Ok(())
            }
            Event::Flushed(false) => Err(None),
            Event::Done(done) => self.settle(done),
            Event::Fed => Ok(()),
            Event::Ordered(Order::Replaced) => Err(Some(Close::Replaced.into())),
            Event::Ordered(Order::Check) => {
                self.check();
                Ok(())
            }
            Event::Draining => {
                self.leaving = true;
                let jitter_ms = self.app.limits.jitter_ms;
                self.queue(&ServerFrame::Goaway(Goaway { jitter_ms, reason: "DEPLOY".into() }))
            }
            Event::Tick => self.tick(),
        }
    }

    fn hear(&mut self, message: Message) -> Result<(), Option<Ending>> {
        self.session.heard(self.begun.elapsed());
        let text = match self.fragments.take(message) {
            Heard::Text(text) => text,
            // Queued like all else: a peer that reads nothing must not hold the conversation up.
            Heard::Ping(bytes) => {
                self.outbound.pong(bytes.into());
                return Ok(());
            }
            Heard::Sign => return Ok(()),
            Heard::Closed => return Err(None),
            Heard::Bad => return Err(Some(Close::BadFrame.into())),
        };
        let frame = ClientFrame::parse(&text).map_err(|error| {
            tracing::debug!(error = %error, "frame refused");
            Some(Close::BadFrame.into())
        })?;
        match self.session.frame(frame) {
            Some(step) => self.take(step),
            None => Ok(()),
        }
    }

    /// Does what the session says.
    fn take(&mut self, step: Step) -> Result<(), Option<Ending>> {
        match step {
            Step::Send(frame) => self.queue(&frame),
            Step::Submit(submit) => self.submit(submit),
            Step::ReadResults { after } => {
                self.read_results(after);
                Ok(())
            }
            Step::Seal(reason) => {
                self.seal(reason);
                Ok(())
            }
            Step::Report(at) => match self.following.report(&at) {
                Some(frame) => self.queue(&frame),
                None => Ok(()),
            },
            Step::Pong(ping) => self.pong(&ping),
            Step::Close(close) => Err(Some(close.into())),
        }
    }

    fn queue(&mut self, frame: &ServerFrame) -> Result<(), Option<Ending>> {
        let text = frame.text().map_err(|error| Some(ApiError::internal(error).into()))?;
        self.outbound.push(text.into());
        Ok(())
    }

    fn submit(&mut self, submit: Submit) -> Result<(), Option<Ending>> {
        let Some(phone) = self.phone else { return Err(Some(Close::BadFrame.into())) };
        if self.leaving {
            let after_ms = self.app.limits.jitter_ms;
            return self.queue(&ServerFrame::Retry(Retry {
                from_seq: submit.first_seq,
                reason: "DRAINING".into(),
                after_ms,
            }));
        }
        let traceparent = submit.traceparent.as_deref();
        let span = spans::submit(self.asker.org, phone.stream, submit.entries.len(), traceparent);
        let batch = batch(self.asker, phone, Some(self.number), submit);
        let engine = self.app.engine.clone();
        self.work.push(Box::pin(async move {
            let submitted = engine.submit(batch).instrument(span.clone()).await;
            Done::Submitted(submitted, span)
        }));
        Ok(())
    }

    fn read_results(&mut self, after: i64) {
        let Some(phone) = self.phone else { return };
        let (app, org) = (self.app.clone(), self.asker.org);
        self.work.push(Box::pin(async move {
            let page = async {
                let mut tx = TenantTx::open(&app.db, org).await?;
                let Some(stream) = store::find_stream(&mut tx, phone.stream).await? else {
                    return Err(ApiError::not_found("stream"));
                };
                let page = store::results_page(&mut tx, phone.stream, after, stream.last_seq).await?;
                tx.commit().await?;
                Ok(page)
            };
            Done::Page(after, page.await.ok())
        }));
    }

    fn seal(&mut self, reason: SealReason) {
        let Some(phone) = self.phone else { return };
        let (app, org) = (self.app.clone(), self.asker.org);
        self.work.push(Box::pin(async move {
            let sealed = async {
                let mut tx = TenantTx::open(&app.db, org).await?;
                store::seal(&mut tx, phone.stream).await?;
                tx.commit().await
            };
            let stored = sealed.await.is_ok();
            tracing::warn!(stream.id = %phone.stream, device.id = %phone.device, reason = ?reason, stored, "stream sealed by its device");
            Done::Sealed(stored)
        }));
    }

    fn pong(&mut self, ping: &Ping) -> Result<(), Option<Ending>> {
        let now = Utc::now();
        if let (Some(phone), Some(outbox)) = (self.phone, ping.outbox) {
            let oldest_at = outbox.oldest_time.and_then(|time| server_time(time, &phone, now));
            self.app.sockets.presence().told(phone.device, outbox.count, oldest_at, now);
        }
        self.queue(&ServerFrame::Pong(Pong { n: ping.n, server_time: Some(now.timestamp_millis()) }))
    }

    /// Moves feed events into the outbound queue, and has the log read where the window does not reach.
    fn pump(&mut self) -> Result<(), serde_json::Error> {
        for missing in self.following.pump(&mut self.outbound)? {
            self.read_log(&missing);
        }
        Ok(())
    }

    fn read_log(&mut self, missing: &Missing) {
        if let Some(reading) = self.following.read(missing) {
            let topic = missing.topic;
            self.work.push(Box::pin(async move { Done::Log(topic, reading.await) }));
        }
    }

    fn tick(&mut self) -> Result<(), Option<Ending>> {
        if self.checked.elapsed() >= self.app.sockets.check_every() {
            self.check();
        }
        match self.session.tick(self.begun.elapsed()) {
            Some(step) => self.take(step),
            None => Ok(()),
        }
    }

    /// Looks again at who this is and what they may; the answer comes as [`Done::Checked`].
    fn check(&mut self) {
        self.checked = Instant::now();
        if self.checking {
            return;
        }
        self.checking = true;
        let acked = self.session.acked_seq().filter(|acked| *acked > self.acked);
        let asked = check::Asked {
            phone: self.phone.map(|phone| (phone, self.number)),
            server_epoch: self.server_epoch.clone(),
            feeds: self.following.asked(),
            denied: self.following.denied(),
            acked,
        };
        let work = check::look(self.app.clone(), self.asker, asked);
        self.work.push(Box::pin(async move { Done::Checked(work.await, acked) }));
    }

    fn settle(&mut self, done: Done) -> Result<(), Option<Ending>> {
        match done {
            Done::Submitted(submitted, span) => {
                self.session.submitted(submitted).into_iter().try_for_each(|step| self.take(step))?;
                self.outbound.ends(span);
                Ok(())
            }
            Done::Page(after, page) => {
                let step = self.session.page(after, page);
                self.take(step)
            }
            Done::Sealed(stored) => {
                let step = self.session.sealed(stored);
                self.take(step)
            }
            Done::Log(topic, page) => match self.following.page(topic, page) {
                Some(frame) => self.queue(&frame),
                None => Ok(()),
            },
            Done::Checked(checked, acked) => {
                self.checking = false;
                if matches!(checked, Checked::Still { .. }) {
                    self.acked = acked.unwrap_or(self.acked);
                }
                self.checked(checked)
            }
        }
    }

    fn checked(&mut self, checked: Checked) -> Result<(), Option<Ending>> {
        match checked {
            Checked::Unknown => Ok(()),
            Checked::Still { lost, gained } => {
                let lost = lost.into_iter().filter_map(|topic| self.following.deny(topic)).collect::<Vec<_>>();
                let gained =
                    gained.into_iter().filter_map(|(scoped, follower)| self.following.allow(&scoped, follower));
                let frames: Vec<ServerFrame> = lost.into_iter().chain(gained).collect();
                frames.iter().try_for_each(|frame| self.queue(frame))
            }
            Checked::Over(close) => {
                if close == Close::Revoked {
                    self.queue(&ServerFrame::Revoked(Revoked { reason: "DEVICE_REVOKED".into() }))?;
                }
                Err(Some(close.into()))
            }
        }
    }

    /// Sends what is queued (a `revoked`, a last result), remembers what the device acknowledged, and leaves the board.
    async fn finish(&mut self, line: &mut Line, reachable: bool) {
        let reachable = reachable && !self.outbound.is_flooded();
        let flush = async {
            while let Some(frame) = self.outbound.front() {
                if !transmit(&mut line.ws, Some(frame)).await {
                    return;
                }
                self.outbound.sent();
            }
        };
        if reachable {
            let _ = tokio::time::timeout(Duration::from_secs(1), flush).await;
        }
        let Some(phone) = self.phone else { return };
        self.app.sockets.presence().left(phone.device, self.seat.id(), Utc::now());
        if let Some(acked) = self.session.acked_seq().filter(|acked| *acked > self.acked)
            && let Err(error) = remember(&self.app, self.asker, phone.stream, acked).await
        {
            // The next hello says it again.
            tracing::debug!(stream.id = %phone.stream, error = %error, "acknowledgement not stored");
        }
    }
}

/// Hands a frame to the socket; false when that is gone.
async fn transmit(ws: &mut actix_ws::Session, frame: Option<Frame>) -> bool {
    match frame {
        Some(Frame::Text(text)) => ws.text(text).await.is_ok(),
        Some(Frame::Pong(bytes)) => ws.pong(&bytes).await.is_ok(),
        None => true,
    }
}

async fn remember(app: &App, asker: identity::Session, stream: StreamId, acked: i64) -> Result<(), ApiError> {
    let mut tx = TenantTx::open(&app.db, asker.org).await?;
    store::set_acked(&mut tx, stream, acked).await?;
    tx.commit().await
}

/// A submit as the engine takes it.
pub(super) fn batch(asker: identity::Session, phone: Phone, session: Option<i64>, submit: Submit) -> DeviceSubmit {
    DeviceSubmit {
        org: asker.org,
        site: phone.site,
        stream_id: phone.stream,
        device_id: phone.device,
        session,
        user: asker.user,
        clock: phone.clock,
        first_seq: submit.first_seq,
        entries: submit.entries,
        hashes: submit.hashes,
    }
}

/// A moment of the device's clock by the server's; nonsense and the future become now.
fn server_time(device_time: i64, phone: &Phone, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let time = DateTime::from_timestamp_millis(device_time)?;
    let offset = TimeDelta::try_milliseconds(phone.clock.offset_ms)?;
    time.checked_add_signed(offset).map(|time| time.min(now))
}

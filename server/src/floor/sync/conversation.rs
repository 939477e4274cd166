//! A welcomed socket: waits for whatever happens next, lets [`Session`] say what follows, and does it.
//!
//! One task, no second one for writing: frames wait in [`Outbound`], feed events wait in the hub until there is room for them, and slow
//! work (the engine, the database) runs beside the reading.

mod work;

use std::time::{Duration, Instant};

use actix_ws::{Message, ProtocolError};
use chrono::{DateTime, TimeDelta, Utc};
use floorline_domain::json;
use floorline_mobile_sync::wire::{ClientFrame, Close, Goaway, Ping, Pong, ServerFrame};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;

pub(super) use self::work::batch;
use self::work::{Done, remember};
use super::core::{Session, Step};
use super::following::Following;
use super::fragments::{Fragments, Heard};
use super::hello::{Phone, Welcomed};
use super::outbound::{Frame, Outbound};
use super::presence::Arrival;
use super::socket::{Ending, Line};
use super::sockets::{Order, Seat};
use crate::app::App;
use crate::identity;
use crate::platform::http::ApiError;

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
    ) -> Result<Self, json::Error> {
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

    fn pong(&mut self, ping: &Ping) -> Result<(), Option<Ending>> {
        let now = Utc::now();
        if let (Some(phone), Some(outbox)) = (self.phone, ping.outbox) {
            let oldest_at = outbox.oldest_time.and_then(|time| server_time(time, &phone, now));
            self.app.sockets.presence().told(phone.device, outbox.count, oldest_at, now);
        }
        self.queue(&ServerFrame::Pong(Pong { n: ping.n, server_time: Some(now.timestamp_millis()) }))
    }

    /// Moves feed events into the outbound queue, and has the log read where the window does not reach.
    fn pump(&mut self) -> Result<(), json::Error> {
        for missing in self.following.pump(&mut self.outbound)? {
            self.read_log(&missing);
        }
        Ok(())
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

/// A moment of the device's clock by the server's; nonsense and the future become now.
fn server_time(device_time: i64, phone: &Phone, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let time = DateTime::from_timestamp_millis(device_time)?;
    let offset = TimeDelta::try_milliseconds(phone.clock.offset_ms)?;
    time.checked_add_signed(offset).map(|time| time.min(now))
}

//! One thread per device: it alone touches the core and the database.
//!
//! Everything that has queued up is handled, then committed once, and only then are answers given and effects handed on.
//! So many acts at once cost one write to disk, and "saved" is never said too early.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::{broadcast, mpsc, oneshot};

use super::error::NativeError;
use super::sqlite::SqliteStore;
use super::{random, wall_clock_ms};
use crate::client::{Client, Config, Effect, Event, Notice};
use crate::session::{Now, Session};
use crate::store::{ActId, Store, StoreError};
use crate::verdict::Verdict;
use crate::wire::{ClientFrame, Hello};

/// Asks handled before one commit.
const GROUP: usize = 256;

/// Told whether the group was committed.
pub(super) type After = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Runs against the core; false when storage failed in between.
pub(super) type Work = Box<dyn FnOnce(&mut Client, &mut SqliteStore, Now) -> (After, bool) + Send>;

/// What the thread is asked.
pub(super) enum Ask {
    Give(Event),
    Do(Work),
    /// Answers once the act has a verdict.
    Verdict(ActId, oneshot::Sender<Verdict>),
    /// Answers once nothing is unsent.
    Drained(oneshot::Sender<()>),
    Stop,
}

/// What the thread hands to the network.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) effect: Effect,
    /// What a request over HTTP says first.
    pub(super) hello: Option<Box<Hello>>,
}

pub(super) struct Worker {
    pub(super) config: Config,
    pub(super) client: Client,
    pub(super) store: SqliteStore,
    pub(super) asks: Receiver<Ask>,
    pub(super) network: mpsc::UnboundedSender<Outgoing>,
    pub(super) notices: broadcast::Sender<Notice>,
    /// The present connection is HTTP only.
    pub(super) over_http: Arc<AtomicBool>,
    pub(super) started: Instant,
    /// Milliseconds the device's wall clock is off.
    pub(super) clock_off_ms: i64,
    /// For opening the core again after storage failed.
    pub(super) session: Option<Session>,
    pub(super) online: bool,
    pub(super) verdicts: BTreeMap<ActId, Vec<oneshot::Sender<Verdict>>>,
    pub(super) drained: Vec<oneshot::Sender<()>>,
}

impl Worker {
    pub(super) fn run(mut self) {
        loop {
            let first = match self.wait() {
                Ok(ask) => Some(ask),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let mut group: Vec<Ask> = first.into_iter().collect();
            while group.len() < GROUP
                && let Ok(ask) = self.asks.try_recv()
            {
                group.push(ask);
            }
            let stop = group.iter().any(|ask| matches!(ask, Ask::Stop));
            self.handle(group);
            if stop {
                return;
            }
        }
    }

    fn wait(&self) -> Result<Ask, RecvTimeoutError> {
        match self.client.wake_at() {
            None => self.asks.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => {
                let ms = u64::try_from(at.saturating_sub(self.now().monotonic)).unwrap_or_default();
                self.asks.recv_timeout(Duration::from_millis(ms))
            }
        }
    }

    fn now(&self) -> Now {
        let monotonic = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        Now { time: wall_clock_ms().saturating_add(self.clock_off_ms), monotonic }
    }

    /// Handles a group, commits it, and only then lets anyone know.
    fn handle(&mut self, group: Vec<Ask>) {
        let (mut effects, mut answers) = (Vec::new(), Vec::new());
        let mut outcome = Ok(());
        for ask in group {
            let now = self.now();
            match ask {
                Ask::Give(event) => {
                    self.note(&event);
                    match self.client.handle(event, now, &mut self.store) {
                        Ok(more) => effects.extend(more),
                        Err(error) => outcome = Err(error),
                    }
                }
                Ask::Do(work) => {
                    let (after, sound) = work(&mut self.client, &mut self.store, now);
                    answers.push(after);
                    if !sound {
                        outcome = Err(StoreError("an earlier change of the group failed".to_owned()));
                    }
                }
                Ask::Verdict(act, answer) => self.verdicts.entry(act).or_default().push(answer),
                Ask::Drained(answer) => self.drained.push(answer),
                Ask::Stop => {}
            }
        }
        let outcome = outcome.and_then(|()| {
            effects.extend(self.client.handle(Event::Tick, self.now(), &mut self.store)?);
            self.store.commit()
        });
        if let Err(error) = &outcome {
            effects = self.open_again(error);
        }
        for answer in answers {
            answer(outcome.clone());
        }
        for effect in effects {
            self.hand_on(effect);
        }
        self.answer_waiting();
    }

    /// What opening again needs to know.
    fn note(&mut self, event: &Event) {
        match event {
            Event::SignedIn(session) => self.session = Some(session.clone()),
            Event::Online => self.online = true,
            Event::Offline => self.online = false,
            _ => {}
        }
    }

    /// Storage failed: what is in memory may not be what is on disk, so it is opened again from there.
    fn open_again(&mut self, error: &StoreError) -> Vec<Effect> {
        tracing::warn!(device_id = %self.config.device_id, %error, "local storage failed, opening it again");
        let connection = self.client.connection();
        self.config.seed = u128::from_be_bytes(random());
        let opened = self.store.roll_back().and_then(|()| Client::open(self.config.clone(), &mut self.store));
        let Ok(client) = opened.and_then(|client| self.store.commit().map(|()| client)) else {
            std::thread::sleep(Duration::from_millis(200));
            return Vec::new();
        };
        self.client = client;
        let mut effects = vec![Effect::Shut { connection }];
        let session = self.session.clone().map(Event::SignedIn);
        let online = self.online.then_some(Event::Online);
        for event in session.into_iter().chain(online) {
            let now = self.now();
            if let Ok(more) = self.client.handle(event, now, &mut self.store) {
                effects.extend(more);
            }
        }
        effects
    }

    fn hand_on(&mut self, effect: Effect) {
        if let Effect::Tell(notice) = effect {
            let settled = match &notice {
                Notice::Settled { act, verdict, .. } => Some((*act, verdict.clone())),
                _ => None,
            };
            // Nobody watching is fine. Whoever waits for the verdict finds the notice told already.
            let _ = self.notices.send(notice);
            if let Some((act, verdict)) = settled {
                for answer in self.verdicts.remove(&act).into_iter().flatten() {
                    let _ = answer.send(verdict.clone());
                }
            }
            return;
        }
        let asks = matches!(
            &effect,
            Effect::Send { frame: ClientFrame::Submit(_) | ClientFrame::Results(_) | ClientFrame::Ping(_), .. }
        );
        let hello =
            (asks && self.over_http.load(Ordering::Relaxed)).then(|| Box::new(self.client.hello(None, self.now())));
        // The network's task ends only with the device.
        let _ = self.network.send(Outgoing { effect, hello });
    }

    /// Answers those whose act was settled before they asked, and those who wait for the end.
    fn answer_waiting(&mut self) {
        let client = &self.client;
        let over: Vec<ActId> = self
            .verdicts
            .keys()
            .copied()
            .filter(|act| client.held(*act).is_none_or(|held| held.settled.is_some()))
            .collect();
        for act in over {
            let line = self.store.journal(ActId(act.0.saturating_sub(1)), 1).unwrap_or_default().pop();
            let settled = line.filter(|line| line.kept.act == act).and_then(|line| line.settled);
            let verdict = settled.and_then(|settled| settled.verdict.read::<Verdict>().ok());
            for answer in self.verdicts.remove(&act).into_iter().flatten() {
                if let Some(verdict) = &verdict {
                    let _ = answer.send(verdict.clone());
                }
            }
        }
        if self.client.unsent() == 0 {
            for answer in self.drained.drain(..) {
                let _ = answer.send(());
            }
        }
    }
}

/// Runs `work` on the device's thread and answers once its group is committed.
pub(super) async fn ask<T: Send + 'static>(
    asks: &std::sync::mpsc::Sender<Ask>,
    work: impl FnOnce(&mut Client, &mut SqliteStore, Now) -> Result<T, NativeError> + Send + 'static,
) -> Result<T, NativeError> {
    let (answer, answered) = oneshot::channel();
    let work: Work = Box::new(move |client, store, now| {
        let result = work(client, store, now);
        let sound = !matches!(result, Err(NativeError::Store(_)));
        let after: After = Box::new(move |committed| {
            let _ = answer.send(committed.map_err(NativeError::Store).and(result));
        });
        (after, sound)
    });
    asks.send(Ask::Do(work)).map_err(|_| NativeError::Closed)?;
    answered.await.map_err(|_| NativeError::Closed)?
}

//! What runs beside the reading: the engine, the database, and what follows when they answer.

use std::sync::Arc;
use std::time::Instant;

use floorline_domain::StreamId;
use floorline_mobile_sync::wire::{Close, Retry, Revoked, SealReason, ServerFrame, Submit, Topic};
use tracing::{Instrument as _, Span};

use super::Conversation;
use crate::app::App;
use crate::floor::engine::{DeviceSubmit, SessionKey, Submitted};
use crate::floor::sync::check::{self, Checked};
use crate::floor::sync::core::ResultsPage;
use crate::floor::sync::following::Missing;
use crate::floor::sync::hello::Phone;
use crate::floor::sync::socket::Ending;
use crate::floor::sync::store;
use crate::identity;
use crate::platform::http::ApiError;
use crate::platform::realtime::Range;
use crate::platform::telemetry::spans;
use crate::platform::tenancy::TenantTx;

/// Work that ended.
pub(super) enum Done {
    Submitted(Submitted, Span),
    Page(i64, Option<ResultsPage>),
    Sealed(bool),
    Log(Topic, Result<Option<Vec<Arc<Range>>>, ApiError>),
    /// And what it was to store as acknowledged.
    Checked(Checked, Option<i64>),
}

impl Conversation {
    pub(super) fn submit(&mut self, submit: Submit) -> Result<(), Option<Ending>> {
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
        let session = SessionKey { number: self.number, server_epoch: self.server_epoch.clone() };
        let batch = batch(self.asker, phone, session, submit);
        let engine = self.app.engine.clone();
        self.work.push(Box::pin(async move {
            let submitted = engine.submit(batch).instrument(span.clone()).await;
            Done::Submitted(submitted, span)
        }));
        Ok(())
    }

    pub(super) fn read_results(&mut self, after: i64) {
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

    pub(super) fn seal(&mut self, reason: SealReason) {
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

    pub(super) fn read_log(&mut self, missing: &Missing) {
        if let Some(reading) = self.following.read(missing) {
            let topic = missing.topic;
            self.work.push(Box::pin(async move { Done::Log(topic, reading.await) }));
        }
    }

    /// Looks again at who this is and what they may; the answer comes as [`Done::Checked`].
    pub(super) fn check(&mut self) {
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

    pub(super) fn settle(&mut self, done: Done) -> Result<(), Option<Ending>> {
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
}

pub(super) async fn remember(
    app: &App,
    asker: identity::Session,
    stream: StreamId,
    acked: i64,
) -> Result<(), ApiError> {
    let mut tx = TenantTx::open(&app.db, asker.org).await?;
    store::set_acked(&mut tx, stream, acked).await?;
    tx.commit().await
}

/// A submit as the engine takes it.
pub(in crate::floor::sync) fn batch(
    asker: identity::Session,
    phone: Phone,
    session: SessionKey,
    submit: Submit,
) -> DeviceSubmit {
    DeviceSubmit {
        org: asker.org,
        site: phone.site,
        stream_id: phone.stream,
        device_id: phone.device,
        session: Some(session),
        user: asker.user,
        clock: phone.clock,
        first_seq: submit.first_seq,
        entries: submit.entries,
        hashes: submit.hashes,
    }
}

//! Answers a hello: who is it, which stream, is it still the same future, what is missing on either side.
//!
//! One transaction, the same for a socket and for the HTTP fallback.

use chrono::{DateTime, TimeDelta, Utc};
use floorline_domain::permission::Permission;
use floorline_domain::{DeviceId, LeaseId, LocationId, StreamId};
use floorline_mobile_sync::chain::Hash;
use floorline_mobile_sync::wire::{Close, Hello, Lease, Limits, Welcome};
use uuid::Uuid;

use super::core::{Memory, ResultsPage, Writing, remembered};
use super::scope::{self, Scoped};
use super::sockets::Who;
use super::{MINIMUM_APP, leases, store};
use crate::app::App;
use crate::floor::engine::ClockOffset;
use crate::identity::Session;
use crate::platform::http::{ApiError, Code};
use crate::platform::telemetry::names;
use crate::platform::tenancy::{Identity, TenantTx};

/// A revoked device may hand in what it holds for this long.
const QUARANTINE: TimeDelta = TimeDelta::days(7);

/// A device that was let in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phone {
    pub(super) device: DeviceId,
    pub(super) stream: StreamId,
    pub(super) site: LocationId,
    /// Revoked: it may submit, and is told nothing.
    pub(super) quarantined: bool,
    pub(super) clock: ClockOffset,
}

/// A hello that was answered.
#[derive(Debug)]
pub(super) struct Welcomed {
    pub(super) welcome: Welcome,
    pub(super) topics: Vec<Scoped>,
    pub(super) phone: Option<Phone>,
    /// Who asks, as the database knows them; none in quarantine.
    pub(super) identity: Option<Identity>,
    pub(super) writing: Option<Writing>,
    pub(super) lease: Option<Lease>,
}

/// A hello that was not.
#[derive(Debug)]
pub(super) struct Turned {
    /// How a socket ends.
    pub(super) close: Close,
    /// What the fallback answers.
    pub(super) error: ApiError,
}

impl Turned {
    fn new(close: Close, code: Code, detail: &str) -> Self {
        Self { close, error: ApiError::new(code, detail) }
    }

    fn shape(detail: &str) -> Self {
        Self::new(Close::BadFrame, Code::BadRequest, detail)
    }
}

impl From<ApiError> for Turned {
    fn from(error: ApiError) -> Self {
        // The client comes back with its back-off either way; our own faults are in the log.
        let close =
            if matches!(error.code(), Code::DbBusy | Code::RowLocked) { Close::Draining } else { Close::Other(1011) };
        Self { close, error }
    }
}

/// The half of a hello that only a device sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Claim {
    device: DeviceId,
    stream: StreamId,
    acked_seq: i64,
    hash: Hash,
}

/// Answers `hello`, which arrived `now`; `uncertainty_ms` bounds how long it may have travelled.
pub(super) async fn answer(
    app: &App,
    asker: Session,
    hello: &Hello,
    now: DateTime<Utc>,
    uncertainty_ms: i64,
) -> Result<Welcomed, Turned> {
    let claim = claim(asker, hello)?;
    let mut tx = TenantTx::open(&app.db, asker.org).await?;
    let device = match claim {
        Some(claim) => Some(let_in(store::find_device(&mut tx, claim.device).await?, now)?),
        None => None,
    };
    let quarantined = device.as_ref().is_some_and(|device| device.1);
    let identity = if quarantined { None } else { Some(identify(&mut tx, asker).await?) };
    let resumed = match (claim, &device) {
        (Some(claim), Some((row, _))) => {
            let schema = hello.app.as_ref().and_then(|app| i32::try_from(app.schema).ok()).unwrap_or(0);
            let opening = store::Opening {
                id: claim.stream,
                device: claim.device,
                site: row.site(),
                schema,
                acked_seq: claim.acked_seq,
                quarantined,
            };
            let stream = store::open_stream(&mut tx, opening, now).await?;
            Some(resume(&mut tx, claim, stream).await?)
        }
        _ => None,
    };
    if let Some(Resumed { forked: true, .. }) = resumed {
        tx.commit().await?;
        return Err(sealed("The device and the server remember different entries."));
    }
    let mut lease = None;
    if let (Some(claim), Some(identity)) = (claim, &identity) {
        leases::accept(&mut tx, &app.keys, claim.device, &hello.leases).await?;
        lease = Some(leases::issue(&mut tx, &app.keys, identity, claim.device, LeaseId(Uuid::now_v7()), now).await?);
    }
    let topics = scope::judge(&app.db, &mut tx, identity.as_ref(), &hello.subscriptions).await?;
    let server_epoch = store::server_epoch(&mut tx).await?;
    tx.commit().await?;

    let clock = ClockOffset {
        offset_ms: hello.device_time.map_or(0, |device_time| now.timestamp_millis().saturating_sub(device_time)),
        uncertainty_ms,
    };
    let phone = claim.zip(device).map(|(claim, (row, quarantined))| Phone {
        device: claim.device,
        stream: claim.stream,
        site: row.site(),
        quarantined,
        clock,
    });
    let (stream, page) = resumed.map(|resumed| (resumed.stream, resumed.page)).unzip();
    let page = page.unwrap_or_default();
    Ok(Welcomed {
        writing: claim.zip(stream.as_ref()).map(|(claim, stream)| Writing {
            last_seq: stream.last_seq,
            acked_seq: claim.acked_seq.min(stream.last_seq),
            more: page.more,
        }),
        welcome: Welcome {
            session: stream.as_ref().map_or(0, |stream| stream.session),
            server_time: now.timestamp_millis(),
            server_epoch,
            last_seq: stream.as_ref().map_or(0, |stream| stream.last_seq),
            hash: stream.map(|stream| stream.last_hash),
            results: page.results,
            more: page.more,
            topics: topics.iter().map(|topic| topic.state.clone()).collect(),
            limits: Limits { jitter_ms: app.limits.jitter_ms, ..Limits::default() },
            minimum_app: MINIMUM_APP.into(),
        },
        topics,
        phone,
        identity,
        lease,
    })
}

/// Who sits behind a hello that has not been answered yet.
pub(super) fn who(asker: Session, hello: &Hello) -> Result<Who, Turned> {
    let device = claim(asker, hello)?.map(|claim| (claim.device, claim.stream));
    // Without a login the phone came by itself; who enrolled it has nothing to do with that.
    Ok(Who { org: asker.org, user: asker.login.map(|_| asker.user), device })
}

/// What a device says of itself, if it is the one that proved itself.
fn claim(asker: Session, hello: &Hello) -> Result<Option<Claim>, Turned> {
    let claim = read(hello)?;
    if claim.is_some_and(|claim| asker.device != Some(claim.device)) {
        let detail = "The hello names another device than the proof.";
        return Err(Turned::new(Close::SignedOut, Code::BadDeviceProof, detail));
    }
    Ok(claim)
}

/// What a device says of itself, all of it or nothing.
fn read(hello: &Hello) -> Result<Option<Claim>, Turned> {
    let (device, stream) = match (hello.device_id, hello.stream_id) {
        (None, None) => return Ok(None),
        (Some(device), Some(stream)) => (device, stream),
        _ => return Err(Turned::shape("device_id and stream_id come together.")),
    };
    let (Some(next_seq), Some(acked_seq), Some(hash)) = (hello.next_seq, hello.acked_seq, hello.hash) else {
        return Err(Turned::shape("A device says next_seq, acked_seq and hash."));
    };
    if acked_seq < 0 || next_seq <= acked_seq {
        return Err(Turned::shape("acked_seq lies before next_seq and is not negative."));
    }
    if hello.device_time.is_none() {
        return Err(Turned::shape("A device says device_time."));
    }
    Ok(Some(Claim { device, stream, acked_seq, hash }))
}

/// Whether the device may come in; `true` beside it when only to hand in what it holds.
pub(super) fn let_in(device: Option<store::DeviceRow>, now: DateTime<Utc>) -> Result<(store::DeviceRow, bool), Turned> {
    let Some(device) = device else {
        return Err(Turned::new(Close::SignedOut, Code::BadDeviceProof, "There is no such device."));
    };
    match device.state.as_str() {
        "active" => Ok((device, false)),
        "revoked" if device.revoked_at.is_some_and(|at| now - at < QUARANTINE) => Ok((device, true)),
        "revoked" => Err(Turned::new(Close::Revoked, Code::DeviceRevoked, "This phone was blocked.")),
        _ => Err(Turned::new(Close::Revoked, Code::DevicePending, "This phone waits for approval.")),
    }
}

/// The signed-in person, if they still are and may connect.
pub(super) async fn identify(tx: &mut TenantTx, asker: Session) -> Result<Identity, Turned> {
    let signed_out = || Turned::new(Close::SignedOut, Code::NotSignedIn, "Sign in again.");
    let login = asker.login.ok_or_else(signed_out)?;
    let identity = Identity::load(tx, asker.user, login).await?.ok_or_else(signed_out)?;
    if identity.permissions.contains(&Permission::SyncConnect) {
        return Ok(identity);
    }
    Err(Turned::new(Close::Revoked, Code::NotPermitted, "You need the permission sync:connect."))
}

struct Resumed {
    stream: store::Stream,
    page: ResultsPage,
    forked: bool,
}

/// Compares both memories of the stream. Two different ones seal it, which the caller commits.
async fn resume(tx: &mut TenantTx, claim: Claim, stream: Option<store::Stream>) -> Result<Resumed, Turned> {
    let stream = match stream {
        None => return Err(sealed("The stream belongs to another device.")),
        Some(stream) if stream.sealed => return Err(sealed("The stream was sealed.")),
        Some(stream) => stream,
    };
    let ours = match remembered(claim.stream, claim.acked_seq, stream.last_seq, stream.last_hash) {
        Memory::Hash(hash) => Some(hash),
        Memory::Receipt(seq) => store::receipt_hash(tx, claim.stream, seq).await?,
        Memory::Forgotten => None,
    };
    if ours.is_some_and(|ours| ours != claim.hash) {
        store::seal(tx, claim.stream).await?;
        metrics::counter!(names::FORKS).increment(1);
        tracing::warn!(stream.id = %claim.stream, device.id = %claim.device, seq = claim.acked_seq, "stream forked");
        return Ok(Resumed { stream, page: ResultsPage::default(), forked: true });
    }
    let page = store::results_page(tx, claim.stream, claim.acked_seq, stream.last_seq).await?;
    Ok(Resumed { stream, page, forked: false })
}

fn sealed(detail: &str) -> Turned {
    Turned::new(Close::Sealed, Code::StateConflict, detail)
}

#[cfg(test)]
mod tests {
    use floorline_mobile_sync::chain;

    use super::*;

    fn device() -> Hello {
        Hello {
            device_id: Some(DeviceId(Uuid::from_u128(1))),
            stream_id: Some(StreamId(Uuid::from_u128(2))),
            next_seq: Some(5),
            acked_seq: Some(4),
            hash: Some(chain::sha256(b"x")),
            device_time: Some(1),
            ..Hello::default()
        }
    }

    #[test]
    fn a_device_says_everything_or_reads_only() {
        assert!(matches!(read(&Hello::default()), Ok(None)));
        assert!(matches!(read(&device()), Ok(Some(_))));
        let broken = [
            Hello { stream_id: None, ..device() },
            Hello { device_id: None, ..device() },
            Hello { next_seq: None, ..device() },
            Hello { hash: None, ..device() },
            Hello { device_time: None, ..device() },
            Hello { acked_seq: Some(5), ..device() },
            Hello { acked_seq: Some(-1), ..device() },
        ];
        for hello in broken {
            assert_eq!(read(&hello).unwrap_err().close, Close::BadFrame, "{hello:?}");
        }
    }
}

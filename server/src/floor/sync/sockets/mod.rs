//! Every socket of this node: how many there are, which device holds which, and what they report.
//!
//! A seat is taken with the answer to a hello and given back by its drop. That a server holds no more connections than it has file
//! descriptors for is `platform::http`'s concern; here are the limits of the protocol.

mod seats;
#[cfg(test)]
mod tests;

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use floorline_domain::{DeviceId, OrgId, StreamId, UserId};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use self::seats::{Seats, Taken};
use super::presence::Presence;
use super::snapshot::Turns;

/// Sockets of one person, phones and boards together.
const PER_USER: usize = 3;
/// Hellos a second on one node; more wait at the client. Only who has a ticket takes one of them.
const HELLOS_PER_SECOND: NonZeroU32 = NonZeroU32::new(200).unwrap();
/// Tickets looked up a second on one node, whoever brings them: so many that nobody without credentials keeps the phones out.
const TICKETS_PER_SECOND: NonZeroU32 = NonZeroU32::new(2_000).unwrap();
/// Between two looks of a socket at its login, permissions and device.
const CHECK_EVERY: Duration = Duration::from_secs(60);
/// How long a client that came over a limit stays away.
const COME_BACK: Duration = Duration::from_secs(5);

/// The node's sockets. Cheap to clone.
#[derive(Clone)]
pub struct Sockets {
    node: Arc<Inner>,
    check_every: Duration,
    snapshots: Turns,
}

struct Inner {
    per_organization: usize,
    next: AtomicU64,
    seats: Mutex<Seats>,
    tickets: DefaultDirectRateLimiter,
    hellos: DefaultDirectRateLimiter,
    tasks: TaskTracker,
    presence: Presence,
}

/// Who sits at a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) org: OrgId,
    /// The person; none at a phone that came by its proof alone.
    pub(super) user: Option<UserId>,
    /// The phone and its stream; none for a reader.
    pub(super) device: Option<(DeviceId, StreamId)>,
}

/// What a socket is told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// A newer socket of the device took its place.
    Replaced,
    /// Look at login, permissions and device again, now.
    Check,
}

/// Over a limit: come back after this many milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full {
    pub(super) after_ms: u64,
}

/// A seat behind a hello.
pub(super) struct Seat {
    node: Arc<Inner>,
    id: u64,
    orders: mpsc::UnboundedReceiver<Order>,
}

impl Sockets {
    /// No sockets yet, and at most `per_organization` of one organisation.
    pub fn new(per_organization: usize) -> Self {
        let node = Inner {
            per_organization,
            next: AtomicU64::new(1),
            seats: Mutex::default(),
            tickets: RateLimiter::direct(Quota::per_second(TICKETS_PER_SECOND)),
            hellos: RateLimiter::direct(Quota::per_second(HELLOS_PER_SECOND)),
            tasks: TaskTracker::new(),
            presence: Presence::default(),
        };
        Self { node: Arc::new(node), check_every: CHECK_EVERY, snapshots: Turns::default() }
    }

    /// The same, with sockets that look more often at whether they may stay.
    #[must_use]
    pub fn checking_every(self, check_every: Duration) -> Self {
        Self { check_every, ..self }
    }

    /// The same, with another time for one snapshot to be read.
    #[must_use]
    pub fn giving_snapshots_within(self, within: Duration) -> Self {
        let snapshots = self.snapshots.lasting(within);
        Self { snapshots, ..self }
    }

    /// Whose turn it is to read a snapshot: what its readers follow on sockets begins there.
    pub(super) const fn snapshots(&self) -> &Turns {
        &self.snapshots
    }

    /// Between two looks of a socket at its login, permissions and device.
    pub(super) const fn check_every(&self) -> Duration {
        self.check_every
    }

    /// Waits until every socket is gone, or `within` is over. They leave when the server's draining is cancelled, not by this.
    pub async fn gone(&self, within: Duration) {
        self.node.tasks.close();
        if tokio::time::timeout(within, self.node.tasks.wait()).await.is_err() {
            tracing::warn!(count = self.node.tasks.len(), "sockets left open");
        }
    }

    /// Has a device's socket look at its state at once instead of within the minute: it may have been revoked.
    pub fn check_device(&self, device: DeviceId) {
        let seats = self.seats();
        // Those too whose hello is being answered: it may have been read before the change.
        for (id, _) in seats.all.iter().filter(|(_, taken)| taken.who.is_of(device)) {
            seats.order(*id, Order::Check);
        }
    }

    /// Has the sockets of a person look at their login and permissions at once.
    pub fn check_user(&self, user: UserId) {
        let seats = self.seats();
        for id in seats.by_user.get(&user).into_iter().flatten() {
            seats.order(*id, Order::Check);
        }
    }

    /// What the floor's phones reported.
    pub(super) fn presence(&self) -> &Presence {
        &self.node.presence
    }

    /// Is held by a socket's task for as long as it lives.
    pub(super) fn token(&self) -> TaskTrackerToken {
        self.node.tasks.token()
    }

    /// Lets a ticket be looked up, or says when to come back.
    pub(super) fn admit_ticket(&self) -> Result<(), Full> {
        self.node.tickets.check().map_err(|_| Full { after_ms: jittered(Duration::from_secs(1)) })
    }

    /// Lets a hello be answered, or says when to come back.
    pub(super) fn admit_hello(&self) -> Result<(), Full> {
        self.node.hellos.check().map_err(|_| Full { after_ms: jittered(Duration::from_secs(1)) })
    }

    /// Takes a seat. A device's earlier socket keeps its own until [`Seat::take_over`], and does not count.
    pub(super) fn sit(&self, who: Who) -> Result<Seat, Full> {
        let full = Full { after_ms: jittered(COME_BACK) };
        let mut seats = self.seats();
        let of_user = who.user.map_or(0, |user| seats.of_user(user, who.device));
        let replaces = usize::from(who.device.is_some_and(|(device, _)| seats.by_device.contains_key(&device)));
        let of_organization = seats.by_organization.get(&who.org).copied().unwrap_or(0).saturating_sub(replaces);
        if of_user >= PER_USER || of_organization >= self.node.per_organization {
            return Err(full);
        }
        let id = self.node.next.fetch_add(1, Ordering::Relaxed);
        let (sender, orders) = mpsc::unbounded_channel();
        seats.insert(id, Taken { who, session: 0, orders: sender });
        seats.count();
        Ok(Seat { node: Arc::clone(&self.node), id, orders })
    }

    /// Whether a live socket of this node holds the stream.
    pub(super) fn holds(&self, device: DeviceId, stream: StreamId) -> bool {
        let seats = self.seats();
        let taken = seats.by_device.get(&device).and_then(|id| seats.all.get(id));
        taken.is_some_and(|taken| taken.who.device == Some((device, stream)))
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.node.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Who {
    fn is_of(&self, device: DeviceId) -> bool {
        self.device.is_some_and(|(own, _)| own == device)
    }
}

impl Seat {
    /// Tells this socket from every other of the node.
    pub(super) const fn id(&self) -> u64 {
        self.id
    }

    /// The hello was answered: the device's earlier socket is told that it was replaced. False when a newer session of the stream sits
    /// there already.
    pub(super) fn take_over(&self, session: i64) -> bool {
        let mut seats = self.node.seats.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(taken) = seats.all.get_mut(&self.id) else { return false };
        taken.session = session;
        let own = taken.who.device;
        let Some((device, _)) = own else { return true };
        if let Some(earlier) = seats.by_device.get(&device).copied() {
            if seats.all.get(&earlier).is_some_and(|other| other.who.device == own && other.session > session) {
                return false;
            }
            if let Some(replaced) = seats.remove(earlier) {
                // It may be ending by itself.
                let _ = replaced.orders.send(Order::Replaced);
            }
        }
        seats.by_device.insert(device, self.id);
        seats.count();
        true
    }

    /// The next order from outside. Cancelling loses nothing.
    pub(super) async fn order(&mut self) -> Order {
        match self.orders.recv().await {
            Some(order) => order,
            // The seat was taken by a newer socket, whose order was read already.
            None => std::future::pending().await,
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.node.seats.lock().unwrap_or_else(PoisonError::into_inner);
        seats.remove(self.id);
        seats.count();
    }
}

/// Between half and one and a half of `about`, so that those who were refused together do not return together.
fn jittered(about: Duration) -> u64 {
    let about = u64::try_from(about.as_millis()).unwrap_or(u64::MAX);
    about / 2 + rand::random_range(0..=about)
}

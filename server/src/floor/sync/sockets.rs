//! Every socket of this node: how many there are, which device holds which, and what they report.
//!
//! A seat is taken with the answer to a hello and given back by its drop. That a server holds no more connections than it has file
//! descriptors for is `platform::http`'s concern; here are the limits of the protocol.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use floorline_domain::{DeviceId, OrgId, StreamId, UserId};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::presence::Presence;
use super::snapshot::Turns;
use crate::platform::telemetry::names;

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

#[derive(Default)]
struct Seats {
    all: HashMap<u64, Taken>,
    by_device: HashMap<DeviceId, u64>,
    by_user: HashMap<UserId, HashSet<u64>>,
    by_organization: HashMap<OrgId, usize>,
}

struct Taken {
    who: Who,
    /// Of its stream, once its hello was answered.
    session: i64,
    orders: mpsc::UnboundedSender<Order>,
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

impl Seats {
    fn order(&self, id: u64, order: Order) {
        if let Some(taken) = self.all.get(&id) {
            // It may be ending by itself.
            let _ = taken.orders.send(order);
        }
    }

    fn count(&self) {
        metrics::gauge!(names::SOCKETS).set(f64::from(u32::try_from(self.all.len()).unwrap_or(u32::MAX)));
    }

    /// How many sockets of a person there are, leaving out those of one device.
    fn of_user(&self, user: UserId, but: Option<(DeviceId, StreamId)>) -> usize {
        let others = |id: &&u64| match (but, self.all.get(*id)) {
            (Some((device, _)), Some(taken)) => !taken.who.is_of(device),
            _ => true,
        };
        self.by_user.get(&user).map_or(0, |ids| ids.iter().filter(others).count())
    }

    fn insert(&mut self, id: u64, taken: Taken) {
        let who = taken.who;
        if let Some(user) = who.user {
            self.by_user.entry(user).or_default().insert(id);
        }
        *self.by_organization.entry(who.org).or_default() += 1;
        self.all.insert(id, taken);
    }

    fn remove(&mut self, id: u64) -> Option<Taken> {
        let taken = self.all.remove(&id)?;
        let who = taken.who;
        if let Some(user) = who.user
            && let Some(ids) = self.by_user.get_mut(&user)
        {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_user.remove(&user);
            }
        }
        if let Some(count) = self.by_organization.get_mut(&who.org) {
            *count -= 1;
            if *count == 0 {
                self.by_organization.remove(&who.org);
            }
        }
        if let Some((device, _)) = who.device
            && self.by_device.get(&device) == Some(&id)
        {
            self.by_device.remove(&device);
        }
        Some(taken)
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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn phone(user: u128, device: u128) -> Who {
        Who {
            org: OrgId(Uuid::from_u128(1)),
            user: Some(UserId(Uuid::from_u128(user))),
            device: Some((DeviceId(Uuid::from_u128(device)), StreamId(Uuid::from_u128(device)))),
        }
    }

    fn seated(sockets: &Sockets, who: Who, session: i64) -> Seat {
        let seat = sockets.sit(who).unwrap();
        assert!(seat.take_over(session));
        seat
    }

    #[test]
    fn a_devices_second_socket_replaces_the_first_once_its_hello_was_answered() {
        let sockets = Sockets::new(100);
        let mut first = seated(&sockets, phone(1, 1), 1);
        let second = sockets.sit(phone(1, 1)).unwrap();
        assert!(first.orders.try_recv().is_err(), "its hello may yet fail");
        assert!(second.take_over(2));
        assert_eq!(first.orders.try_recv(), Ok(Order::Replaced));
        let (device, stream) = phone(1, 1).device.unwrap();
        // The first one's end must not take the second one's place away.
        drop(first);
        assert!(sockets.holds(device, stream));
        assert!(!sockets.holds(device, StreamId(Uuid::nil())));
        drop(second);
        assert!(!sockets.holds(device, stream));
    }

    #[test]
    fn a_hello_that_fails_leaves_the_session_before_it_alone() {
        let sockets = Sockets::new(100);
        let mut first = seated(&sockets, phone(1, 1), 1);
        drop(sockets.sit(phone(1, 1)).unwrap());
        let (device, stream) = phone(1, 1).device.unwrap();
        assert!(sockets.holds(device, stream) && first.orders.try_recv().is_err());
    }

    #[test]
    fn of_two_hellos_at_once_the_later_session_stays() {
        let sockets = Sockets::new(100);
        let [one, other] = [sockets.sit(phone(1, 1)).unwrap(), sockets.sit(phone(1, 1)).unwrap()];
        assert!(one.take_over(3));
        assert!(!other.take_over(2));
    }

    #[test]
    fn a_person_has_three_sockets_and_a_replaced_one_does_not_count() {
        let sockets = Sockets::new(100);
        let _seats: Vec<Seat> = (1..=3).map(|device| seated(&sockets, phone(1, device), 1)).collect();
        assert!(sockets.sit(phone(1, 4)).is_err());
        assert!(sockets.sit(phone(1, 3)).is_ok());
        assert!(sockets.sit(phone(2, 4)).is_ok());
        assert!(sockets.sit(Who { user: None, ..phone(1, 5) }).is_ok(), "a phone in quarantine is nobody's");
    }

    #[test]
    fn an_organisation_has_its_share_and_a_replaced_socket_does_not_count() {
        let sockets = Sockets::new(2);
        let _seats: Vec<Seat> = (1..=2).map(|n| seated(&sockets, phone(n, n), 1)).collect();
        assert!(sockets.sit(phone(3, 3)).is_err());
        assert!(sockets.sit(phone(2, 2)).is_ok());
        assert!(sockets.sit(Who { org: OrgId(Uuid::from_u128(2)), ..phone(3, 3) }).is_ok());
    }

    #[test]
    fn who_is_about_to_sit_is_told_to_check_too() {
        let sockets = Sockets::new(100);
        let mut seat = sockets.sit(phone(1, 1)).unwrap();
        sockets.check_device(DeviceId(Uuid::from_u128(1)));
        assert_eq!(seat.orders.try_recv(), Ok(Order::Check));
    }

    #[test]
    fn nothing_is_left_when_everybody_went() {
        let sockets = Sockets::new(100);
        drop(seated(&sockets, phone(1, 1), 1));
        let seats = sockets.seats();
        assert!(seats.all.is_empty() && seats.by_user.is_empty() && seats.by_device.is_empty());
        assert!(seats.by_organization.is_empty());
    }

    #[test]
    fn more_hellos_than_a_node_answers_are_told_when_to_return() {
        let sockets = Sockets::new(100);
        let refused = (0..400).filter_map(|_| sockets.admit_hello().err()).collect::<Vec<_>>();
        assert!(refused.len() > 100);
        assert!(refused.iter().all(|full| (500..=1500).contains(&full.after_ms)));
    }
}

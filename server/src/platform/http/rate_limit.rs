//! How many requests one address and one user may send.
//!
//! Each has a bucket that refills evenly ([`Rate`]). The address is counted before anything in the request is believed, the user once the
//! signature of their token is known to be good; a forged token costs nobody but its sender. Opening a socket is a request, what is said on
//! it has limits of its own. `/health/…` is never counted: who watches over the server must not be told to wait. `/metrics` has its own listener.
//!
//! Every counted answer says how its sender stands, in the fields of draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy` with quota `q` and
//! window `w`, `RateLimit` with what remains, `r`, and in how many seconds there is more, `t`.
//!
//! Counted in memory, by each server for itself. Who has been quiet for a whole window is forgotten, so that memory is bounded by those who
//! were not, and [`SWEEP_EVERY`].

use std::hash::Hash;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, ResponseError as _, web};
use floorline_domain::UserId;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use serde_json::json;

use super::address::{address_of, network};
use super::codes::Code;
use super::error::ApiError;
use crate::app::App;
use crate::platform::config::{Limits, Rate};
use crate::platform::tenancy::{SigningKeys, access_claims};

/// Requests after which the quiet ones are forgotten.
const SWEEP_EVERY: u64 = 4096;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING: HeaderName = HeaderName::from_static("ratelimit");

/// The buckets of one server.
#[derive(Debug)]
pub struct RateLimits {
    addresses: Option<Buckets<IpAddr>>,
    users: Option<Buckets<UserId>>,
    behind_proxy: bool,
}

impl RateLimits {
    /// As configured. Behind a proxy an address is what the proxy says.
    #[must_use]
    pub fn new(limits: &Limits, behind_proxy: bool) -> Self {
        Self {
            addresses: limits.address_rate.and_then(|rate| Buckets::new("address", rate, DefaultClock::default())),
            users: limits.user_rate.and_then(|rate| Buckets::new("user", rate, DefaultClock::default())),
            behind_proxy,
        }
    }

    /// Takes a request from the buckets of its address and its user.
    fn take(&self, request: &HttpRequest, keys: &SigningKeys) -> Taken {
        let mut standings = Vec::new();
        let peer = || request.peer_addr().map(|peer| peer.ip());
        if let Some(addresses) = &self.addresses
            && let Some(address) = address_of(request, self.behind_proxy).or_else(peer)
        {
            standings.push(addresses.take(&network(address)));
        }
        if let Some(users) = &self.users
            && standings.iter().all(|standing| standing.wait.is_none())
            && let Some(claims) = access_claims(request, keys)
        {
            standings.push(users.take(&claims.sub));
        }
        Taken(standings)
    }
}

/// Middleware: counts a request, answers 429 when there are too many, and tells how the sender stands.
///
/// # Errors
/// Those of the wrapped service.
pub async fn limit_rates<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let taken = match request.app_data::<web::Data<App>>() {
        Some(app) if !request.path().starts_with("/health/") => app.rates.take(request.request(), &app.keys),
        _ => Taken(Vec::new()),
    };
    let mut response = match taken.refusal() {
        Some(refused) => request.into_response(refused.error_response()).map_into_right_body(),
        None => next.call(request).await?.map_into_left_body(),
    };
    taken.tell(response.headers_mut());
    Ok(response)
}

/// A bucket a key, all of one size.
#[derive(Debug)]
struct Buckets<K: Hash + Eq + Clone, C: Clock = DefaultClock> {
    name: &'static str,
    rate: Rate,
    /// Between two requests when all are used up.
    interval: Duration,
    limiter: RateLimiter<K, DefaultKeyedStateStore<K>, C, StateInformationMiddleware>,
    taken: AtomicU64,
}

/// How a sender stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    name: &'static str,
    rate: Rate,
    remaining: u32,
    /// Seconds until there is one more.
    more_in: u64,
    /// The request was one too many: seconds until it would not be.
    wait: Option<u64>,
}

impl<K: Hash + Eq + Clone, C: Clock> Buckets<K, C> {
    fn new(name: &'static str, rate: Rate, clock: C) -> Option<Self> {
        let interval = Duration::from_secs(rate.seconds.get().into()) / rate.requests.get();
        let quota = Quota::with_period(interval)?.allow_burst(rate.requests);
        let limiter = RateLimiter::new(quota, DefaultKeyedStateStore::default(), clock);
        Some(Self { name, rate, interval, limiter, taken: AtomicU64::new(0) })
    }

    fn take(&self, key: &K) -> Standing {
        if self.taken.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let Self { name, rate, .. } = *self;
        match self.limiter.check_key(key) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                Standing { name, rate, remaining, more_in: seconds(self.interval), wait: None }
            }
            Err(until) => {
                let wait = seconds(until.wait_time_from(self.limiter.clock().now()));
                Standing { name, rate, remaining: 0, more_in: wait, wait: Some(wait) }
            }
        }
    }
}

/// At least one, since nobody waits a part of a second.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0).max(u64::from(duration.is_zero()))
}

/// What a request took.
struct Taken(Vec<Standing>);

impl Taken {
    fn refusal(&self) -> Option<ApiError> {
        let (standing, wait) = self.0.iter().find_map(|standing| Some((standing, standing.wait?)))?;
        let Standing { name, rate: Rate { requests, seconds }, .. } = standing;
        let detail = format!("One {name} may send {requests} requests in {seconds} seconds; go on in {wait}.");
        Some(ApiError::new(Code::TooMany, detail).retry_after(wait).with(json!({ "policy": name })))
    }

    /// Writes the fields; a route with a limit of its own has written them already, and is added to.
    fn tell(&self, headers: &mut HeaderMap) {
        let policies = self
            .0
            .iter()
            .map(|Standing { name, rate, .. }| format!("\"{name}\";q={};w={}", rate.requests, rate.seconds));
        add(headers, POLICY, policies);
        add(
            headers,
            STANDING,
            self.0
                .iter()
                .map(|Standing { name, remaining, more_in, .. }| format!("\"{name}\";r={remaining};t={more_in}")),
        );
    }
}

fn add(headers: &mut HeaderMap, name: HeaderName, members: impl Iterator<Item = String>) {
    let known = headers.get(&name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let list: Vec<String> = known.into_iter().chain(members).collect();
    if !list.is_empty()
        && let Ok(value) = HeaderValue::from_str(&list.join(", "))
    {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn buckets<K: Hash + Eq + Clone>(
        requests: u32,
        seconds: u32,
    ) -> (Buckets<K, FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Buckets::new("user", Rate::new(requests, seconds).unwrap(), clock.clone()).unwrap(), clock)
    }

    #[test]
    fn a_bucket_is_emptied_at_once_and_refilled_evenly() {
        let (buckets, clock) = buckets(4, 10);
        let left: Vec<u32> = (0..4).map(|_| buckets.take(&"ana").remaining).collect();
        assert_eq!(left, [3, 2, 1, 0]);
        let refused = buckets.take(&"ana");
        assert_eq!((refused.remaining, refused.more_in, refused.wait), (0, 3, Some(3)), "one comes each 2.5 s");
        assert_eq!(buckets.take(&"kim").wait, None, "each for themselves");
        clock.advance(Duration::from_millis(2_400));
        assert_eq!(buckets.take(&"ana").wait, Some(1));
        clock.advance(Duration::from_millis(100));
        assert_eq!(buckets.take(&"ana").wait, None);
        assert_eq!(buckets.take(&"ana").wait, Some(3));
        clock.advance(Duration::from_secs(10));
        assert_eq!(buckets.take(&"ana").remaining, 3, "full again, and no fuller");
    }

    #[test]
    fn who_was_quiet_is_forgotten() {
        let (buckets, clock) = buckets(4, 10);
        for sender in 0..SWEEP_EVERY - 1 {
            buckets.take(&sender);
        }
        assert_eq!(u64::try_from(buckets.limiter.len()).unwrap(), SWEEP_EVERY - 1);
        clock.advance(Duration::from_secs(11));
        buckets.take(&0);
        assert_eq!(buckets.limiter.len(), 1);
    }

    #[test]
    fn sweeping_forgives_nobody() {
        let (buckets, _clock) = buckets(4, 3600);
        while buckets.take(&u64::MAX).wait.is_none() {}
        for sender in 0..2 * SWEEP_EVERY {
            buckets.take(&sender);
        }
        assert!(buckets.take(&u64::MAX).wait.is_some());
    }

    #[test]
    fn waits_are_whole_seconds_and_never_none() {
        for (millis, whole) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (2_500, 3)] {
            assert_eq!(seconds(Duration::from_millis(millis)), whole, "{millis}");
        }
    }
}

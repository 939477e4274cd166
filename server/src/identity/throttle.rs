//! Guessing passwords is slow: five failures in fifteen minutes per address and per account, then `429` until the oldest is forgotten.
//!
//! Kept in memory, by each server for itself. An attempt counts as a failure from its start and is taken back when it succeeds, so that
//! many attempts at once gain nothing.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};

use crate::platform::http::network;

/// Failures within [`WINDOW`] after which nothing more is tried.
const FAILURES: usize = 5;
const WINDOW: TimeDelta = TimeDelta::minutes(15);
/// Keys remembered before the forgotten ones are swept out.
const SWEEP_AT: usize = 10_000;

/// Remembers failures.
#[derive(Default)]
pub(super) struct Throttle(Mutex<HashMap<Key, VecDeque<DateTime<Utc>>>>);

/// How the caller stands, as `RateLimit` headers tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Attempts left.
    remaining: usize,
    /// Seconds until the oldest failure is forgotten.
    pub(super) reset_s: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Account([u8; 32]),
}

impl Throttle {
    /// Takes one attempt of an address on an account, both of which must have one left.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn attempt(
        &self,
        address: Option<IpAddr>,
        account: &str,
        now: DateTime<Utc>,
    ) -> Result<Standing, Standing> {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= SWEEP_AT {
            failures.retain(|_, times| times.back().is_some_and(|last| *last + WINDOW > now));
        }
        let keys: Vec<Key> = keys(address, account).collect();
        let full =
            keys.iter().map(|key| standing(failures.get_mut(key), now)).filter(|standing| standing.remaining == 0);
        if let Some(refused) = full.max_by_key(|standing| standing.reset_s) {
            return Err(refused);
        }
        let left = keys.into_iter().map(|key| {
            let times = failures.entry(key).or_default();
            times.push_back(now);
            standing(Some(times), now)
        });
        Ok(left.min_by_key(|standing| standing.remaining).unwrap_or(Standing { remaining: FAILURES, reset_s: 0 }))
    }

    /// The attempt could not be decided: it counts for nobody.
    pub(super) fn taken_back(&self, address: Option<IpAddr>, account: &str) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys(address, account) {
            failures.get_mut(&key).and_then(VecDeque::pop_back);
        }
    }

    /// The attempt succeeded: the account's failures are forgotten, and the address gets this attempt back.
    pub(super) fn succeeded(&self, address: Option<IpAddr>, account: &str) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys(address, account) {
            match key {
                Key::Account(_) => drop(failures.remove(&key)),
                Key::Address(_) => drop(failures.get_mut(&key).and_then(VecDeque::pop_back)),
            }
        }
    }
}

impl Standing {
    /// Writes the `RateLimit` and `RateLimit-Policy` headers.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        let policy = format!("\"login\";q={FAILURES};w={}", WINDOW.num_seconds());
        let limit = format!("\"login\";r={};t={}", self.remaining, self.reset_s);
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", limit)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

fn keys(address: Option<IpAddr>, account: &str) -> impl Iterator<Item = Key> {
    let account = Sha256::digest(account.to_lowercase().as_bytes()).into();
    address.map(|address| Key::Address(network(address))).into_iter().chain([Key::Account(account)])
}

fn standing(times: Option<&mut VecDeque<DateTime<Utc>>>, now: DateTime<Utc>) -> Standing {
    let Some(times) = times else { return Standing { remaining: FAILURES, reset_s: 0 } };
    while times.front().is_some_and(|first| *first + WINDOW <= now) {
        times.pop_front();
    }
    let wait = times.front().map_or(TimeDelta::zero(), |first| *first + WINDOW - now);
    let reset_s = u64::try_from(wait.num_milliseconds()).unwrap_or(0).div_ceil(1000);
    Standing { remaining: FAILURES.saturating_sub(times.len()), reset_s }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_763_600_000, 0).unwrap()
    }

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn the_sixth_failure_waits_for_the_first_to_be_forgotten() {
        let throttle = Throttle::default();
        for n in 0..5 {
            let standing = throttle.attempt(address(1), "a@x.example", start() + TimeDelta::minutes(n)).unwrap();
            assert_eq!(standing.remaining, usize::try_from(4 - n).unwrap());
        }
        let refused = throttle.attempt(address(1), "a@x.example", start() + TimeDelta::minutes(5)).unwrap_err();
        assert_eq!(refused, Standing { remaining: 0, reset_s: 600 });
        assert!(throttle.attempt(address(1), "a@x.example", start() + WINDOW).is_ok());
        assert!(throttle.attempt(address(1), "a@x.example", start() + WINDOW).is_err());
    }

    #[test]
    fn accounts_and_addresses_are_counted_each_for_itself() {
        let throttle = Throttle::default();
        for n in 0..5 {
            throttle.attempt(address(1), &format!("{n}@x.example"), start()).unwrap();
            throttle.attempt(address(10 + n), "b@x.example", start()).unwrap();
        }
        assert!(throttle.attempt(address(1), "new@x.example", start()).is_err(), "the address is known");
        assert!(throttle.attempt(address(99), "B@X.example", start()).is_err(), "the account is known");
        assert!(throttle.attempt(address(99), "new@x.example", start()).is_ok());
    }

    #[test]
    fn a_success_forgets_the_accounts_failures_but_not_the_addresss() {
        let throttle = Throttle::default();
        for _ in 0..4 {
            throttle.attempt(address(1), "a@x.example", start()).unwrap();
        }
        throttle.attempt(address(1), "a@x.example", start()).unwrap();
        throttle.succeeded(address(1), "a@x.example");
        throttle.attempt(address(1), "a@x.example", start()).unwrap();
        assert!(throttle.attempt(address(1), "a@x.example", start()).is_err());
        assert!(throttle.attempt(address(2), "a@x.example", start()).is_ok());
    }

    #[test]
    fn a_network_of_version_six_counts_as_one_address() {
        let throttle = Throttle::default();
        for n in 0..5_u16 {
            let address = IpAddr::from([0x2001, 0xdb8, 0, 1, n, 0, 0, n]);
            throttle.attempt(Some(address), &format!("{n}@x.example"), start()).unwrap();
        }
        assert!(
            throttle.attempt(Some(IpAddr::from([0x2001, 0xdb8, 0, 1, 9, 9, 9, 9])), "z@x.example", start()).is_err()
        );
        assert!(
            throttle.attempt(Some(IpAddr::from([0x2001, 0xdb8, 0, 2, 9, 9, 9, 9])), "z@x.example", start()).is_ok()
        );
    }
}

//! Guessing passwords and PINs is slow: five failures in fifteen minutes per address and per account, twenty per device, then `429` until the oldest
//! is forgotten.
//!
//! Kept in memory, by each server for itself. An attempt counts as a failure from its start and is taken back when it succeeds, so that
//! many attempts at once gain nothing.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, TimeDelta, Utc};
use floorline_domain::DeviceId;
use sha2::{Digest as _, Sha256};

use super::lately::Lately;
use crate::platform::http::network;

/// Failures within [`WINDOW`] after which nothing more is tried.
const FAILURES: usize = 5;
/// The same for a device: many work with one in a shift, and whoever mistypes must not shut it for the others.
const DEVICE_FAILURES: usize = 20;
const WINDOW: TimeDelta = TimeDelta::minutes(15);

/// Remembers failures. An address has five, and a device that an administrator let in twenty, so however many accounts are tried, what is remembered
/// grows with these only.
pub(super) struct Throttle(Mutex<Lately<Key, VecDeque<DateTime<Utc>>>>);

impl Default for Throttle {
    fn default() -> Self {
        Self(Mutex::new(Lately::new(WINDOW)))
    }
}

/// How the caller stands, as `RateLimit` headers tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Attempts there are in all.
    quota: usize,
    /// Attempts left.
    remaining: usize,
    /// Seconds until the oldest failure is forgotten.
    pub(super) reset_s: u64,
}

/// Where an attempt comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Address(IpAddr),
    /// One that proved itself: a whole factory may share an address.
    Device(DeviceId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Device(DeviceId),
    Account([u8; 32]),
}

impl Throttle {
    /// Takes one attempt on an account, which must have one left, as must where it comes from. `account` is an e-mail as it is stored or a badge's
    /// code, so that nobody gains attempts by writing it otherwise.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn attempt(
        &self,
        from: Option<Origin>,
        account: &str,
        now: DateTime<Utc>,
    ) -> Result<Standing, Standing> {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.pass(now);
        let keys: Vec<Key> = keys(from, account).collect();
        let full =
            keys.iter().map(|key| key.standing(failures.get_mut(key), now)).filter(|standing| standing.remaining == 0);
        if let Some(refused) = full.max_by_key(|standing| standing.reset_s) {
            return Err(refused);
        }
        let left = keys.into_iter().map(|key| {
            let times = failures.keep(key);
            times.push_back(now);
            key.standing(Some(times), now)
        });
        Ok(left.min_by_key(|standing| standing.remaining).unwrap_or(Standing::fresh(FAILURES)))
    }

    /// The attempt could not be decided: it counts for nobody.
    pub(super) fn taken_back(&self, from: Option<Origin>, account: &str) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys(from, account) {
            failures.get_mut(&key).and_then(VecDeque::pop_back);
        }
    }

    /// The attempt succeeded: the account's failures are forgotten, and where it came from gets this attempt back.
    pub(super) fn succeeded(&self, from: Option<Origin>, account: &str) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys(from, account) {
            match key {
                Key::Account(_) => failures.remove(&key),
                Key::Address(_) | Key::Device(_) => drop(failures.get_mut(&key).and_then(VecDeque::pop_back)),
            }
        }
    }
}

impl Standing {
    fn fresh(quota: usize) -> Self {
        Self { quota, remaining: quota, reset_s: 0 }
    }

    /// Writes the `RateLimit` and `RateLimit-Policy` headers.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        let policy = format!("\"login\";q={};w={}", self.quota, WINDOW.num_seconds());
        let limit = format!("\"login\";r={};t={}", self.remaining, self.reset_s);
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", limit)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

fn keys(from: Option<Origin>, account: &str) -> impl Iterator<Item = Key> {
    let account = Sha256::digest(account.as_bytes()).into();
    let from = from.map(|from| match from {
        Origin::Address(address) => Key::Address(network(address)),
        Origin::Device(device) => Key::Device(device),
    });
    from.into_iter().chain([Key::Account(account)])
}

impl Key {
    fn quota(self) -> usize {
        match self {
            Self::Device(_) => DEVICE_FAILURES,
            Self::Address(_) | Self::Account(_) => FAILURES,
        }
    }

    fn standing(self, times: Option<&mut VecDeque<DateTime<Utc>>>, now: DateTime<Utc>) -> Standing {
        let quota = self.quota();
        let Some(times) = times else { return Standing::fresh(quota) };
        while times.front().is_some_and(|first| *first + WINDOW <= now) {
            times.pop_front();
        }
        let wait = times.front().map_or(TimeDelta::zero(), |first| *first + WINDOW - now);
        let reset_s = u64::try_from(wait.num_milliseconds()).unwrap_or(0).div_ceil(1000);
        Standing { quota, remaining: quota.saturating_sub(times.len()), reset_s }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_763_600_000, 0).unwrap()
    }

    fn address(last: u8) -> Option<Origin> {
        Some(Origin::Address(IpAddr::from([192, 0, 2, last])))
    }

    #[test]
    fn the_sixth_failure_waits_for_the_first_to_be_forgotten() {
        let throttle = Throttle::default();
        for n in 0..5 {
            let standing = throttle.attempt(address(1), "a@x.example", start() + TimeDelta::minutes(n)).unwrap();
            assert_eq!(standing.remaining, usize::try_from(4 - n).unwrap());
        }
        let refused = throttle.attempt(address(1), "a@x.example", start() + TimeDelta::minutes(5)).unwrap_err();
        assert_eq!(refused, Standing { quota: 5, remaining: 0, reset_s: 600 });
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
        assert!(throttle.attempt(address(99), "b@x.example", start()).is_err(), "the account is known");
        assert!(throttle.attempt(address(99), "new@x.example", start()).is_ok());
    }

    #[test]
    fn one_worker_who_mistypes_does_not_shut_a_shared_device_for_the_others_and_who_tries_many_does() {
        let throttle = Throttle::default();
        let device = |n| Some(Origin::Device(DeviceId(uuid::Uuid::from_u128(n))));
        for _ in 0..5 {
            throttle.attempt(device(1), "badge 0", start()).unwrap();
        }
        assert!(throttle.attempt(device(1), "badge 0", start()).is_err());
        for n in 5..20 {
            throttle.attempt(device(1), &format!("badge {n}"), start()).unwrap();
        }
        assert!(throttle.attempt(device(1), "another badge", start()).is_err());
        assert!(throttle.attempt(device(2), "another badge", start()).is_ok());
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
        let network = |parts: [u16; 8]| Some(Origin::Address(IpAddr::from(parts)));
        for n in 0..5_u16 {
            let address = IpAddr::from([0x2001, 0xdb8, 0, 1, n, 0, 0, n]);
            throttle.attempt(Some(Origin::Address(address)), &format!("{n}@x.example"), start()).unwrap();
        }
        assert!(throttle.attempt(network([0x2001, 0xdb8, 0, 1, 9, 9, 9, 9]), "z@x.example", start()).is_err());
        assert!(throttle.attempt(network([0x2001, 0xdb8, 0, 2, 9, 9, 9, 9]), "z@x.example", start()).is_ok());
    }

    #[test]
    fn addresses_of_version_four_are_told_apart_within_version_six() {
        let throttle = Throttle::default();
        let mapped = |last: u8| {
            "::ffff:192.0.2.0"
                .parse::<std::net::Ipv6Addr>()
                .ok()
                .map(|net| Origin::Address(IpAddr::V6((net.to_bits() | u128::from(last)).into())))
        };
        for n in 0..5 {
            throttle.attempt(mapped(1), &format!("{n}@x.example"), start()).unwrap();
        }
        assert!(throttle.attempt(mapped(2), "y@x.example", start()).is_ok(), "it is another's");
        assert!(throttle.attempt(mapped(1), "z@x.example", start()).is_err());
        assert!(throttle.attempt(address(1), "z@x.example", start()).is_err(), "it is the same, on whichever socket");
    }
}

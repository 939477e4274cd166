//! Ten scans in five seconds, a person: a scanner whose trigger is stuck, or a loop in somebody's script, must not fill the log.
//!
//! Counted by arrival, in memory, by each server for itself. It holds back live requests only; what a phone has saved is never refused
//! for it (`sync-protocol.md` section 9).

use std::collections::{HashMap, VecDeque};
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use floorline_domain::UserId;
use floorline_mobile_sync::limits::{SCANS, SCANS_WITHIN};

use crate::app::App;
use crate::platform::http::{ApiError, Code};
use crate::platform::tenancy::access_claims;

/// People remembered before those who stopped scanning are swept out.
const SWEEP_AT: usize = 10_000;

/// Remembers who scanned when. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ScanPace(Arc<Mutex<HashMap<UserId, VecDeque<Instant>>>>);

impl ScanPace {
    /// Counts a scan of `user`, or says how long they have to wait. One that has to wait does not count.
    ///
    /// # Errors
    /// The wait.
    pub fn take(&self, user: UserId, now: Instant) -> Result<(), Duration> {
        let mut scans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = |time: &Instant| now.saturating_duration_since(*time) < SCANS_WITHIN;
        if scans.len() >= SWEEP_AT {
            scans.retain(|_, times| times.back().is_some_and(recent));
        }
        let times = scans.entry(user).or_default();
        while times.front().is_some_and(|first| !recent(first)) {
            times.pop_front();
        }
        match times.front() {
            Some(first) if times.len() >= SCANS => Err(SCANS_WITHIN - now.saturating_duration_since(*first)),
            _ => {
                times.push_back(now);
                Ok(())
            }
        }
    }
}

/// A scan that came in its time; 429 otherwise. It stands before the identity among a handler's parameters: holding somebody back must
/// not cost a look into the database.
#[derive(Debug)]
pub(super) struct InTime;

impl FromRequest for InTime {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some((app, user)) = bearer(request) else {
            // The identity says 401.
            return ready(Ok(Self));
        };
        ready(app.scan_pace.take(user, Instant::now()).map(|()| Self).map_err(|wait| {
            ApiError::new(Code::TooMany, "Too many scans at once. Wait a moment before you scan again.")
                .retry_after(wait.as_secs() + 1)
        }))
    }
}

/// Whose token it is, if it is one.
fn bearer(request: &HttpRequest) -> Option<(&App, UserId)> {
    let app = request.app_data::<web::Data<App>>()?;
    Some((app, access_claims(request, &app.keys)?.sub))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_eleventh_scan_waits_for_the_first_to_be_five_seconds_old() {
        let (pace, start) = (ScanPace::default(), Instant::now());
        let (ana, kim) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        for n in 0..10 {
            assert!(pace.take(ana, start + Duration::from_millis(100 * n)).is_ok());
        }
        assert_eq!(pace.take(ana, start + Duration::from_secs(2)), Err(Duration::from_secs(3)));
        assert!(pace.take(kim, start + Duration::from_secs(2)).is_ok(), "each person for themselves");
        assert!(pace.take(ana, start + Duration::from_secs(5)).is_ok());
        assert_eq!(pace.take(ana, start + Duration::from_secs(5)), Err(Duration::from_millis(100)));
    }
}

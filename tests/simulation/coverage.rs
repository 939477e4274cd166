//! What happened in a run. Ten thousand runs in which something never happened have shown nothing about it.

use std::collections::BTreeMap;

/// How often each thing happened, by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<String, u64>);

/// What must happen at least once in every ten thousand runs, beside every reason of the protocol.
pub const MUST_HAPPEN: &[&str] = &[
    "resume: delta",
    "resume: snapshot",
    "resume: denied",
    "reset: SLOW",
    "reset: TOO_OLD",
    "duplicate",
    "gap",
    "rewind",
    "takeover",
    "fork",
    "hole",
    "reoffer",
    "outcome: pruned",
    "fault: reset",
    "fault: black hole",
    "fault: phone killed before its commit",
    "fault: phone killed after its commit",
    "fault: disk full",
    "fault: base evicted",
    "fault: phone cloned",
    "fault: phone lost",
    "fault: captive portal",
    "fault: frozen",
    "fault: reboot",
    "fault: server killed BeforeVerdict",
    "fault: server killed BeforeCommit",
    "fault: server killed AfterCommit",
    "fault: server killed AfterReply",
    "fault: journal pruned",
    "fault: server stopped",
    "fault: drain",
    "fault: database restarted",
    "fault: COMMIT unknown",
    "fault: lock timeout",
    "fault: database busy",
    "fault: wake lost",
    "fault: restored from backup",
    "fault: device revoked",
    "fault: role withdrawn",
    "fault: user switched",
    "fault: weeks away",
    "fault: poison",
    "case booked",
    "case retried",
];

impl Coverage {
    /// It happened once more.
    pub(crate) fn saw(&mut self, what: impl Into<String>) {
        *self.0.entry(what.into()).or_default() += 1;
    }

    /// How often it happened.
    #[must_use]
    pub fn count(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }

    /// Adds another run.
    pub fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            *self.0.entry(what.clone()).or_default() += count;
        }
    }

    /// Everything that happened, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(what, count)| (what.as_str(), *count))
    }

    /// What should have happened and did not.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let reasons = floorline_domain::Reason::ALL.iter().map(|reason| format!("reason: {reason}"));
        let named = MUST_HAPPEN.iter().map(|what| (*what).to_owned());
        reasons.chain(named).filter(|what| self.count(what) == 0).collect()
    }
}

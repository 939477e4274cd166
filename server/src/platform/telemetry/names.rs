//! Every metric there is. A name not in [`ALL`] has no business being recorded; `docs/metrics.md` lists exactly these, and a test compares.

use metrics::Unit;

/// What kind of figure a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Seconds, in buckets.
    Seconds,
    /// A size in pieces, in buckets.
    Count,
}

/// One metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// As Prometheus shows it.
    pub name: &'static str,
    /// Decides unit and buckets.
    pub kind: Kind,
    /// Its labels, separated by commas.
    pub labels: &'static str,
    /// One sentence.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident = $name:literal, $kind:ident, $labels:literal, $help:literal;)+) => {
        $(#[doc = $help] pub const $constant: &str = $name;)+
        /// All of them.
        pub const ALL: &[Metric] = &[$(Metric { name: $name, kind: Kind::$kind, labels: $labels, help: $help }),+];
    };
}

metrics! {
    HTTP_REQUESTS = "floorline_http_requests_total", Counter, "method,route,status", "Requests answered.";
    HTTP_REQUEST_SECONDS = "floorline_http_request_seconds", Seconds, "route", "Time from a request's head to its answer's.";
    REFRESHES_REFUSED = "floorline_refreshes_refused_total", Counter, "", "Refresh tokens of a login bound to a device that came without that device's proof.";
    SOCKETS = "floorline_sockets", Gauge, "", "Live WebSockets.";
    SOCKETS_CLOSED = "floorline_sockets_closed_total", Counter, "code", "WebSockets closed by the server, by close code.";
    TOPICS_FOLLOWED = "floorline_topics_followed", Gauge, "", "Feeds that somebody here follows.";
    HINTS_SENT = "floorline_hints_sent_total", Counter, "way", "Hints of moved feeds told to other servers, over notify or nats.";
    HINTS_HEARD = "floorline_hints_heard_total", Counter, "way", "Hints of moved feeds heard from other servers.";
    FORKS = "floorline_forks_total", Counter, "", "Streams sealed at a hello because the device remembers other entries.";
    ENGINE_BATCHES = "floorline_engine_batches_total", Counter, "result", "Transactions of the engine: committed, split (for a row somebody else holds), bisected, retried or failed.";
    ENGINE_BATCH_ENTRIES = "floorline_engine_batch_entries", Count, "", "Entries in one committed batch.";
    ENGINE_BATCH_SECONDS = "floorline_engine_batch_seconds", Seconds, "", "Time of one batch from its first statement to its commit.";
    VERDICTS = "floorline_verdicts_total", Counter, "outcome,reason", "Verdicts stored.";
    VERDICT_SECONDS = "floorline_verdict_seconds", Seconds, "", "Time from an entry's arrival to its durable verdict.";
    JOBS = "floorline_jobs_total", Counter, "kind,result", "Runs of jobs: done, retried, dead, or given back when the server stopped.";
    JOB_SECONDS = "floorline_job_seconds", Seconds, "kind", "Time of one run of a job.";
    PUSHES = "floorline_pushes_total", Counter, "way,result", "Notices for phones, over fcm or web: sent, held for quiet hours, retried, given_up, expired, dropped with an address that is gone, or off (no such way here).";
    PUSH_SECONDS = "floorline_push_seconds", Seconds, "way", "Time until a push service answered.";
    SPANS = "floorline_spans_total", Counter, "result", "Spans for the collector: sent, or lost because it did not take them.";
    DATABASE_RESTARTS = "floorline_database_restarts_total", Counter, "", "Times the embedded database died and was started again.";
}

impl Kind {
    pub(super) const fn unit(self) -> Option<Unit> {
        match self {
            Self::Seconds => Some(Unit::Seconds),
            Self::Count => Some(Unit::Count),
            Self::Counter | Self::Gauge => None,
        }
    }

    /// Upper ends of the buckets.
    pub(super) const fn buckets(self) -> Option<&'static [f64]> {
        match self {
            Self::Seconds => {
                Some(&[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0])
            }
            Self::Count => Some(&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0]),
            Self::Counter | Self::Gauge => None,
        }
    }

    #[cfg(test)]
    const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Seconds | Self::Count => "histogram",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn the_document_lists_exactly_these_metrics() {
        let document = include_str!("../../../../docs/metrics.md");
        let listed: Vec<&str> = document.lines().filter(|line| line.starts_with("| `floorline_")).collect();
        let expected: Vec<String> = ALL
            .iter()
            .map(|metric| {
                let labels =
                    metric.labels.split(',').filter(|label| !label.is_empty()).map(|label| format!("`{label}`"));
                format!(
                    "| `{}` | {} | {} | {} |",
                    metric.name,
                    metric.kind.word(),
                    labels.collect::<Vec<_>>().join(" "),
                    metric.help
                )
            })
            .collect();
        assert_eq!(listed, expected, "\n{}", expected.join("\n"));
    }
}

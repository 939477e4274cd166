//! What every feature stands on. It never names a feature.

pub mod clock;
pub mod config;
pub mod db;
pub mod http;
pub mod jobs;
pub mod key_file;
pub mod outgoing;
pub mod realtime;
pub mod storage;
pub mod telemetry;
pub mod tenancy;
pub mod tls;

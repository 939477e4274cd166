//! What every feature stands on; it names none of them.

pub mod config;
pub mod db;
pub mod telemetry;

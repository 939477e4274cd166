//! Floorline: floor operations with QR scanning, offline handhelds and live queues.
//!
//! `ARCHITECTURE.md` is the map. [`platform`] is what every feature stands on; the other folders are features.

pub mod app;
pub mod checker;
pub mod cli;
pub mod database;
pub mod door;
pub mod floor;
pub mod handheld;
pub mod history;
pub mod identity;
pub mod job_registry;
pub mod orders;
pub mod photos;
pub mod platform;
pub mod refusals;
pub mod routes;
pub mod serving;

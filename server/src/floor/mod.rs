//! The floor: items, labels, scans, queues, shifts, places, and the one door through which they change.

pub mod cases;
pub mod engine;
pub mod items;
pub mod labels;
pub mod locations;
pub mod queues;
pub mod scans;
pub mod shifts;
pub mod sync;
pub mod workflows;

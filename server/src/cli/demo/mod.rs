//! `floorline demo`: a made-up floor at work.

pub mod fixtures;

//! The handheld's half of Floorline, and the one definition of what travels between it and the server.
//!
//! [`wire`] holds the messages of `floor.sync.v1`, [`entry`], [`op`] and [`verdict`] what is in them, [`chain`] the hash
//! chain over a stream, [`limits`] every number. [`decode`] reads QR codes out of pictures.

pub mod chain;
pub mod decode;
pub mod entry;
pub mod feed;
pub mod limits;
pub mod op;
mod raw;
pub mod strict;
mod topic;
pub mod verdict;
pub mod wire;

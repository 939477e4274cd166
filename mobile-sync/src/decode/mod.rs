//! QR text out of a picture.
//!
//! The same code reads the camera frame of a handheld and the image a client posts to the scan route, so a label that one of them
//! reads is read by the other. There are two steps, because a server distrusts bytes and a camera does not send any:
//!
//! 1. [`read_image`] turns bytes into grey pixels, or says why not, before anything large is allocated.
//! 2. [`decode`] climbs a ladder of decoders and filters over those pixels, cheapest first, and stops at the first answer or when
//!    its time is spent.
//!
//! No single decoder reads every label that a floor produces. The ladder's order comes from measuring several of them on damaged
//! labels: the first rung answers nearly all clean frames in a few milliseconds, each later one costs more and rescues fewer. The first two are
//! `rxing` and `rqrr` as they come, so the ladder reads what either of them reads alone.

#[cfg(any(feature = "web-quick", feature = "web-harder"))]
mod bindings;
mod budget;
mod crowd;
mod filter;
#[cfg(any(test, feature = "web-quick"))]
mod glance;
mod ladder;
mod limits;
mod read;
mod refused;

pub use budget::Budget;
pub use ladder::{Decoded, Pass, decode};
pub use limits::ImageLimits;
pub use read::{damaged, open_image, read_image};
pub use refused::ImageRefused;

#[cfg(test)]
mod damage;
#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod tests;

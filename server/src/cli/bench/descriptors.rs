//! How many sockets this machine lets the bench and its server open.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::cli::output::complain;

/// Files, the database and the unforeseen, in either process.
const RESERVED: usize = 1_024;

/// As many of `wanted` sockets as there is room for, each of which takes up to `each` descriptors in this process and one in the server's, which
/// inherits the limit. The soft limit is raised as far as that asks for and the hard one allows; what is missing is said.
pub(super) fn room_for(wanted: usize, each: usize) -> usize {
    let limit = raised(u64::try_from(wanted * each + RESERVED).unwrap_or(u64::MAX));
    let room = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(RESERVED) / each;
    if room < wanted {
        complain(&format!("only {limit} open files are allowed: {room} sockets instead of {wanted}"));
    }
    room.min(wanted)
}

/// The limit after trying to make it at least `wanted`.
fn raised(wanted: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let soft = limit.current.unwrap_or(u64::MAX);
    if soft >= wanted {
        return soft;
    }
    let current = limit.maximum.map_or(wanted, |hard| hard.min(wanted));
    match setrlimit(Resource::Nofile, rustix::process::Rlimit { current: Some(current), ..limit }) {
        Ok(()) => current,
        Err(_) => soft,
    }
}

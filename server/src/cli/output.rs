//! What commands print: results to standard output, complaints to standard error. A reader that went away is no fault.

use std::io::{Write, stderr, stdout};

/// A line of a result.
pub(super) fn say(line: &str) {
    let _ = writeln!(stdout(), "{line}");
}

/// A line for who started the command.
pub(super) fn complain(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}

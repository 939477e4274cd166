//! What kind of failure PostgreSQL's answer is.
//!
//! Diesel hides the SQLSTATE, so messages are read. They are English: the pool asks for `lc_messages = C` where the login may, and
//! [`super::Db::verify`] refuses a database that answers in another language.

use diesel::result::{DatabaseErrorKind as Kind, Error};

/// What to do about a failed statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Trying the same again can succeed: classes 08, 40, 53, 55P03, 57, 58 of `sync-protocol.md` section 8.
    Passing,
    /// Others are at the same rows: 40P01 and 55P03, which pass as well.
    Locked,
    /// A text holds U+0000, which is valid JSON and no PostgreSQL text: 22021 in a text, 22P05 in jsonb.
    Unstorable,
    /// A number or a time lies outside what its column holds: 22003, 22007, 22008.
    OutOfRange,
    /// Anything else, and so our own fault.
    Own,
}

/// Signs of 40P01 and 55P03.
const LOCKED: [&str; 3] = ["deadlock detected", "lock timeout", "could not obtain lock"];
/// Signs of 53xxx, 57xxx and 58xxx.
const PASSING: [&str; 23] = [
    "canceling statement",
    "terminating connection",
    "shutting down",
    "starting up",
    "in recovery mode",
    "not yet accepting connections",
    "not accepting connections",
    "too many clients",
    "too many connections",
    "connection slots",
    "No space left on device",
    "Disk quota exceeded",
    "temp_file_limit",
    "out of memory",
    "out of shared memory",
    "could not resize shared memory segment",
    "could not open file",
    "could not read",
    "could not write",
    "could not extend file",
    "could not fsync",
    "could not create",
    "could not access",
];
/// Signs of 22021 and 22P05.
const UNSTORABLE: [&str; 2] = ["invalid byte sequence for encoding", "unsupported Unicode escape sequence"];
/// Signs of 22003, 22007 and 22008.
const OUT_OF_RANGE: [&str; 6] = [
    "out of range",
    "numeric field overflow",
    "invalid input syntax for type timestamp",
    "invalid input syntax for type date",
    "time zone displacement",
    "overflows numeric format",
];

/// Tells failures apart.
pub fn fault(error: &Error) -> Fault {
    match error {
        Error::DatabaseError(Kind::UnableToSendCommand | Kind::ClosedConnection | Kind::SerializationFailure, _)
        | Error::BrokenTransactionManager => Fault::Passing,
        Error::DatabaseError(Kind::Unknown, info) => read(info.message()),
        _ => Fault::Own,
    }
}

fn read(message: &str) -> Fault {
    let shows = |signs: &[&str]| signs.iter().any(|sign| message.contains(sign));
    if shows(&UNSTORABLE) {
        Fault::Unstorable
    } else if shows(&OUT_OF_RANGE) {
        Fault::OutOfRange
    } else if shows(&LOCKED) {
        Fault::Locked
    } else if shows(&PASSING) {
        Fault::Passing
    } else {
        Fault::Own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What PostgreSQL 15 says, and the SQLSTATE it says it with.
    const SAID: [(&str, &str, Fault); 34] = [
        ("40P01", "deadlock detected", Fault::Locked),
        ("53100", "could not extend file \"base/5/16384\": No space left on device", Fault::Passing),
        ("53100", "could not resize shared memory segment \"/PostgreSQL.1\" to 4 bytes: No space left", Fault::Passing),
        ("53200", "out of memory", Fault::Passing),
        ("53200", "out of shared memory", Fault::Passing),
        ("53300", "sorry, too many clients already", Fault::Passing),
        ("53300", "too many connections for role \"floorline\"", Fault::Passing),
        ("53300", "remaining connection slots are reserved for non-replication superuser connections", Fault::Passing),
        ("53400", "temporary file size exceeds temp_file_limit (1024kB)", Fault::Passing),
        ("55P03", "canceling statement due to lock timeout", Fault::Locked),
        ("55P03", "could not obtain lock on row in relation \"items\"", Fault::Locked),
        ("57014", "canceling statement due to statement timeout", Fault::Passing),
        ("57014", "canceling statement due to user request", Fault::Passing),
        ("57P01", "terminating connection due to administrator command", Fault::Passing),
        ("57P02", "terminating connection because of crash of another server process", Fault::Passing),
        ("57P03", "the database system is starting up", Fault::Passing),
        ("57P03", "the database system is not yet accepting connections", Fault::Passing),
        ("57P03", "the database system is shutting down", Fault::Passing),
        ("58030", "could not read block 7 in file \"base/5/16384\": Input/output error", Fault::Passing),
        ("58030", "could not write block 7 in file \"base/5/16384\": Input/output error", Fault::Passing),
        ("58030", "could not fsync file \"base/5/16384\": Input/output error", Fault::Passing),
        ("58P01", "could not open file \"base/5/16384\": No such file or directory", Fault::Passing),
        ("22021", "invalid byte sequence for encoding \"UTF8\": 0x00", Fault::Unstorable),
        ("22P05", "unsupported Unicode escape sequence", Fault::Unstorable),
        ("22003", "integer out of range", Fault::OutOfRange),
        ("22003", "value \"99999999999\" is out of range for type integer", Fault::OutOfRange),
        ("22003", "numeric field overflow", Fault::OutOfRange),
        ("22007", "invalid input syntax for type timestamp with time zone: \"x\"", Fault::OutOfRange),
        ("22008", "date out of range", Fault::OutOfRange),
        ("22008", "timestamp out of range", Fault::OutOfRange),
        ("22008", "date/time field value out of range: \"-9999-01-01\"", Fault::OutOfRange),
        ("42P01", "relation \"gone\" does not exist", Fault::Own),
        ("42501", "permission denied for table events", Fault::Own),
        ("22012", "division by zero", Fault::Own),
    ];

    #[test]
    fn every_failure_is_told_by_what_postgresql_says() {
        for (state, message, expected) in SAID {
            assert_eq!(read(message), expected, "{state} {message}");
        }
    }
}

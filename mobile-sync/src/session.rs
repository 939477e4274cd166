//! Who is using the device, and what time it is there.

use floorline_domain::ids::{LeaseId, UserId};
use floorline_domain::permission::PermissionSet;

/// The person signed in, as far as predictions need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub actor: UserId,
    /// What they may do.
    pub permissions: PermissionSet,
    /// Names of their roles.
    pub roles: Vec<String>,
    /// Named in their entries, so that they count later and over another person's connection.
    pub lease_id: Option<LeaseId>,
}

/// The device's clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds since 1970, by a clock that may be wrong: only written down, never compared.
    pub time: i64,
    /// Milliseconds since the clock of this run started; every wait is measured by it.
    pub monotonic: i64,
}

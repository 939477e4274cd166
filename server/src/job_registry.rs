//! Which feature runs which kind of job, on one page.

use crate::app::App;
use crate::platform::jobs::Registry;

/// All kinds there are.
#[must_use]
pub fn job_registry(_app: &App) -> Registry {
    Registry::default()
}

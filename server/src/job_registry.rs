//! Which feature runs which kind of job, on one page.

use crate::app::App;
use crate::floor::{cases, shifts};
use crate::platform::jobs::Registry;

/// All kinds there are.
#[must_use]
pub fn job_registry(app: &App) -> Registry {
    let engine = app.engine.clone();
    let app = app.clone();
    Registry::default()
        .on(shifts::END_IDLE, move |job| shifts::end_idle(engine.clone(), job))
        .on(cases::RETRY, move |job| cases::retry(app.clone(), job))
}

//! Which feature runs which kind of job, on one page.

use crate::app::App;
use crate::floor::shifts;
use crate::platform::jobs::Registry;

/// All kinds there are.
#[must_use]
pub fn job_registry(app: &App) -> Registry {
    let engine = app.engine.clone();
    Registry::default().on(shifts::END_IDLE, move |job| shifts::end_idle(engine.clone(), job))
}

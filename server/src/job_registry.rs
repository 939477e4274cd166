//! Which feature runs which kind of job, on one page.

use crate::app::App;
use crate::floor::{cases, shifts};
use crate::identity::push;
use crate::platform::jobs::Registry;

/// All kinds there are.
#[must_use]
pub fn job_registry(app: &App) -> Registry {
    let (engine, for_cases, for_tell, for_send) = (app.engine.clone(), app.clone(), app.clone(), app.clone());
    Registry::default()
        .on(shifts::END_IDLE, move |job| shifts::end_idle(engine.clone(), job))
        .on(cases::RETRY, move |job| cases::retry(for_cases.clone(), job))
        .on(push::TELL, move |job| push::tell(for_tell.clone(), job))
        .on(push::SEND, move |job| push::send(for_send.clone(), job))
}

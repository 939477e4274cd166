//! `floorline openapi`

use std::process::ExitCode;

use super::output::say;
use crate::app;

pub(super) fn print() -> anyhow::Result<ExitCode> {
    say(&app::openapi().to_pretty_json()?);
    Ok(ExitCode::SUCCESS)
}

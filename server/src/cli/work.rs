//! `floorline work`

use std::process::ExitCode;

use anyhow::bail;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::output::say;
use super::serve::asked_to_stop;
use crate::app::App;
use crate::database::Database;
use crate::history;
use crate::job_registry::job_registry;
use crate::platform::config::Config;
use crate::platform::db::Db;
use crate::platform::jobs::Runner;

pub(super) async fn run(config: Config) -> anyhow::Result<ExitCode> {
    if config.database.url.is_none() {
        bail!("needs DATABASE_URL; with a database of its own, `floorline serve` runs the jobs itself");
    }
    if config.limits.jobs == 0 {
        bail!("FLOORLINE_JOBS: 0 leaves the jobs to others; `floorline work` is there to run them");
    }
    let database = Database::open(&config).await?;
    let db = Db::new(database.url(), config.database.pool)?;
    db.verify().await?;
    history::look(&db).await?;
    let app = App::new(&config, db)?;
    let cancel = CancellationToken::new();
    let runner = Runner::new(app.db.clone(), job_registry(&app), app.jobs.clone(), app.limits.jobs, Uuid::now_v7());
    let runner = tokio::spawn(runner.run(cancel.clone(), app.limits.drain));
    let asked = asked_to_stop()?;
    say("Floorline runs jobs");
    asked.await;
    cancel.cancel();
    runner.await?;
    app.db.close();
    Ok(ExitCode::SUCCESS)
}

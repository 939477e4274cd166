//! Runs the migrations embedded in the binary, up and down, one server at a time.

use std::time::Duration;

use chrono::NaiveDate;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::sql_types::{Date, Text};
use diesel_async::{
    AsyncConnection as _, AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

use super::sql;

/// Every step in `migrations/`.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations");

/// Names the one advisory lock under which migrations run ("floor" in ASCII).
const LOCK: i64 = 0x66_6c_6f_6f_72;

/// Why the schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// No connection.
    #[error("the database cannot be reached for migrations: {0}")]
    Unreachable(#[from] diesel::ConnectionError),
    /// The login may not make roles or own the schema.
    #[error(
        "roles could not be prepared ({0}); let a database administrator run server/src/platform/db/roles.sql and grant all four roles to the login"
    )]
    Roles(diesel::result::Error),
    /// A step failed; the steps before it stay applied.
    #[error("a migration failed: {0}")]
    Step(String),
}

/// Makes the roles when they are absent and applies every pending step. Returns the names of the steps applied.
///
/// Must be called on a multi-threaded tokio runtime (the harness blocks in place).
///
/// # Errors
/// [`MigrateError`]; nothing of a failed step stays.
pub async fn up(url: &str) -> Result<Vec<String>, MigrateError> {
    let mut conn = connect(url).await?;
    let mut harness = AsyncMigrationHarness::new(conn);
    let applied = harness
        .run_pending_migrations(MIGRATIONS)
        .map_err(|error| MigrateError::Step(error.to_string()))?
        .iter()
        .map(ToString::to_string)
        .collect();
    conn = harness.into_inner();
    if let Err(error) = partitions_ahead(&mut conn).await {
        // Not worth refusing to serve: the default partitions take what has no other, and it is tried again every few hours.
        tracing::error!(error = %error, "day partitions could not be made ahead");
    }
    Ok(applied)
}

/// Takes back the newest `steps` steps, all of them when `None`. Returns their names.
///
/// # Errors
/// [`MigrateError`].
pub async fn down(url: &str, steps: Option<usize>) -> Result<Vec<String>, MigrateError> {
    let conn = connect(url).await?;
    let mut harness = AsyncMigrationHarness::new(conn);
    let mut reverted = Vec::new();
    let available =
        MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(|error| MigrateError::Step(error.to_string()))?.len();
    for _ in 0..steps.unwrap_or(available).min(available) {
        if harness.applied_migrations().map_err(|error| MigrateError::Step(error.to_string()))?.is_empty() {
            break;
        }
        let version =
            harness.revert_last_migration(MIGRATIONS).map_err(|error| MigrateError::Step(error.to_string()))?;
        reverted.push(version.to_string());
    }
    Ok(reverted)
}

/// The names of all steps, oldest first.
pub fn names() -> Vec<String> {
    let mut all: Vec<String> = MigrationSource::<Pg>::migrations(&MIGRATIONS)
        .map(|steps| steps.iter().map(|step| step.name().to_string()).collect())
        .unwrap_or_default();
    all.sort();
    all
}

/// Makes the day partitions from yesterday to a fortnight ahead that are not there yet. The connection must act as the owner.
///
/// Each in a transaction of its own: one that cannot be made keeps no other from being made, and its rows go to the default partition.
///
/// # Errors
/// The first that failed, once all were tried.
pub async fn partitions_ahead(conn: &mut AsyncPgConnection) -> diesel::QueryResult<()> {
    let missing: Vec<Missing> = sql(include_str!("missing_partitions.sql")).load(conn).await?;
    let mut failed = None;
    for Missing { parent, day } in missing {
        let made =
            sql("SELECT ensure_partition($1, $2)").bind::<Text, _>(&parent).bind::<Date, _>(day).execute(conn).await;
        if let Err(error) = made {
            tracing::error!(error = %error, parent, day = %day, "a day partition could not be made ahead");
            failed.get_or_insert(error);
        }
    }
    failed.map_or(Ok(()), Err)
}

#[derive(diesel::QueryableByName)]
struct Missing {
    #[diesel(sql_type = Text)]
    parent: String,
    #[diesel(sql_type = Date)]
    day: NaiveDate,
}

async fn connect(url: &str) -> Result<AsyncPgConnection, MigrateError> {
    let mut conn = AsyncPgConnection::establish(url).await?;
    // Waits for another server that is migrating; the lock goes with the connection.
    let prepare =
        format!("SET lock_timeout = '{}s'; SELECT pg_advisory_lock({LOCK})", Duration::from_secs(60).as_secs());
    conn.batch_execute(&prepare).await.map_err(|error| MigrateError::Step(error.to_string()))?;
    conn.batch_execute("RESET lock_timeout").await.map_err(MigrateError::Roles)?;
    let as_owner = "SET ROLE floorline_owner";
    // A login that may not make roles is fine where an administrator made them before.
    let made = conn.batch_execute(include_str!("roles.sql")).await;
    let granted = conn.batch_execute(include_str!("grants.sql")).await;
    if let Err(refused) = conn.batch_execute(as_owner).await {
        return Err(MigrateError::Roles(made.and(granted).err().unwrap_or(refused)));
    }
    Ok(conn)
}

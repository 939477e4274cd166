//! Runs the migrations embedded in the binary, up and down, one server at a time.

use std::time::Duration;

use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel_async::{AsyncConnection as _, AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection as _};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

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
    partitions_ahead(&mut conn).await.map_err(|error| MigrateError::Step(error.to_string()))?;
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

/// Makes the day partitions of today and the fourteen days after it. The connection must act as the owner.
///
/// # Errors
/// What PostgreSQL said.
pub async fn partitions_ahead(conn: &mut AsyncPgConnection) -> diesel::QueryResult<()> {
    conn.batch_execute("SELECT ensure_partitions(current_date - 1, 16)").await
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

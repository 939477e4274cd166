//! Whether this database still tells the history it told before, and its new name when it may not.
//!
//! A restored dump, a recovery to a point in time and a standby that took over have forgotten transactions whose verdicts were told. Phones give
//! back what they hold (`sync-protocol.md` section 4, rule 7); they and every reader of a feed know that history may have been rewound by its
//! epochs, the server's and each topic's. So these are renewed when the cluster, its timeline or the database is another than the `installation`
//! row says, and by hand where nobody could tell: a dump restored over the same database.
//!
//! The row is locked while it is compared. Of servers that start at once, one renews, and the others find it done.

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use uuid::Uuid;

use super::{Db, Role, sql};
use crate::platform::http::ApiError;

/// Whoever renews at this moment is waited for, and writers that hold feeds.
const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '60s'";

/// What came of a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// The same history as before, or the first look at a new installation.
    Same,
    /// Another one: all epochs are new.
    Renewed(Renewed),
    /// The login may not ask: PostgreSQL as a service sometimes forbids it.
    Forbidden,
}

/// Epochs that were renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// The server's until now.
    pub before: String,
    /// The server's from now on.
    pub after: String,
    /// How many topics have a new one.
    pub topics: usize,
    /// What is another than before, for people.
    pub why: String,
}

/// Which cluster, timeline and database.
#[derive(Debug, Clone, PartialEq, Eq, diesel::QueryableByName)]
struct Standing {
    #[diesel(sql_type = Text)]
    system_identifier: String,
    #[diesel(sql_type = BigInt)]
    timeline: i64,
    #[diesel(sql_type = BigInt)]
    database_oid: i64,
}

/// The same as the `installation` row has it.
#[derive(Debug, Clone, PartialEq, Eq, diesel::QueryableByName)]
struct Recorded {
    #[diesel(sql_type = Text)]
    server_epoch: String,
    #[diesel(sql_type = Text)]
    system_identifier: String,
    #[diesel(sql_type = BigInt)]
    timeline: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    database_oid: Option<i64>,
}

impl Db {
    /// Looks whether the history may have been rewound since anybody looked, and renews all epochs if so.
    ///
    /// # Errors
    /// Those of the database; then nothing is renewed.
    pub async fn look_at_epoch(&self) -> Result<Looked, ApiError> {
        let Some(now) = self.history().await? else { return Ok(Looked::Forbidden) };
        let mut transaction = self.begin(Role::Owner, BEGIN).await?;
        let recorded = lock(transaction.conn()).await?;
        let Some(why) = difference(&recorded, &now) else {
            if recorded.database_oid.is_none() {
                record(transaction.conn(), &recorded.server_epoch, &now).await?;
                transaction.commit().await?;
            }
            return Ok(Looked::Same);
        };
        let renewed = renew(transaction.conn(), recorded, Some(&now), why).await?;
        transaction.commit().await?;
        Ok(Looked::Renewed(renewed))
    }

    /// Renews all epochs, whatever the database says of itself.
    ///
    /// # Errors
    /// Those of the database; then nothing is renewed.
    pub async fn renew_epoch(&self) -> Result<Renewed, ApiError> {
        let now = self.history().await?;
        let mut transaction = self.begin(Role::Owner, BEGIN).await?;
        let recorded = lock(transaction.conn()).await?;
        let renewed = renew(transaction.conn(), recorded, now.as_ref(), "asked for".to_owned()).await?;
        transaction.commit().await?;
        Ok(renewed)
    }

    /// Which history this is; none when the login may not ask.
    async fn history(&self) -> Result<Option<Standing>, ApiError> {
        let mut conn = self.get(Role::Owner).await?;
        match sql(include_str!("standing.sql")).get_result(&mut conn).await {
            Ok(standing) => Ok(Some(standing)),
            Err(diesel::result::Error::DatabaseError(_, info)) if info.message().starts_with("permission denied") => {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

async fn lock(conn: &mut AsyncPgConnection) -> Result<Recorded, ApiError> {
    let query = "SELECT server_epoch, system_identifier, timeline, database_oid FROM installation FOR UPDATE";
    Ok(sql(query).get_result(conn).await?)
}

async fn record(conn: &mut AsyncPgConnection, epoch: &str, now: &Standing) -> Result<(), ApiError> {
    sql("UPDATE installation SET server_epoch = $1, system_identifier = $2, timeline = $3, database_oid = $4")
        .bind::<Text, _>(epoch)
        .bind::<Text, _>(&now.system_identifier)
        .bind::<BigInt, _>(now.timeline)
        .bind::<BigInt, _>(now.database_oid)
        .execute(conn)
        .await?;
    Ok(())
}

/// Gives the server and every topic an epoch that never was; where nothing is known of the present history, the row keeps what it says of it.
async fn renew(
    conn: &mut AsyncPgConnection,
    recorded: Recorded,
    now: Option<&Standing>,
    why: String,
) -> Result<Renewed, ApiError> {
    let after = Uuid::new_v4().simple().to_string();
    match now {
        Some(now) => record(conn, &after, now).await?,
        None => {
            sql("UPDATE installation SET server_epoch = $1").bind::<Text, _>(&after).execute(conn).await?;
        }
    }
    // All at once: row by row it would meet the writers in another order than theirs.
    sql("LOCK TABLE sync_topics IN SHARE ROW EXCLUSIVE MODE").execute(conn).await?;
    let topics = sql("UPDATE sync_topics SET epoch = replace(gen_random_uuid()::text, '-', '')").execute(conn).await?;
    Ok(Renewed { before: recorded.server_epoch, after, topics, why })
}

/// Why the history may be another one; none when nothing speaks for it.
fn difference(recorded: &Recorded, now: &Standing) -> Option<String> {
    let database = recorded.database_oid.unwrap_or(now.database_oid);
    let mut why = Vec::new();
    if recorded.system_identifier != now.system_identifier {
        why.push(format!("the cluster was {} and is {}", recorded.system_identifier, now.system_identifier));
    }
    if recorded.timeline != now.timeline {
        why.push(format!("the timeline was {} and is {}", recorded.timeline, now.timeline));
    }
    if database != now.database_oid {
        why.push(format!("the database was number {database} and is {}", now.database_oid));
    }
    (!why.is_empty()).then(|| why.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Standing {
        Standing { system_identifier: "71".into(), timeline: 1, database_oid: 16_384 }
    }

    fn recorded() -> Recorded {
        let Standing { system_identifier, timeline, database_oid } = now();
        Recorded { server_epoch: "9f3c".into(), system_identifier, timeline, database_oid: Some(database_oid) }
    }

    #[test]
    fn a_history_is_another_one_by_its_cluster_its_timeline_or_its_database() {
        assert_eq!(difference(&recorded(), &now()), None);
        let others = [
            Standing { system_identifier: "72".into(), ..now() },
            Standing { timeline: 2, ..now() },
            Standing { timeline: 0, ..now() },
            Standing { database_oid: 16_385, ..now() },
        ];
        for other in others {
            assert!(difference(&recorded(), &other).is_some(), "{other:?}");
        }
    }

    #[test]
    fn a_database_that_nobody_looked_at_yet_is_only_noted() {
        let unnoted = Recorded { database_oid: None, ..recorded() };
        assert_eq!(difference(&unnoted, &now()), None);
    }
}

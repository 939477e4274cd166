//! A private database for one test, with two organisations in it: isolation is always in play.

use chrono::Utc;
use diesel::sql_types::{Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use floorline_domain::OrgId;
use floorline_server::platform::db::Db;
use uuid::Uuid;

use super::cluster;

/// Gone when dropped.
pub(crate) struct Database {
    name: String,
    /// As the server uses it.
    pub(crate) db: Db,
    /// The organisation the test is about.
    pub(crate) org: OrgId,
    /// The one that must see nothing of it.
    pub(crate) other: OrgId,
}

impl Database {
    /// Clones the template and adds two factories.
    pub(crate) async fn new() -> Self {
        let name = format!("test_{}", Uuid::new_v4().simple());
        cluster::clone_template(&name).await;
        let db = Db::new(&cluster::server_url(&name).await, 4).unwrap();
        let database = Self { name, db, org: OrgId(Uuid::now_v7()), other: OrgId(Uuid::now_v7()) };
        let mut admin = database.admin().await;
        for (org, name) in [(database.org, "Aurora Works"), (database.other, "Borealis Works")] {
            add_factory(&mut admin, org, name).await;
        }
        database
    }

    /// A superuser's connection to it.
    pub(crate) async fn admin(&self) -> AsyncPgConnection {
        cluster::connect(&self.name).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.db.close();
        let name = std::mem::take(&mut self.name);
        let drop = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(cluster::drop_database(&name));
        };
        // A test that failed has its own message; this thread's is not needed then.
        let _ = std::thread::spawn(drop).join();
    }
}

async fn add_factory(admin: &mut AsyncPgConnection, org: OrgId, name: &str) {
    diesel::sql_query(
        "INSERT INTO organizations (id, kind, name, created_at, updated_at) VALUES ($1, 'factory', $2, $3, $3)",
    )
    .bind::<SqlUuid, _>(org.0)
    .bind::<Text, _>(name)
    .bind::<Timestamptz, _>(Utc::now())
    .execute(admin)
    .await
    .unwrap();
}

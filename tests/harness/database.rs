//! A floor's database without a server in front of it, for tests of what lies below HTTP.

use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use floorline_domain::OrgId;
use floorline_server::platform::db::Db;

use super::cluster::PrivateDatabase;
use super::fixtures::Fixture;

/// Gone when dropped.
pub struct Database {
    /// As the server uses it.
    pub db: Db,
    /// The organisation the test is about.
    pub org: OrgId,
    /// The one that must see nothing of it.
    pub other: OrgId,
    place: PrivateDatabase,
}

impl Database {
    /// Clones the template: the factories of the fixtures are `org` and `other`.
    pub async fn new() -> Self {
        let place = PrivateDatabase::cloned().await;
        let factory = |key| Fixture::get().organization(key).id;
        Self { db: Db::new(place.url(), 4).unwrap(), org: factory("north"), other: factory("south"), place }
    }

    /// The address for the server's login, for a pool of one's own.
    pub fn url(&self) -> &str {
        self.place.url()
    }

    /// A superuser's connection to it, for setting a stage and looking behind it.
    pub async fn admin(&self) -> AsyncPgConnection {
        AsyncPgConnection::establish(self.place.owner_url()).await.unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.db.close();
    }
}

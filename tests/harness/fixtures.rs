//! The organisations, people and places every floor starts with: two of each kind, so that there is always somebody who must see nothing.

use std::sync::OnceLock;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{Array, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl as _;
use floorline_domain::permission::{OrganizationKind, role_templates};
use floorline_domain::{OrgId, UserId};
use floorline_server::identity::Passwords;
use floorline_server::platform::config;
use floorline_server::platform::db::{Db, sql};
use floorline_server::platform::tenancy::TenantTx;
use uuid::Uuid;

use super::now;

/// Everybody's.
pub const PASSWORD: &str = "correct horse battery";

/// Everything the template holds.
pub struct Fixture {
    organizations: Vec<Organization>,
}

/// An organisation of the template.
pub struct Organization {
    pub key: &'static str,
    pub id: OrgId,
    people: Vec<Person>,
    places: Vec<(&'static str, Uuid)>,
}

/// A person of the template.
pub struct Person {
    pub org: OrgId,
    pub id: UserId,
    pub email: String,
    pub login: Uuid,
}

static FIXTURE: OnceLock<Fixture> = OnceLock::new();

impl Fixture {
    /// What the template holds; there is no floor before it.
    pub fn get() -> &'static Self {
        FIXTURE.get().expect("a floor was started")
    }

    pub fn organization(&self, key: &str) -> &Organization {
        self.organizations.iter().find(|organization| organization.key == key).unwrap()
    }

    pub fn person(&self, email: &str) -> &Person {
        let mut people = self.organizations.iter().flat_map(|organization| &organization.people);
        people.find(|person| person.email == email).unwrap_or_else(|| panic!("nobody is called {email}"))
    }

    /// Fills the template.
    pub async fn make(db: &Db) {
        let cheap = config::SignIn { password_memory_kib: 8, password_passes: 1, behind_proxy: false };
        let hash = Passwords::new(&cheap).unwrap().hash(PASSWORD).await.unwrap();
        let factory = &[
            ("admin", "admin"),
            ("supervisor", "supervisor"),
            ("operator", "operator"),
            ("operator2", "operator"),
            ("quality", "quality"),
        ];
        let brand = &[("admin", "brand_admin"), ("viewer", "brand_viewer")];
        let organizations = vec![
            make_organization(db, "north", "North Mill", OrganizationKind::Factory, factory, &hash).await,
            make_organization(db, "south", "South Works", OrganizationKind::Factory, factory, &hash).await,
            make_organization(db, "aurora", "Aurora", OrganizationKind::Brand, brand, &hash).await,
            make_organization(db, "borealis", "Borealis", OrganizationKind::Brand, brand, &hash).await,
        ];
        let [north, south, aurora, borealis] = organizations.as_slice() else { unreachable!() };
        make_partnership(db, (aurora.id, "Aurora"), (north.id, "North Mill")).await;
        make_partnership(db, (borealis.id, "Borealis"), (south.id, "South Works")).await;
        assert!(FIXTURE.set(Self { organizations }).is_ok(), "the template is made once");
    }
}

impl Organization {
    /// The id of its only place of this kind.
    pub fn place(&self, kind: &str) -> String {
        let found = self.places.iter().find(|(known, _)| *known == kind);
        found.unwrap_or_else(|| panic!("{} has no {kind}", self.key)).1.to_string()
    }
}

async fn make_organization(
    db: &Db,
    key: &'static str,
    name: &str,
    kind: OrganizationKind,
    people: &[(&str, &str)],
    hash: &str,
) -> Organization {
    let (id, at) = (OrgId(Uuid::now_v7()), now());
    let mut tx = TenantTx::open(db, id).await.unwrap();
    sql("INSERT INTO organizations (id, kind, name, created_at, updated_at) SELECT $1, $2, $3, t, t FROM (SELECT $4) AS at (t)")
        .bind::<SqlUuid, _>(id.0)
        .bind::<Text, _>(kind.as_str())
        .bind::<Text, _>(name)
        .bind::<Timestamptz, _>(at)
        .execute(tx.conn())
        .await
        .unwrap();
    for template in role_templates(kind) {
        let permissions: Vec<&str> = template.permissions.iter().map(|permission| permission.as_str()).collect();
        sql("INSERT INTO roles (org_id, id, name, permissions, template, created_at, updated_at) \
             SELECT $1, $2, $3, $4, true, t, t FROM (SELECT $5) AS at (t)")
        .bind::<SqlUuid, _>(id.0)
        .bind::<SqlUuid, _>(Uuid::now_v7())
        .bind::<Text, _>(template.name)
        .bind::<Array<Text>, _>(permissions)
        .bind::<Timestamptz, _>(at)
        .execute(tx.conn())
        .await
        .unwrap();
    }
    let mut made = Vec::new();
    for (person, role) in people {
        made.push(make_person(&mut tx, &format!("{person}@{key}.example"), role, hash, at).await);
    }
    let places = if kind == OrganizationKind::Factory { make_places(&mut tx, name, at).await } else { Vec::new() };
    tx.commit().await.unwrap();
    Organization { key, id, people: made, places }
}

async fn make_person(tx: &mut TenantTx, email: &str, role: &str, hash: &str, at: DateTime<Utc>) -> Person {
    let org = tx.org();
    let person = Person { org, id: UserId(Uuid::now_v7()), email: email.to_owned(), login: Uuid::now_v7() };
    // The first administrator founded the installation.
    let own: Vec<&str> = if email == "admin@north.example" { vec!["organization:create"] } else { Vec::new() };
    sql("INSERT INTO users (org_id, id, email, name, password_hash, permissions, created_at, updated_at) \
         SELECT $1, $2, e, initcap(split_part(e, '@', 1)), $3, $4, t, t FROM (SELECT $5, $6) AS given (e, t)")
    .bind::<SqlUuid, _>(org.0)
    .bind::<SqlUuid, _>(person.id.0)
    .bind::<Text, _>(hash)
    .bind::<Array<Text>, _>(own)
    .bind::<Text, _>(email)
    .bind::<Timestamptz, _>(at)
    .execute(tx.conn())
    .await
    .unwrap();
    sql("INSERT INTO user_roles (org_id, user_id, role_id) SELECT org_id, $1, id FROM roles WHERE org_id = $2 AND name = $3")
        .bind::<SqlUuid, _>(person.id.0)
        .bind::<SqlUuid, _>(org.0)
        .bind::<Text, _>(role)
        .execute(tx.conn())
        .await
        .unwrap();
    sql("INSERT INTO logins (org_id, id, user_id, created_at, refreshed_at, expires_at) \
         SELECT $1, $2, $3, t, t, $4 FROM (SELECT $5) AS at (t)")
    .bind::<SqlUuid, _>(org.0)
    .bind::<SqlUuid, _>(person.login)
    .bind::<SqlUuid, _>(person.id.0)
    .bind::<Timestamptz, _>(at + TimeDelta::days(1))
    .bind::<Timestamptz, _>(at)
    .execute(tx.conn())
    .await
    .unwrap();
    person
}

async fn make_places(tx: &mut TenantTx, name: &str, at: DateTime<Utc>) -> Vec<(&'static str, Uuid)> {
    let (site, area, station) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let rows = [
        ("site", site, None, name),
        ("area", area, Some(site), "Sewing"),
        ("station", station, Some(area), "Station 1"),
    ];
    for (kind, id, parent, name) in rows {
        sql("INSERT INTO locations (org_id, id, kind, name, parent_id, site_id, created_at, updated_at) \
             SELECT $1, $2, $3, $4, $5, $6, t, t FROM (SELECT $7) AS at (t)")
        .bind::<SqlUuid, _>(tx.org().0)
        .bind::<SqlUuid, _>(id)
        .bind::<Text, _>(kind)
        .bind::<Text, _>(name)
        .bind::<Nullable<SqlUuid>, _>(parent)
        .bind::<SqlUuid, _>(site)
        .bind::<Timestamptz, _>(at)
        .execute(tx.conn())
        .await
        .unwrap();
    }
    vec![("site", site), ("area", area), ("station", station)]
}

async fn make_partnership(db: &Db, brand: (OrgId, &str), factory: (OrgId, &str)) {
    let mut tx = TenantTx::open(db, brand.0).await.unwrap();
    sql("INSERT INTO partnerships (id, brand_id, factory_id, brand_name, factory_name, status, proposed_by, \
         brand_accepted_at, factory_accepted_at, created_at, updated_at) \
         SELECT $1, b, $2, $3, $4, 'active', b, t, t, t, t FROM (SELECT $5, $6) AS given (b, t)")
    .bind::<SqlUuid, _>(Uuid::now_v7())
    .bind::<SqlUuid, _>(factory.0.0)
    .bind::<Text, _>(brand.1)
    .bind::<Text, _>(factory.1)
    .bind::<SqlUuid, _>(brand.0.0)
    .bind::<Timestamptz, _>(now())
    .execute(tx.conn())
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

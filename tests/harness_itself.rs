//! The harness keeps its own promises.

use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl as _;
use floorline_server::platform::db::sql;

use crate::harness::Floor;

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_floor_answers_and_knows_its_routes() {
    let floor = Floor::new().await;
    floor.stranger().get("/v1/openapi.json").await.assert_status(200);
    floor.stranger().get("/nowhere").await.assert_status(404).assert_problem("NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_floors_share_nothing_but_their_fixtures() {
    let (one, other) = (Floor::new().await, Floor::new().await);
    let org = one.north().id();
    let mut tx = one.tenant(org).await;
    sql("UPDATE organizations SET name = 'Changed'").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = other.tenant(org).await;
    let same: Count =
        sql("SELECT count(*) AS n FROM organizations WHERE name = 'North Mill'").get_result(tx.conn()).await.unwrap();
    assert_eq!(same.n, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_sees_one_organisation_at_a_time() {
    let floor = Floor::new().await;
    for org in [floor.north().id(), floor.aurora().id()] {
        let mut tx = floor.tenant(org).await;
        let seen: Count = sql("SELECT count(DISTINCT org_id) AS n FROM users").get_result(tx.conn()).await.unwrap();
        assert_eq!(seen.n, 1);
        let partnerships: Count = sql("SELECT count(*) AS n FROM partnerships").get_result(tx.conn()).await.unwrap();
        assert_eq!(partnerships.n, 1);
    }
}

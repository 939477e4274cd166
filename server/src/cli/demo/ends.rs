//! How everything stands in the end, counted in the database.

use diesel::sql_types::BigInt;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl as _};

/// Items, orders and cases, by how they ended.
#[derive(diesel::QueryableByName)]
pub(super) struct Ends {
    #[diesel(sql_type = BigInt)]
    pub(super) items_completed: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) items_scrapped: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) items_open: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) orders_completed: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) orders_open: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) cases_open: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) photos: i64,
}

impl Ends {
    pub(super) async fn read(url: &str) -> anyhow::Result<Self> {
        let mut conn = AsyncPgConnection::establish(url).await?;
        Ok(diesel::sql_query(include_str!("ends.sql")).get_result(&mut conn).await?)
    }
}

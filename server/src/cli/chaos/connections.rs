//! Nobody gets a connection to PostgreSQL: all of them are held, and those that servers have are ended, until it is over.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio_postgres::{Client, NoTls};

/// What our own connections are called.
const NAME: &str = "floorline_chaos";

/// Holds every connection there is for `time`; gives how many, and how often one more was refused.
pub(super) async fn hold(url: &str, superuser_url: &str, time: Duration) -> anyhow::Result<(usize, usize)> {
    // PostgreSQL keeps a few apart for a superuser.
    let (superuser, driving) = tokio_postgres::connect(superuser_url, NoTls).await.context("no superuser")?;
    let driving = tokio::spawn(driving);
    let (until, mut held, mut refused) = (Instant::now() + time, Vec::<Client>::new(), 0);
    let mut address: tokio_postgres::Config = url.parse()?;
    address.application_name(NAME);
    let mut tasks = tokio::task::JoinSet::new();
    while Instant::now() < until {
        match address.connect(NoTls).await {
            Ok((client, connection)) => {
                held.push(client);
                tasks.spawn(async move { drop(connection.await) });
            }
            Err(_) => {
                refused += 1;
                let end = format!(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'floorline' AND application_name <> '{NAME}'"
                );
                superuser.batch_execute(&end).await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    drop(superuser);
    driving.abort();
    Ok((held.len(), refused))
}

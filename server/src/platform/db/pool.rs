//! How a connection is made, and what it is told before anybody uses it.
//!
//! Everything here has an end in time. A connection whose other side vanished without a word looks alive for hours; one of them in the hands of a
//! site's writer stops that site.

use std::time::Duration;

use diesel::ConnectionError;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use futures_util::FutureExt as _;
use tokio::runtime::Handle;
use tokio_postgres::{Config, NoTls};
use tokio_util::task::AbortOnDropHandle;

use super::{OpenError, Role};

/// How long a request waits for a connection, a new connection may take, and an old one may take to show that it is alive.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// Sent and not acknowledged for this long: the other side is gone.
const UNACKNOWLEDGED: Duration = Duration::from_secs(15);
/// Silent for this long: the other side is asked whether it is there.
const SILENT: Duration = Duration::from_secs(30);

pub(super) fn build(
    url: &str,
    role: Role,
    size: usize,
    runtime: &Handle,
) -> Result<Pool<AsyncPgConnection>, OpenError> {
    // The text of a parse error quotes nothing of the address.
    let address = address(url).map_err(|error| OpenError::Unreachable(error.to_string()))?;
    let runtime = runtime.clone();
    let mut config = ManagerConfig::<AsyncPgConnection>::default();
    // Whoever takes one finds out with the first thing they ask whether it lives: a question beforehand would cost a round trip every time.
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |_| {
        // On the runtime that ends last: the task that drives a connection stays where the connection was made.
        let made = AbortOnDropHandle::new(runtime.spawn(connect(address.clone(), role)));
        async move { made.await.unwrap_or_else(|ended| Err(ConnectionError::BadConnection(ended.to_string()))) }.boxed()
    });
    let manager = AsyncDieselConnectionManager::<AsyncPgConnection>::new_with_config("", config);
    Pool::builder(manager)
        .max_size(size)
        .wait_timeout(Some(PATIENCE))
        .create_timeout(Some(PATIENCE))
        .recycle_timeout(Some(PATIENCE))
        .runtime(deadpool::Runtime::Tokio1)
        .build()
        .map_err(|error| OpenError::Unreachable(error.to_string()))
}

/// What the address says, and limits in time where it says none.
fn address(url: &str) -> Result<Config, tokio_postgres::Error> {
    let mut address: Config = url.parse()?;
    if address.get_tcp_user_timeout().is_none() {
        address.tcp_user_timeout(UNACKNOWLEDGED);
    }
    if address.get_keepalives_idle() == Config::new().get_keepalives_idle() {
        address.keepalives_idle(SILENT).keepalives_interval(Duration::from_secs(10)).keepalives_retries(3);
    }
    Ok(address)
}

async fn connect(address: Config, role: Role) -> Result<AsyncPgConnection, ConnectionError> {
    let (client, connection) =
        address.connect(NoTls).await.map_err(|error| ConnectionError::BadConnection(plain(&error)))?;
    let mut conn = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
    conn.batch_execute(&setup(role)).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

/// The error with what is behind it: by itself it says little more than "db error".
fn plain(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// One round trip. Errors in English where the login may ask for it ([`super::Db::verify`] looks at what came of it); a commit that returns is durable,
/// whatever the database's default; only the owner's work, which nobody waits for, may take minutes.
fn setup(role: Role) -> String {
    let statement_timeout = if role == Role::Owner { "5min" } else { "5s" };
    format!(
        "SELECT set_config('lc_messages', 'C', false) WHERE has_parameter_privilege('lc_messages', 'SET'); \
         SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'; \
         SET ROLE {}; SET lock_timeout = '2s'; SET statement_timeout = '{statement_timeout}'; \
         SET idle_in_transaction_session_timeout = '60s'; SET TIME ZONE 'UTC'",
        role.name()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_limits_in_time_unless_it_has_its_own() {
        let limits = |url| {
            let address = address(url).unwrap();
            (address.get_tcp_user_timeout().copied(), address.get_keepalives_idle())
        };
        assert_eq!(limits("postgres://floor@db.example/floor"), (Some(UNACKNOWLEDGED), SILENT));
        assert_eq!(
            limits("postgres://floor@db.example/floor?keepalives_idle=5&tcp_user_timeout=7"),
            (Some(Duration::from_secs(7)), Duration::from_secs(5))
        );
    }
}

//! A connection that stays open to hear and to say notifications. It belongs to no pool: it waits for hours, and what it hears comes unasked.

use std::time::Duration;

use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Statement};
use tokio_util::task::AbortOnDropHandle;

use super::{Db, OpenError, Role};

/// How long opening it and saying something may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Sent and not acknowledged for this long: the other side is gone.
const UNACKNOWLEDGED: Duration = Duration::from_secs(15);
/// Silent for this long: the other side is asked whether it is there.
const SILENT: Duration = Duration::from_secs(30);
/// How an administrator tells it from the pools' connections.
const NAME: &str = "floorline hint";

/// Why a line is not there, or not any more.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// PostgreSQL refused, or the connection ended.
    #[error("{0}")]
    Database(#[from] tokio_postgres::Error),
    /// No answer in time.
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Silent,
}

/// See the module.
pub struct Line {
    client: Client,
    notify: Statement,
    driver: AbortOnDropHandle<()>,
}

impl Db {
    /// Opens a line on which `hear` is called with whatever is said on `channel`, by this process, too. `channel` is a name of ours, never
    /// somebody's text.
    ///
    /// # Errors
    /// [`LineError`].
    pub async fn line(&self, channel: &'static str, hear: impl Fn(&str) + Send + 'static) -> Result<Line, LineError> {
        let opened = async {
            let (client, mut connection) = self.line.connect(NoTls).await?;
            let driver = self.runtime.spawn(async move {
                // Its end is what a line is asked about; why, the next opening tells.
                while let Some(Ok(message)) = futures_util::future::poll_fn(|cx| connection.poll_message(cx)).await {
                    if let AsyncMessage::Notification(said) = message {
                        hear(said.payload());
                    }
                }
            });
            let driver = AbortOnDropHandle::new(driver);
            // The role that sees least: it needs no table at all.
            let setup = format!("SET ROLE {}; SET statement_timeout = '5s'; LISTEN {channel}", Role::Poll.name());
            client.batch_execute(&setup).await?;
            let notify = client.prepare(&format!("SELECT pg_notify('{channel}', $1)")).await?;
            Ok(Line { client, notify, driver })
        };
        tokio::time::timeout(PATIENCE, opened).await.unwrap_or(Err(LineError::Silent))
    }
}

impl Line {
    /// Says something, in a transaction of its own.
    ///
    /// # Errors
    /// [`LineError`]; the line is then of no use any more.
    pub async fn say(&self, text: &str) -> Result<(), LineError> {
        match tokio::time::timeout(PATIENCE, self.client.execute(&self.notify, &[&text])).await {
            Ok(said) => Ok(said.map(drop)?),
            Err(_) => Err(LineError::Silent),
        }
    }

    /// Returns when the connection has ended. Cancelling loses nothing.
    pub async fn ended(&mut self) {
        let _ = (&mut self.driver).await;
    }
}

/// What the address says, a name, and limits in time where it says none.
pub(super) fn address(url: &str) -> Result<Config, OpenError> {
    // The text of a parse error quotes nothing of the address.
    let mut address: Config =
        url.parse().map_err(|error: tokio_postgres::Error| OpenError::Unreachable(error.to_string()))?;
    address.application_name(NAME);
    if address.get_tcp_user_timeout().is_none() {
        address.tcp_user_timeout(UNACKNOWLEDGED);
    }
    if address.get_keepalives_idle() == Config::new().get_keepalives_idle() {
        address.keepalives_idle(SILENT).keepalives_interval(Duration::from_secs(10)).keepalives_retries(3);
    }
    Ok(address)
}

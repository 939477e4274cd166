//! A server to measure: a process of its own over an embedded database in `<data>/bench`, which is emptied before and after.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::seed;
use crate::cli::child::{ServerChild, Settings};
use crate::cli::play_folder::empty;
use crate::platform::config::Config;

/// Room for every socket of the bench, and hashes that cost next to nothing: how long a sign-in takes is in no figure.
const SETTINGS: Settings = &[
    ("FLOORLINE_SOCKETS", "20000"),
    ("FLOORLINE_CONNECTIONS", "20000"),
    ("FLOORLINE_PASSWORD_MEMORY_KIB", "8"),
    ("FLOORLINE_PASSWORD_PASSES", "1"),
];

/// The running server.
pub(super) struct Stand {
    server: ServerChild,
    folder: PathBuf,
}

impl Stand {
    /// Where the server listens.
    pub(super) fn url(&self) -> String {
        self.server.url()
    }

    /// The server's data folder; phones keep their keys there, too.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The server's process.
    pub(super) fn server(&self) -> anyhow::Result<u32> {
        self.server.id().context("the server ended")
    }
}

/// Starts a server with one administrator, has it measured, and takes everything away again.
pub(super) async fn on_a_stand<T>(
    config: &Config,
    measure: impl AsyncFnOnce(&Stand) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let folder = std::path::absolute(config.data.folder.join("bench"))?;
    empty(&folder)?;
    let mut config = config.clone();
    config.data.folder.clone_from(&folder);
    config.database.url = None;
    config.sign_in.password_memory_kib = 8;
    config.sign_in.password_passes = 1;
    seed::found(&config).await?;
    // Any port: the usual one may be somebody's who is at work.
    let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    let stand = Stand { server: ServerChild::start_with(&folder, Some(address), SETTINGS).await?, folder };
    let measured = measure(&stand).await;
    let Stand { server, folder } = stand;
    server.stop().await?;
    let measured = measured.with_context(|| format!("the server's log is {}", folder.join("server.log").display()))?;
    empty(&folder)?;
    Ok(measured)
}

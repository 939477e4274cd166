//! A disk that can be filled: a small file system of its own under the tables that grow with every act.
//!
//! It takes root and a kernel that lets us mount. Where either is missing the fault is not run, and said so.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};

/// What fits on it.
const SIZE: &str = "size=512m";
/// The tables that are put there.
const TABLES: [&str; 2] = ["sync_receipts", "events"];

/// A mounted disk; unmounted when dropped.
pub(super) struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// Mounts one at `folder` and moves tables of the database at `owner_url` there. The inner error is why this machine does not allow it.
    pub(super) async fn mount(folder: &Path, cluster: &Path, owner_url: &str) -> anyhow::Result<Result<Self, String>> {
        // PostgreSQL has a working folder of its own.
        let folder = &std::path::absolute(folder)?;
        std::fs::create_dir_all(folder)?;
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(folder).output();
        let why = match &mounted {
            Ok(output) if output.status.success() => None,
            Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = why {
            return Ok(Err(format!("a file system cannot be mounted here ({why})")));
        }
        let disk = Self { folder: folder.to_owned() };
        let space = folder.join("tables");
        std::fs::create_dir(&space)?;
        // Whoever runs PostgreSQL owns its folder.
        let owner = std::fs::metadata(cluster.join("data")).context("the cluster has no data folder")?;
        chown(&space, Some(owner.uid()), Some(owner.gid()))?;
        let mut conn = AsyncPgConnection::establish(owner_url).await?;
        let place = space.display().to_string().replace('\'', "''");
        conn.batch_execute(&format!("CREATE TABLESPACE small LOCATION '{place}'")).await?;
        for table in TABLES {
            conn.batch_execute(&format!("ALTER TABLE {table} SET TABLESPACE small")).await?;
        }
        Ok(Ok(disk))
    }

    /// Takes all the room there is.
    pub(super) fn fill(&self) -> std::io::Result<()> {
        let mut ballast = std::fs::File::create(self.ballast())?;
        match std::io::copy(&mut std::io::repeat(0), &mut ballast) {
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
    }

    /// Gives it back.
    pub(super) fn free(&self) -> std::io::Result<()> {
        std::fs::remove_file(self.ballast())
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(&self.folder);
    }
}

/// Unmounts what an earlier run may have left at `folder`.
pub(super) fn unmount(folder: &Path) {
    let device = |path: &Path| std::fs::metadata(path).map(|found| found.dev()).ok();
    let is_mounted = folder.parent().is_some_and(|parent| device(folder).is_some() && device(folder) != device(parent));
    if is_mounted && let Err(error) = Command::new("umount").arg(folder).status() {
        tracing::warn!(folder = %folder.display(), error = %error, "the small disk stays mounted");
    }
}

//! The lock that makes one process the owner of a data folder.
//!
//! The operating system releases it however the process ends, so a lock file left behind means nothing; its content is only for the message.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use super::ClusterError;

/// How long a lock may stay taken before it is somebody else's: a process that was just killed, or is just starting a child, gives it up within this.
const PATIENCE: Duration = Duration::from_secs(1);
const TRY_EVERY: Duration = Duration::from_millis(50);

/// Held as long as the value lives.
#[derive(Debug)]
pub(super) struct InstanceLock {
    _file: File,
}

impl InstanceLock {
    /// Takes `<data>/lock`, or says who has it.
    pub(super) async fn take(data: &Path) -> Result<Self, ClusterError> {
        let path = data.join("lock");
        let fault = |source| ClusterError::Folder { path: path.clone(), source };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(fault)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => tokio::time::sleep(TRY_EVERY).await,
                Err(TryLockError::WouldBlock) => {
                    return Err(ClusterError::Locked { folder: data.to_owned(), holder: holder(&mut file) });
                }
                Err(TryLockError::Error(source)) => return Err(fault(source)),
            }
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()))
            .map_err(fault)?;
        Ok(Self { _file: file })
    }
}

fn holder(file: &mut File) -> String {
    let mut pid = String::new();
    match file.read_to_string(&mut pid) {
        Ok(_) if !pid.trim().is_empty() => format!(" (process {})", pid.trim()),
        _ => String::new(),
    }
}

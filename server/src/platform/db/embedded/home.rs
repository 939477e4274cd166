//! Where the cluster lives on disk, and whose it is.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::ClusterError;

/// Where clusters go that root starts in a folder the other user cannot reach.
const SYSTEM_FOLDER: &str = "/var/lib/floorline";

/// Where sockets go whose path would be too long.
const SHORT_FOLDER: &str = "/tmp";

/// The longest socket path every system takes: `sun_path` has 104 bytes on macOS and 108 on Linux, one of them for the end.
const LONGEST_SOCKET_PATH: usize = 103;

/// What PostgreSQL calls its socket.
const SOCKET_NAME: &str = ".s.PGSQL.5432";

/// The user PostgreSQL runs as when root starts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// The folders of one cluster.
#[derive(Debug)]
pub(super) struct Home {
    dir: PathBuf,
    /// None: PostgreSQL runs as the user who runs us.
    pub(super) account: Option<Account>,
}

impl Home {
    /// Finds the cluster's folder under `data`, or makes it.
    pub(super) fn open(data: &Path) -> Result<Self, ClusterError> {
        let account = if rustix::process::geteuid().is_root() { Some(other_account()?) } else { None };
        let place = data.join("cluster");
        if fs::symlink_metadata(&place).is_ok() {
            let dir = fs::canonicalize(&place).map_err(at(&place))?;
            return Ok(Self { dir, account });
        }
        let dir = match account {
            Some(account) if !reaches(account, data) => {
                let dir = Path::new(SYSTEM_FOLDER).join(short_id());
                make_dir(Path::new(SYSTEM_FOLDER), 0o711)?;
                make_private(&dir, Some(account))?;
                symlink(&dir, &place).map_err(at(&place))?;
                tracing::info!(folder = %dir.display(), "the data folder is closed to the database's user, so the database lives elsewhere");
                dir
            }
            _ => {
                make_private(&place, account)?;
                place
            }
        };
        Ok(Self { dir, account })
    }

    /// The cluster's folder under `data` as it stands; nothing is made. None when there is none.
    pub(super) fn existing_data(data: &Path) -> Option<PathBuf> {
        Some(fs::canonicalize(data.join("cluster")).ok()?.join("data"))
    }

    /// PostgreSQL's own data directory.
    pub(super) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Where `initdb` works until it has finished.
    pub(super) fn unfinished(&self) -> PathBuf {
        self.dir.join("data.unfinished")
    }

    /// What the postmaster says.
    pub(super) fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// The folder of the socket. Too deep a data folder gets a short one under `/tmp`, kept as a symbolic link.
    pub(super) fn socket_dir(&self) -> Result<PathBuf, ClusterError> {
        let run = self.dir.join("run");
        if fits(&run) {
            make_private(&run, self.account)?;
            return Ok(run);
        }
        if let Ok(dir) = fs::read_link(&run) {
            if self.is_ours(&dir) {
                return Ok(dir);
            }
            fs::remove_file(&run).map_err(at(&run))?;
        }
        let dir = Path::new(SHORT_FOLDER).join(format!("floorline-{}", short_id()));
        DirBuilder::new().mode(0o700).create(&dir).map_err(at(&dir))?;
        make_private(&dir, self.account)?;
        symlink(&dir, &run).map_err(at(&run))?;
        Ok(dir)
    }

    /// Writes the settings PostgreSQL starts with. The file is ours; what an operator wants otherwise goes into `local.conf` beside it, read last.
    pub(super) fn write_settings(&self, socket_dir: &Path) -> Result<(), ClusterError> {
        let file = self.data().join("postgresql.conf");
        let draft = self.data().join("postgresql.conf.draft");
        let socket_dir = socket_dir.display().to_string().replace('\'', "''");
        let text = format!("{SETTINGS}unix_socket_directories = '{socket_dir}'\ninclude_if_exists = 'local.conf'\n");
        fs::write(&draft, text).map_err(at(&draft))?;
        give(&draft, self.account, 0o600)?;
        fs::rename(&draft, &file).map_err(at(&file))
    }

    /// A folder under `/tmp` survives no reboot, and after one anybody may have taken its name.
    fn is_ours(&self, dir: &Path) -> bool {
        let uid = self.account.map_or_else(|| rustix::process::geteuid().as_raw(), |account| account.uid);
        fs::symlink_metadata(dir).is_ok_and(|found| found.is_dir() && found.uid() == uid && found.mode() & 0o077 == 0)
    }
}

const SETTINGS: &str = "\
# Written by Floorline at every start. Put your own settings into local.conf beside this file.
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 256MB
effective_cache_size = 1GB
random_page_cost = 1.1
max_wal_size = 2GB
fsync = on
full_page_writes = on
synchronous_commit = on
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_min_messages = warning
";

/// Makes the data folder and lets the database's user pass through it (not list it) when root runs us. What must stay secret in there has its own mode.
pub(super) fn make_data_folder(data: &Path) -> Result<PathBuf, ClusterError> {
    if !data.is_dir() {
        DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(at(data))?;
    }
    let data = fs::canonicalize(data).map_err(at(data))?;
    if rustix::process::geteuid().is_root() {
        let mode = fs::metadata(&data).map_err(at(&data))?.mode();
        fs::set_permissions(&data, Permissions::from_mode((mode & 0o7777) | 0o011)).map_err(at(&data))?;
    }
    Ok(data)
}

/// Whether the account may pass through every folder down to `path`.
fn reaches(account: Account, path: &Path) -> bool {
    path.ancestors().all(|folder| {
        fs::metadata(folder).is_ok_and(|found| may_enter(account, found.uid(), found.gid(), found.mode()))
    })
}

fn may_enter(account: Account, uid: u32, gid: u32, mode: u32) -> bool {
    let bit = match () {
        () if uid == account.uid => 0o100,
        () if gid == account.gid => 0o010,
        () => 0o001,
    };
    mode & bit != 0
}

fn other_account() -> Result<Account, ClusterError> {
    let path = Path::new("/etc/passwd");
    let passwd = fs::read_to_string(path).map_err(at(path))?;
    ["postgres", "_postgres", "nobody"]
        .into_iter()
        .find_map(|name| account_in(&passwd, name))
        .ok_or(ClusterError::NoUser)
}

fn account_in(passwd: &str, name: &str) -> Option<Account> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut ids = line.split(':').skip(2).map(str::parse);
    Some(Account { uid: ids.next()?.ok()?, gid: ids.next()?.ok()? })
}

fn fits(dir: &Path) -> bool {
    dir.as_os_str().len() + "/".len() + SOCKET_NAME.len() <= LONGEST_SOCKET_PATH
}

fn make_private(dir: &Path, account: Option<Account>) -> Result<(), ClusterError> {
    make_dir(dir, 0o700)?;
    give(dir, account, 0o700)
}

fn make_dir(dir: &Path, mode: u32) -> Result<(), ClusterError> {
    if dir.is_dir() {
        return Ok(());
    }
    DirBuilder::new().mode(mode).create(dir).map_err(at(dir))
}

fn give(path: &Path, account: Option<Account>, mode: u32) -> Result<(), ClusterError> {
    if let Some(account) = account {
        chown(path, Some(account.uid), Some(account.gid)).map_err(at(path))?;
    }
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(at(path))
}

fn short_id() -> String {
    Uuid::new_v4().simple().to_string().chars().take(12).collect()
}

/// Names the path in an error of the file system.
pub(super) fn at<P: AsRef<OsStr> + ?Sized>(path: &P) -> impl Fn(std::io::Error) -> ClusterError {
    let path = PathBuf::from(path);
    move |source| ClusterError::Folder { path: path.clone(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKER: Account = Account { uid: 101, gid: 104 };

    #[test]
    fn a_folder_is_entered_by_the_bit_of_the_closest_class() {
        assert!(may_enter(WORKER, 101, 0, 0o700));
        assert!(!may_enter(WORKER, 101, 0, 0o077), "an owner is not helped by the bits of the others");
        assert!(may_enter(WORKER, 0, 104, 0o710));
        assert!(may_enter(WORKER, 0, 0, 0o711));
        assert!(!may_enter(WORKER, 0, 0, 0o700));
    }

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:7::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\nbroken\n";
        assert_eq!(account_in(passwd, "postgres"), Some(WORKER));
        assert_eq!(account_in(passwd, "nobody"), None);
        assert_eq!(account_in(passwd, "broken"), None);
    }

    #[test]
    fn a_socket_path_may_have_103_bytes() {
        assert!(fits(Path::new(&format!("/{}", "d".repeat(88)))));
        assert!(!fits(Path::new(&format!("/{}", "d".repeat(89)))));
    }
}

//! Finds the PostgreSQL installed on the machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::ClusterError;

/// The oldest major version the migrations are written for.
const OLDEST: u32 = 15;

/// One installation: where its programs are, and its major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    dir: PathBuf,
    major: u32,
}

impl Binaries {
    /// The newest installation, or exactly `major` when a cluster made by it exists already (a cluster is only readable by its own major version).
    pub(super) fn find(major: Option<u32>) -> Result<Self, ClusterError> {
        let suits = |found: &Self| major.map_or(found.major >= OLDEST, |wanted| found.major == wanted);
        let newest = candidates().into_iter().filter_map(Self::look).filter(suits).max_by_key(|found| found.major);
        newest.ok_or_else(|| ClusterError::NoPostgres {
            needed: major.map_or(format!("{OLDEST} or newer"), |major| major.to_string()),
        })
    }

    /// The path of one of its programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn look(dir: PathBuf) -> Option<Self> {
        if !dir.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(dir.join("postgres")).arg("--version").output().ok()?;
        let major = major_version(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self { dir, major })
    }
}

/// The path of a program of the newest installation, such as `psql`.
///
/// # Errors
/// [`ClusterError::NoPostgres`].
pub fn program(name: &str) -> Result<PathBuf, ClusterError> {
    Ok(Binaries::find(None)?.program(name))
}

/// The major version in the output of `postgres --version`, or in a cluster's `PG_VERSION`.
pub(super) fn major_version(text: &str) -> Option<u32> {
    let number = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn candidates() -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    dirs.extend(children("/usr/lib/postgresql", "").map(|dir| dir.join("bin")));
    dirs.extend(children("/usr", "pgsql-").map(|dir| dir.join("bin")));
    for homebrew in ["/opt/homebrew/opt", "/usr/local/opt", "/home/linuxbrew/.linuxbrew/opt"] {
        dirs.extend(children(homebrew, "postgresql").map(|dir| dir.join("bin")));
    }
    dirs
}

fn children(parent: &str, prefix: &'static str) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(Path::new(parent)).into_iter().flatten().flatten();
    entries.filter(move |entry| entry.file_name().to_string_lossy().starts_with(prefix)).map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::major_version;

    #[test]
    fn the_major_version_is_read_from_what_postgres_prints() {
        assert_eq!(major_version("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"), Some(15));
        assert_eq!(major_version("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_version("15\n"), Some(15));
        assert_eq!(major_version("no number"), None);
    }
}

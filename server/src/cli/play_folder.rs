//! The folder that a play or a bench has for itself: emptied before it, and nothing of it left where nobody would look.

use std::path::Path;

use anyhow::Context as _;

/// Empties a folder, or makes it, unless somebody's server runs in it.
pub(super) fn empty(folder: &Path) -> anyhow::Result<()> {
    if let Ok(lock) = std::fs::File::open(folder.join("lock")) {
        lock.try_lock().map_err(|_| anyhow::anyhow!("{} is in use by another one", folder.display()))?;
    }
    remove_cluster_elsewhere(folder)?;
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("{} cannot be emptied", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))
}

/// Removes the stopped cluster of a folder that is closed to the database's user, where root started it: it lives elsewhere, gigabytes that
/// would stay when the folder goes.
pub(super) fn remove_cluster_elsewhere(folder: &Path) -> anyhow::Result<()> {
    let link = folder.join("cluster");
    let Ok(cluster) = std::fs::read_link(&link) else { return Ok(()) };
    if cluster.is_dir() {
        std::fs::remove_dir_all(&cluster).with_context(|| format!("{} cannot be removed", cluster.display()))?;
    }
    std::fs::remove_file(&link).with_context(|| format!("{} cannot be removed", link.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_that_lives_elsewhere_goes_with_its_folder() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (play, cluster) = (folder.path().join("demo"), elsewhere.path().join("cluster"));
        empty(&play).unwrap();
        for emptied in [empty, remove_cluster_elsewhere] {
            std::fs::create_dir_all(cluster.join("data")).unwrap();
            std::os::unix::fs::symlink(&cluster, play.join("cluster")).unwrap();
            emptied(&play).unwrap();
            assert!(!cluster.exists() && elsewhere.path().exists());
            assert_eq!(std::fs::read_dir(&play).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_cluster_in_its_folder_is_kept_until_the_folder_is_emptied() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("cluster/data");
        std::fs::create_dir_all(&data).unwrap();
        remove_cluster_elsewhere(folder.path()).unwrap();
        assert!(data.exists());
        empty(folder.path()).unwrap();
        assert!(!data.exists());
    }

    #[test]
    fn a_folder_in_use_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let lock = std::fs::File::create(folder.path().join("lock")).unwrap();
        lock.try_lock().unwrap();
        assert!(empty(folder.path()).unwrap_err().to_string().contains("in use"));
        drop(lock);
        empty(folder.path()).unwrap();
    }
}

//! The object store on a real folder.

use bytes::Bytes;
use floorline_server::platform::storage::{ObjectError, Objects, sha256};
use futures_util::TryStreamExt;

fn open() -> (tempfile::TempDir, Objects) {
    let folder = tempfile::tempdir().unwrap();
    let objects = Objects::open(&folder.path().join("objects")).unwrap();
    (folder, objects)
}

#[tokio::test]
async fn what_is_put_is_there_until_deleted() {
    let (_folder, objects) = open();
    objects.put("org/photos/ab/abc", Bytes::from_static(b"picture")).await.unwrap();
    assert_eq!(objects.size("org/photos/ab/abc").await.unwrap(), Some(7));
    assert_eq!(objects.get("org/photos/ab/abc", 7).await.unwrap(), "picture");
    let pieces: Vec<Bytes> = objects.pieces("org/photos/ab/abc").await.unwrap().bytes.try_collect().await.unwrap();
    assert_eq!(pieces.concat(), b"picture");

    objects.delete("org/photos/ab/abc").await.unwrap();
    objects.delete("org/photos/ab/abc").await.unwrap();
    assert_eq!(objects.size("org/photos/ab/abc").await.unwrap(), None);
    assert!(matches!(objects.get("org/photos/ab/abc", 7).await, Err(ObjectError::Absent(_))));
}

#[tokio::test]
async fn a_reader_takes_no_more_than_it_said() {
    let (_folder, objects) = open();
    objects.put("large", Bytes::from(vec![0; 100])).await.unwrap();
    assert!(matches!(objects.get("large", 99).await, Err(ObjectError::TooLarge { size: 100, limit: 99 })));
}

#[tokio::test]
async fn parts_become_one_object_when_they_hash_to_what_was_announced() {
    let (_folder, objects) = open();
    let whole: Vec<u8> = (0..=255).cycle().take(600_000).collect();
    let mut parts = Vec::new();
    for (n, part) in whole.chunks(256 * 1024).enumerate() {
        let path = format!("uploads/u/{n}");
        objects.put(&path, Bytes::copy_from_slice(part)).await.unwrap();
        parts.push(path);
    }
    let stored = objects.assemble(&parts, "photo", &sha256(&whole)).await.unwrap();
    assert_eq!((stored.size, stored.sha256), (600_000, sha256(&whole)));
    assert_eq!(objects.get("photo", 600_000).await.unwrap(), whole);
}

#[tokio::test]
async fn parts_that_are_not_what_was_announced_leave_nothing() {
    let (folder, objects) = open();
    objects.put("uploads/u/0", Bytes::from_static(b"something else")).await.unwrap();
    let refused = objects.assemble(&["uploads/u/0".to_owned()], "photo", &sha256(b"picture")).await;
    assert!(matches!(refused, Err(ObjectError::Mismatch { .. })), "{refused:?}");
    let missing = objects.assemble(&["uploads/u/1".to_owned()], "photo", &sha256(b"picture")).await;
    assert!(matches!(missing, Err(ObjectError::Absent(_))), "{missing:?}");
    assert_eq!(objects.size("photo").await.unwrap(), None);
    let left: Vec<_> =
        std::fs::read_dir(folder.path().join("objects")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["uploads"]);
}

#[tokio::test]
async fn no_path_leads_out_of_the_folder() {
    let (_folder, objects) = open();
    for path in ["../secret", "a/../../secret", "", "a//b", "a/./b"] {
        let refused = objects.put(path, Bytes::new()).await;
        assert!(matches!(refused, Err(ObjectError::Path(_))), "{path:?}: {refused:?}");
    }
}

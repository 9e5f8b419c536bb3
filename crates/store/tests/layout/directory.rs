//! A directory of layouts: addresses, links, uploads, manifests without a tag.

use tofu_oci_store::{Files, StoreError, TagRule, open_directory, open_directory_for_writing};
use tofu_oci_types::oci::{Address, Digest};

use crate::support::*;

#[tokio::test]
async fn addresses_choose_the_layout() {
    let dir = tempfile::tempdir().unwrap();
    let address = |text: &str| match format!("dir:{}{text}", dir.path().display()).parse() {
        Ok(Address::Directory(address)) => address,
        other => panic!("{other:?}"),
    };
    let files = Files::new();
    let absent = open_directory(&address("//acme/demo"), &files).await;
    assert!(absent.err().unwrap().is_absent());
    let absent = open_directory(&address("/none//acme/demo"), &files).await;
    assert!(absent.err().unwrap().is_absent());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);

    let repo = open_directory_for_writing(&address("//acme/demo"), &files)
        .await
        .unwrap();
    let manifest = put_image(repo.as_ref(), b"layer").await;
    put_tagged(repo.as_ref(), &manifest, "1.0.0", TagRule::Create)
        .await
        .unwrap();
    // The same layout by its own path.
    for text in ["//acme/demo:1.0.0", "/acme/demo:1.0.0", "/./acme//demo"] {
        let repo = open_directory(&address(text), &files).await.unwrap();
        assert_eq!(
            repo.manifest(&at("1.0.0")).await.unwrap(),
            manifest,
            "{text}"
        );
    }
    assert!(open_directory(&address(""), &files).await.is_err());
    for reserved in ["blobs", "a/blobs/b", "index.json", "a/oci-layout", "tls/a"] {
        let address = address(&format!("//{reserved}"));
        let refused = open_directory_for_writing(&address, &files).await;
        assert!(
            matches!(refused, Err(StoreError::ReservedName { .. })),
            "{reserved}"
        );
    }
    let refused = open_directory_for_writing(&address("//tls/a"), &files).await;
    let told = refused.err().unwrap().to_string();
    assert!(
        told.ends_with("\"tls\" is kept for a server's certificates"),
        "{told}"
    );
    // A name that only contains such a word is none.
    for fine in ["blobs1", "a/tls", "my-blobs"] {
        open_directory_for_writing(&address(&format!("//{fine}")), &files)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn an_untagged_manifest_becomes_a_root_after_an_hour() {
    let dir = tempfile::tempdir().unwrap();
    let repo = opened(dir.path(), &Files::new(), "acme/demo");
    let adopted = put_image(repo.as_ref(), b"adopted").await;
    let abandoned = put_image(repo.as_ref(), b"abandoned").await;
    let young = put_image(repo.as_ref(), b"young").await;
    let pending = dir
        .path()
        .join(".tofu-oci/manifests/acme/demo/_pending/sha256");
    let hour_ago = std::fs::metadata(pending.join(young.digest().encoded()))
        .unwrap()
        .modified()
        .unwrap()
        - std::time::Duration::from_secs(3601);
    for old in [&adopted, &abandoned] {
        let marker = pending.join(old.digest().encoded());
        let marker = std::fs::File::options().write(true).open(marker).unwrap();
        marker.set_modified(hour_ago).unwrap();
    }
    let roots = || -> Vec<String> {
        let text = std::fs::read(dir.path().join("acme/demo/index.json")).unwrap();
        let index: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let entries = index["manifests"].as_array().unwrap().iter();
        entries
            .map(|e| e["digest"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(roots(), [""; 0]);
    let parent = index(&[&adopted]);
    put_tagged(repo.as_ref(), &parent, "1.0.0", TagRule::Create)
        .await
        .unwrap();
    assert_eq!(
        roots(),
        [parent.digest().to_string(), abandoned.digest().to_string()]
    );
    // All of them are manifests still, also for somebody who remembers nothing.
    let repo = opened(dir.path(), &Files::new(), "acme/demo");
    for manifest in [&adopted, &abandoned, &young, &parent] {
        let read = repo.manifest(&by(manifest.digest())).await.unwrap();
        assert_eq!(&read, manifest);
    }
}

#[tokio::test]
async fn blobs_are_linked_and_not_copied() {
    let dir = tempfile::tempdir().unwrap();
    let one = opened(dir.path(), &Files::new(), "one");
    let two = opened(dir.path(), &Files::new(), "two");
    let blob = put_bytes(one.as_ref(), b"content").await;
    let content = tofu_oci_store::Blob::Stored(one.clone());
    two.put_blob(&blob, content).await.unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let inode = |repo: &str| {
            let path = dir.path().join(repo).join("blobs/sha256");
            std::fs::metadata(path.join(blob.digest.encoded()))
                .unwrap()
                .ino()
        };
        assert_eq!(inode("one"), inode("two"));
    }
}

#[tokio::test]
async fn uploads_expire() {
    let dir = tempfile::tempdir().unwrap();
    let storage = layout(dir.path(), &Files::new());
    let repo = name("acme/demo");
    let user = tofu_oci_store::User::Anonymous;
    use tofu_oci_store::Storage as _;
    let id = storage.start(&repo, &user).await.unwrap();
    let file = dir.path().join(".tofu-oci/uploads").join(id.as_str());
    let then = std::fs::metadata(&file).unwrap().modified().unwrap();
    let day = std::time::Duration::from_secs(24 * 3600);
    let expire = async |now| storage.expire_uploads(now, day).await.unwrap();
    assert_eq!(expire(then + day / 2).await, 0);
    assert!(file.exists());
    assert_eq!(expire(then + day).await, 1);
    assert!(!file.exists());
}

#[tokio::test]
async fn an_upload_survives_a_restart() {
    use tofu_oci_store::Storage as _;
    let dir = tempfile::tempdir().unwrap();
    let repo = name("acme/demo");
    let user = tofu_oci_store::User::Named("alice".into());
    let storage = layout(dir.path(), &Files::new());
    let id = storage.start(&repo, &user).await.unwrap();
    let mut upload = storage.resume(&repo, &id, &user).await.unwrap();
    upload.append("hello ".into()).await.unwrap();
    drop(upload);
    drop(storage);
    // Everything is taken from the file again.
    let storage = layout(dir.path(), &Files::new());
    let mut upload = storage.resume(&repo, &id, &user).await.unwrap();
    assert_eq!(upload.offset(), 6);
    upload.append("world".into()).await.unwrap();
    upload.finish(&Digest::of(b"hello world")).await.unwrap();
}

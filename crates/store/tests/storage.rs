//! What a registry server stands on: uploads, paging, links, whatever holds the content.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use bytes::Bytes;
use support::*;
use tofu_oci_store::{Keep, Kind, Put, StoreError, TagRule, User};
use tofu_oci_types::oci::{Algorithm, Digest, TagOrDigest};

fn chunk(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

#[tokio::test]
async fn an_upload_goes_on_where_it_stopped() {
    for backend in Backend::all() {
        let (storage, repo) = (backend.storage.as_ref(), name("acme/demo"));
        let user = User::Named("alice".into());
        let id = storage.start(&repo, &user).await.unwrap();
        let mut upload = storage.resume(&repo, &id, &user).await.unwrap();
        upload.append(chunk("hello ")).await.unwrap();
        upload.append(chunk("wxyz")).await.unwrap();
        assert_eq!(upload.offset(), 10);
        let busy = storage.resume(&repo, &id, &user).await;
        assert!(matches!(busy, Err(StoreError::Busy { .. })));
        drop(upload);

        for (repo, user) in [(&repo, &User::Anonymous), (&name("other"), &user)] {
            let absent = storage.resume(repo, &id, user).await;
            assert!(matches!(absent, Err(StoreError::AbsentUpload { .. })));
        }
        let mut upload = storage.resume(&repo, &id, &user).await.unwrap();
        assert_eq!(upload.offset(), 10);
        upload.truncate(6).await.unwrap();
        upload.append(chunk("world")).await.unwrap();
        let wrong = Digest::of(b"hello wxyz");
        let error = upload.finish(&wrong).await.unwrap_err();
        assert!(
            matches!(&error, StoreError::DigestMismatch { expected, .. } if *expected == wrong),
            "{error}"
        );
        assert_eq!(storage.stat(&repo, &wrong, Kind::Blob).await.unwrap(), None);

        // A wrong digest loses nothing.
        let upload = storage.resume(&repo, &id, &user).await.unwrap();
        assert_eq!(upload.offset(), 11);
        let right = Digest::of(b"hello world");
        let stat = upload.finish(&right).await.unwrap();
        assert_eq!((stat.size, &stat.digest), (11, &right));
        assert_eq!(
            storage.stat(&repo, &right, Kind::Blob).await.unwrap(),
            Some(stat)
        );
        let gone = storage.resume(&repo, &id, &user).await;
        assert!(matches!(gone, Err(StoreError::AbsentUpload { .. })));
    }
}

#[tokio::test]
async fn an_upload_can_be_thrown_away_and_have_any_length() {
    for backend in Backend::all() {
        let (storage, repo) = (backend.storage.as_ref(), name("acme/demo"));
        let id = storage.start(&repo, &User::Local).await.unwrap();
        let mut upload = storage.resume(&repo, &id, &User::Local).await.unwrap();
        upload.reserve(10).await.unwrap();
        let full = upload.reserve(u64::MAX).await;
        if backend.kind == "layout" {
            assert!(matches!(full, Err(StoreError::NoSpace { .. })), "{full:?}");
        }
        upload.append(chunk("x")).await.unwrap();
        upload.cancel().await.unwrap();
        let gone = storage.resume(&repo, &id, &User::Local).await;
        assert!(matches!(gone, Err(StoreError::AbsentUpload { .. })));

        for length in [0usize, 1, 300_000, 1_000_001] {
            for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
                let content: Vec<u8> = (0..length).map(|i| (i % 249) as u8).collect();
                let digest = Digest::of_with(algorithm, &content).unwrap();
                let id = storage.start(&repo, &User::Local).await.unwrap();
                let mut upload = storage.resume(&repo, &id, &User::Local).await.unwrap();
                for piece in content.chunks(70_000) {
                    upload.append(Bytes::copy_from_slice(piece)).await.unwrap();
                }
                upload.flush().await.unwrap();
                assert_eq!(upload.offset(), length as u64);
                upload.finish(&digest).await.unwrap();
                let mut part = storage
                    .open(&repo, &digest, Kind::Blob, None)
                    .await
                    .unwrap();
                let mut read = Vec::new();
                while let Some(bytes) = part.next().await.unwrap() {
                    read.extend_from_slice(&bytes);
                }
                assert!(read == content);
            }
        }
    }
}

#[tokio::test]
async fn lists_are_paged() {
    for backend in Backend::all() {
        let storage = backend.storage.as_ref();
        // Sorted as text, which is not the order of directories.
        let names = ["a", "a-b", "a.b", "a/b", "a/b/c", "a0", "b"];
        for text in names {
            let repo = backend.repository(text);
            let manifest = put_image(repo.as_ref(), b"x").await;
            for version in ["1", "2", "3"] {
                put_tagged(repo.as_ref(), &manifest, version, TagRule::Create)
                    .await
                    .unwrap();
            }
        }
        let list = async |after: Option<&str>, max| -> Vec<String> {
            let after = after.map(name);
            let names = storage.repositories(after.as_ref(), max).await.unwrap();
            names.iter().map(ToString::to_string).collect()
        };
        assert_eq!(list(None, 99).await, names);
        assert_eq!(list(None, 2).await, ["a", "a-b"]);
        assert_eq!(list(Some("a.b"), 2).await, ["a/b", "a/b/c"]);
        assert_eq!(list(Some("a1"), 9).await, ["b"]);
        assert_eq!(list(Some("b"), 9).await, [""; 0]);
        assert_eq!(list(None, 0).await, [""; 0]);

        let tags = async |after: Option<&str>, max| -> Vec<String> {
            let after = after.map(tag);
            let tags = storage.tags(&name("a"), after.as_ref(), max).await.unwrap();
            tags.iter().map(ToString::to_string).collect()
        };
        assert_eq!(tags(None, 2).await, ["1", "2"]);
        assert_eq!(tags(Some("1"), 9).await, ["2", "3"]);
        assert_eq!(tags(Some("10"), 1).await, ["2"]);
        assert_eq!(tags(Some("3"), 1).await, [""; 0]);
        assert_eq!(tags(None, 0).await, [""; 0]);
    }
}

#[tokio::test]
async fn blobs_are_found_linked_and_deleted() {
    for backend in Backend::all() {
        let storage = backend.storage.as_ref();
        let (one, two) = (name("one"), name("two"));
        let manifest = put_image(backend.repository("one").as_ref(), b"layer").await;
        let layer = Digest::of(b"layer");
        let find = async |readable: &[_]| storage.find(&layer, readable).await.unwrap();
        assert_eq!(find(&[two.clone(), one.clone()]).await, Some(one.clone()));
        assert_eq!(find(std::slice::from_ref(&two)).await, None);
        assert_eq!(
            storage.link(&one, &two, &layer).await.unwrap(),
            Put::Mounted
        );
        assert_eq!(
            storage.link(&one, &two, &layer).await.unwrap(),
            Put::Present
        );
        let absent = storage.link(&one, &two, &Digest::of(b"?")).await;
        assert!(matches!(absent, Err(StoreError::AbsentBlob { .. })));

        // A manifest is a blob, and a blob is no manifest.
        let digest = manifest.digest();
        for (digest, kind, there) in [
            (digest, Kind::Manifest, true),
            (digest, Kind::Blob, true),
            (&layer, Kind::Blob, true),
            (&layer, Kind::Manifest, false),
        ] {
            let stat = storage.stat(&one, digest, kind).await.unwrap();
            assert_eq!(stat.is_some(), there, "{kind:?}");
            let opened = storage.open(&one, digest, kind, None).await;
            assert_eq!(opened.is_ok(), there, "{kind:?}");
        }
        let delete = async |repo, digest: &Digest, kind| {
            let at = TagOrDigest::Digest(digest.clone());
            storage.delete(repo, &at, kind, Keep::Nothing).await
        };
        let refused = delete(&one, &layer, Kind::Blob).await;
        assert!(matches!(refused, Err(StoreError::Referenced { .. })));
        delete(&two, &layer, Kind::Blob).await.unwrap();
        let absent = delete(&two, &layer, Kind::Blob).await;
        assert!(matches!(absent, Err(StoreError::AbsentBlob { .. })));
        delete(&one, digest, Kind::Manifest).await.unwrap();
        delete(&one, &layer, Kind::Blob).await.unwrap();
        assert_eq!(find(&[one, two]).await, None);
    }
}

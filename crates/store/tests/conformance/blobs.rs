//! Blobs: whole, in parts, refused, mounted.

use std::sync::Arc;

use bytes::Bytes;
use tofu_oci_store::{Blob, GateError, OpenBlob, Put, ReadBlob, Repository, StoreError};
use tofu_oci_types::oci::{Algorithm, Descriptor, Digest};

use crate::Repo;
use crate::support::*;

const BATCH: usize = 256 * 1024;

pub(crate) async fn an_absent_repository_is_told_from_absent_content(repo: &Repo, _: &Backend) {
    let digest = Digest::of(b"x");
    let blob = Descriptor::of(ZIP, b"x");
    for at in [at("1.0.0"), by(&digest)] {
        let error = repo.manifest(&at).await.unwrap_err();
        assert!(
            matches!(&error, StoreError::AbsentRepository { place } if place == repo.place()),
            "{error}"
        );
    }
    assert_eq!(repo.head(&tag("1.0.0")).await.unwrap(), None);
    assert!(!repo.has(&blob).await.unwrap());
    assert!(repo.tags().await.unwrap_err().is_absent());
    assert_eq!(repo.referrers(&blob, None).await.unwrap(), []);
    assert!(repo.blob(&blob).await.unwrap_err().is_absent());

    put_image(repo.as_ref(), b"layer").await;
    assert_eq!(repo.tags().await.unwrap(), []);
    let error = repo.manifest(&at("1.0.0")).await.unwrap_err();
    assert!(matches!(error, StoreError::AbsentTag { .. }), "{error}");
    let error = repo.manifest(&by(&digest)).await.unwrap_err();
    assert!(
        matches!(error, StoreError::AbsentManifest { .. }),
        "{error}"
    );
    let error = repo.blob(&blob).await.unwrap_err();
    assert!(matches!(error, StoreError::AbsentBlob { .. }), "{error}");
    // A blob is no manifest.
    let layer = Digest::of(b"layer");
    let error = repo.manifest(&by(&layer)).await.unwrap_err();
    assert!(
        matches!(error, StoreError::AbsentManifest { .. }),
        "{error}"
    );
}

pub(crate) async fn blobs_come_back_as_they_were(repo: &Repo, _: &Backend) {
    let dir = tempfile::tempdir().unwrap();
    for length in [0, 2, BATCH - 1, BATCH, BATCH + 1, BATCH * 3 + 5] {
        let content: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let digest = Digest::of_with(algorithm, &content).unwrap();
            let blob = Descriptor::new(ZIP, digest, length as u64);
            let file = dir.path().join("zip");
            std::fs::write(&file, [b"before", &content[..], b"after"].concat()).unwrap();
            let handle = Blob::File {
                file: Arc::new(fs_err::File::open(&file).unwrap()),
                range: 6..6 + length as u64,
            };
            assert!(!repo.has(&blob).await.unwrap());
            let put = repo.put_blob(&blob, handle.clone()).await.unwrap();
            assert_eq!(put, Put::Uploaded, "{length}");
            assert!(repo.has(&blob).await.unwrap());
            let put = repo.put_blob(&blob, handle).await.unwrap();
            assert_eq!(put, Put::Present, "{length}");
            let read = repo.blob(&blob).await.unwrap();
            let read = read.into_bytes(length as u64).await.unwrap();
            assert!(read == content, "{length}");
        }
    }
}

pub(crate) async fn bad_blobs_do_not_become_visible(repo: &Repo, _: &Backend) {
    let good = Descriptor::of(ZIP, b"content");
    let with = |digest: &str, size| Descriptor::new(ZIP, digest.parse().unwrap(), size);
    let bytes = |text: &'static str| Blob::Bytes(Bytes::from_static(text.as_bytes()));
    for (what, descriptor, content, expected) in [
        ("other content", good.clone(), bytes("c0ntent"), "digest"),
        ("short", good.clone(), bytes("conten"), "ends after 6 of 7"),
        ("long", good.clone(), bytes("content!"), "not 7"),
        (
            "unsupported digest",
            with("blake3:00", 7),
            bytes("content"),
            "not supported",
        ),
    ] {
        let error = repo.put_blob(&descriptor, content).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{what}: {error}");
        assert!(!error.is_absent(), "{what}");
        if descriptor == good {
            assert!(!repo.has(&good).await.unwrap(), "{what}");
        }
    }
    put_bytes(repo.as_ref(), b"content").await;
    // A descriptor that lies about the size is not there.
    let lie = Descriptor::new(ZIP, good.digest.clone(), 8);
    assert!(!repo.has(&lie).await.unwrap());
    let read = repo.blob(&lie).await;
    assert!(matches!(read, Err(StoreError::TooShort { .. })), "{read:?}");
}

#[derive(Debug, thiserror::Error, PartialEq)]
#[error("refused after {0} pieces")]
struct Refused(usize);

/// Gives pieces, then refuses or not.
struct Gate {
    piece: Bytes,
    count: usize,
    refuses: bool,
}

struct Reading(Bytes, usize, usize, bool);

impl OpenBlob for Gate {
    fn open(&self) -> Result<Box<dyn ReadBlob>, GateError> {
        Ok(Box::new(Reading(
            self.piece.clone(),
            self.count,
            0,
            self.refuses,
        )))
    }
}

impl ReadBlob for Reading {
    fn next(&mut self) -> Result<Option<Bytes>, GateError> {
        if self.2 == self.1 {
            return if self.3 {
                Err(Box::new(Refused(self.2)))
            } else {
                Ok(None)
            };
        }
        self.2 += 1;
        Ok(Some(self.0.clone()))
    }
}

pub(crate) async fn a_gate_can_refuse_at_the_end(repo: &Repo, _: &Backend) {
    for (length, count) in [(1, 1), (1000, 3), (100_000, 9), (300_000, 4)] {
        let piece = Bytes::from(vec![7; length]);
        let blob = Descriptor::of(ZIP, &piece.repeat(count));
        let gate = |refuses| {
            let piece = piece.clone();
            Blob::Gated(Arc::new(Gate {
                piece,
                count,
                refuses,
            }))
        };
        let error = repo.put_blob(&blob, gate(true)).await.unwrap_err();
        let StoreError::Gate(error) = error else {
            panic!("{error}")
        };
        assert_eq!(error.downcast_ref::<Refused>(), Some(&Refused(count)));
        assert!(!repo.has(&blob).await.unwrap());
        // It can be opened again.
        let put = repo.put_blob(&blob, gate(false)).await.unwrap();
        assert_eq!(put, Put::Uploaded);
    }
    let piece = Bytes::from_static(b"xy");
    let gate = Blob::Gated(Arc::new(Gate {
        piece,
        count: 2,
        refuses: false,
    }));
    let error = repo.put_blob(&Descriptor::of(ZIP, b"xyx"), gate).await;
    assert!(
        matches!(error, Err(StoreError::TooLong { .. })),
        "{error:?}"
    );
}

pub(crate) async fn parts_of_blobs(repo: &Repo, _: &Backend) {
    let content: Vec<u8> = (0..BATCH * 2).map(|i| (i % 253) as u8).collect();
    let blob = put_bytes(repo.as_ref(), &content).await;
    for (start, end) in [
        (0, BATCH * 2),
        (0, 0),
        (5, 6),
        (BATCH - 1, BATCH + 1),
        (BATCH * 2, BATCH * 2),
    ] {
        let mut part = repo
            .blob_part(&blob, start as u64..end as u64)
            .await
            .unwrap();
        assert_eq!(part.range(), &(start as u64..end as u64));
        let mut read = Vec::new();
        while let Some(bytes) = part.next().await.unwrap() {
            read.extend_from_slice(&bytes);
        }
        assert!(read == content[start..end], "{start}..{end}");
    }
    for range in [0..(BATCH * 2 + 1) as u64, 9..u64::MAX, u64::MAX..u64::MAX] {
        let part = repo.blob_part(&blob, range.clone()).await;
        assert!(matches!(part, Err(StoreError::Range { .. })), "{range:?}");
    }
}

pub(crate) async fn blobs_are_mounted_within_a_domain(repo: &Repo, backend: &Backend) {
    let other = backend.repository("acme/other");
    let blob = put_bytes(other.as_ref(), b"content").await;
    let source: Arc<dyn Repository> = other.clone();
    let content = || Blob::Stored(Arc::clone(&source));
    assert_eq!(repo.put_blob(&blob, content()).await.unwrap(), Put::Mounted);
    assert_eq!(repo.put_blob(&blob, content()).await.unwrap(), Put::Present);
    let read = repo.blob(&blob).await.unwrap();
    assert_eq!(read.into_bytes(99).await.unwrap(), "content");
    let absent = Descriptor::of(ZIP, b"absent");
    let error = repo.put_blob(&absent, content()).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::AbsentBlob { place, .. } if place == other.place()),
        "{error}"
    );
    // From another domain the bytes are sent.
    for elsewhere in Backend::all() {
        let there = elsewhere.repository("acme/demo");
        let here: Arc<dyn Repository> = repo.clone();
        let put = there.put_blob(&blob, Blob::Stored(here)).await.unwrap();
        assert_eq!(put, Put::Uploaded);
    }
}

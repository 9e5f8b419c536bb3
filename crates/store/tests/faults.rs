//! What a killed, failing or rivalling publisher leaves behind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use support::*;
use tofu_oci_store::files::faults::{CountOps, FailAt, KillAt, OpKind};
use tofu_oci_store::layout::Severity;
use tofu_oci_store::{
    Blob, CopyOptions, CopyRoot, Files, Referrers, Repository, StagedRepository, TagRule,
    WritableRepository, copy_graph, files, fsck,
};
use tofu_oci_types::oci::{Descriptor, Digest, Manifest};

/// A release: an index of two images, and a referrer.
fn release(version: &str) -> (Arc<dyn Repository>, Manifest) {
    let mut staged = StagedRepository::new();
    staged.add_blob(&Descriptor::empty(), Blob::Bytes("{}".into()));
    let mut blob = |text: String| {
        let descriptor = Descriptor::of(ZIP, text.as_bytes());
        staged.add_blob(&descriptor, Blob::Bytes(text.clone().into()));
        text
    };
    let (one, two) = (
        blob(format!("{version} one")),
        blob(format!("{version} two")),
    );
    let sbom = blob(format!("{version} sbom"));
    let (one, two) = (image(one.as_bytes()), image(two.as_bytes()));
    let top = index(&[&one, &two]);
    let referrer = image_with(sbom.as_bytes(), Some(top.descriptor()));
    for manifest in [one, two, top.clone(), referrer] {
        staged.add_manifest(manifest);
    }
    (Arc::new(staged), top)
}

async fn publish(path: &Path, files: &Files, version: &str) -> Result<bool, String> {
    let address = tofu_oci_types::oci::DirectoryAddress {
        path: path.to_owned(),
        name: Some(name("acme/demo")),
        tag: None,
        digest: None,
    };
    let target = tofu_oci_store::open_directory_for_writing(&address, files);
    let target = target.await.map_err(|error| error.to_string())?;
    publish_to(&target, version).await
}

async fn publish_to(target: &Arc<dyn WritableRepository>, version: &str) -> Result<bool, String> {
    let (staged, top) = release(version);
    let root = CopyRoot {
        descriptor: top.descriptor().clone(),
        tags: vec![
            (tag(version), TagRule::Create),
            (tag("latest"), TagRule::Overwrite),
        ],
    };
    let options = CopyOptions {
        referrers: Referrers::All,
        ..CopyOptions::default()
    };
    let report = copy_graph(&staged, target, &[root], &options).await;
    let report = report.map_err(|error| {
        let source = std::error::Error::source(&error);
        format!(
            "{error}: {}",
            source.map_or(String::new(), ToString::to_string)
        )
    })?;
    Ok(!report.is_unchanged())
}

/// Every tag leads to a complete graph, and nothing is damaged.
async fn check(path: &Path, complete: &[&str]) {
    let storage = layout(path, &Files::new());
    let repo = name("acme/demo");
    match fsck(&storage, Some(&repo)).await {
        Ok(findings) => assert!(
            findings
                .iter()
                .all(|f| f.problem.severity() == Severity::Information),
            "{findings:?}"
        ),
        Err(error) => assert!(error.is_absent(), "{error}"),
    }
    let repo = opened(path, &Files::new(), "acme/demo");
    for version in complete {
        let (_, top) = release(version);
        assert_eq!(repo.manifest(&at(version)).await.unwrap(), top);
        let referrers = repo.referrers(top.descriptor(), None).await.unwrap();
        assert_eq!(referrers.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_killed_anywhere_leaves_a_valid_layout() {
    let mut kills = 0;
    for n in 0.. {
        let dir = tempfile::tempdir().unwrap();
        publish(dir.path(), &Files::new(), "1.0.0").await.unwrap();
        let kill = Arc::new(KillAt::new(n));
        let killed = Files::observed(kill.clone());
        let result = publish(dir.path(), &killed, "1.1.0").await;
        check(dir.path(), &["1.0.0"]).await;
        if !kill.reached() {
            assert_eq!(result, Ok(true));
            check(dir.path(), &["1.0.0", "1.1.0"]).await;
            break;
        }
        kills += 1;
        // Whoever repeats it completes it.
        publish(dir.path(), &Files::new(), "1.1.0").await.unwrap();
        check(dir.path(), &["1.0.0", "1.1.0"]).await;
        let again = publish(dir.path(), &Files::new(), "1.1.0").await;
        assert_eq!(again, Ok(false), "after a kill at {n}");
    }
    assert!(kills > 30, "{kills}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_publisher_killed_anywhere_leaves_a_layout_or_none() {
    for n in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/registry");
        let kill = Arc::new(KillAt::new(n));
        let _ = publish(&path, &Files::observed(kill.clone()), "1.0.0").await;
        if path.exists() {
            check(&path, &[]).await;
        }
        publish(&path, &Files::new(), "1.0.0").await.unwrap();
        check(&path, &["1.0.0"]).await;
        if !kill.reached() {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_or_a_forbidden_directory_is_told_and_harms_nothing() {
    for kind in [
        io::ErrorKind::StorageFull,
        io::ErrorKind::PermissionDenied,
        io::ErrorKind::ReadOnlyFilesystem,
    ] {
        for n in 0.. {
            let dir = tempfile::tempdir().unwrap();
            publish(dir.path(), &Files::new(), "1.0.0").await.unwrap();
            let fail = Arc::new(FailAt::new(n, kind));
            let files = Files::observed(fail.clone());
            let result = publish(dir.path(), &files, "1.1.0").await;
            check(dir.path(), &["1.0.0"]).await;
            let Err(error) = result else {
                break;
            };
            assert!(
                error.contains(&io::Error::from(kind).to_string())
                    && error.contains(&*dir.path().to_string_lossy()),
                "{error}"
            );
            publish(dir.path(), &Files::new(), "1.1.0").await.unwrap();
            check(dir.path(), &["1.0.0", "1.1.0"]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_publishers_and_a_reader_beside_them() {
    let dir = tempfile::tempdir().unwrap();
    publish(dir.path(), &Files::new(), "1.0.0").await.unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let reader = {
        let (path, done) = (dir.path().to_owned(), Arc::clone(&done));
        tokio::spawn(async move {
            let repo = opened(&path, &Files::new(), "acme/demo");
            let mut reads = 0;
            while !done.load(Ordering::SeqCst) || reads == 0 {
                for tag in repo.tags().await.unwrap() {
                    let top = repo.manifest(&tag.into()).await.unwrap();
                    for child in top.child_manifests() {
                        let child = repo.manifest(&by(&child.digest)).await.unwrap();
                        for blob in child.blobs() {
                            let blob = repo.blob(blob).await.unwrap();
                            blob.into_bytes(100).await.unwrap();
                        }
                    }
                    reads += 1;
                }
            }
        })
    };
    // Each with its own storage, as two processes have.
    let versions: Vec<String> = (1..20).map(|n| format!("1.{n}.0")).collect();
    let publishers: Vec<_> = versions
        .iter()
        .map(|version| {
            let (path, version) = (dir.path().to_owned(), version.clone());
            tokio::spawn(async move { publish(&path, &Files::new(), &version).await })
        })
        .collect();
    for publisher in publishers {
        assert_eq!(publisher.await.unwrap(), Ok(true));
    }
    done.store(true, Ordering::SeqCst);
    reader.await.unwrap();
    let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
    check(dir.path(), &versions).await;
    let storage = layout(dir.path(), &Files::new());
    let findings = fsck(&storage, None).await.unwrap();
    assert!(findings.is_empty(), "{findings:?}");
}

#[tokio::test]
async fn two_publishers_of_one_version_do_not_both_win() {
    let dir = tempfile::tempdir().unwrap();
    let one = opened(dir.path(), &Files::new(), "acme/demo");
    let two = opened(dir.path(), &Files::new(), "acme/demo");
    let (a, b) = (
        put_image(one.as_ref(), b"a").await,
        put_image(two.as_ref(), b"b").await,
    );
    let (first, second) = tokio::join!(
        put_tagged(one.as_ref(), &a, "1.0.0", TagRule::Create),
        put_tagged(two.as_ref(), &b, "1.0.0", TagRule::Create),
    );
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
}

#[tokio::test]
async fn publishing_grows_by_nothing_but_the_index() {
    let dir = tempfile::tempdir().unwrap();
    let mut at_tenth = (0, 0);
    // A new process each time where it is counted; the others share one, to be quick.
    let quick = opened(
        dir.path(),
        &Files::new().with_sync(files::Sync::Off),
        "acme/demo",
    );
    for n in 0..1000 {
        if n != 10 && n != 999 {
            publish_to(&quick, &format!("1.{n}.0")).await.unwrap();
            continue;
        }
        let count = Arc::new(CountOps::new());
        let files = Files::observed(count.clone());
        publish(dir.path(), &files, &format!("1.{n}.0"))
            .await
            .unwrap();
        let seen = count.take();
        let rewrites = seen.iter().filter(|s| {
            s.op == OpKind::Name && s.path.file_name().is_some_and(|f| f == "index.json")
        });
        assert_eq!(rewrites.count(), 1, "one rewrite");
        let opens = seen.iter().filter(|s| s.op == OpKind::Open).count();
        let all = seen.len();
        if n == 10 {
            at_tenth = (opens, all);
        }
        assert_eq!((opens, all), at_tenth, "at version {n}");
    }
    // Publishing it again writes nothing at all.
    let count = Arc::new(CountOps::new());
    let files = Files::observed(count.clone());
    let again = publish(dir.path(), &files, "1.10.0");
    // `latest` has moved on: it is moved back, and nothing else happens.
    assert_eq!(again.await, Ok(true));
    count.take();
    let again = publish(dir.path(), &files, "1.10.0");
    assert_eq!(again.await, Ok(false));
    let changes: Vec<_> = count.take().into_iter().filter(|s| s.changes).collect();
    assert_eq!(changes, []);
}

#[tokio::test]
async fn what_was_acknowledged_was_synced() {
    let dir = tempfile::tempdir().unwrap();
    let count = Arc::new(CountOps::new());
    publish(dir.path(), &Files::observed(count.clone()), "1.0.0")
        .await
        .unwrap();
    let seen = count.take();
    // Every file that got its name by a rename was synced before, and its directory after.
    let root = dir.path().canonicalize().unwrap();
    for (at, op) in seen.iter().enumerate() {
        let inside = op.path.starts_with(root.join("acme"));
        if op.op != OpKind::Name || !inside {
            continue;
        }
        let synced = seen[..at].iter().rev().find(|s| s.op == OpKind::Sync);
        assert!(synced.is_some(), "{op:?}");
        let parent = op.path.parent().unwrap();
        assert!(
            seen[at..]
                .iter()
                .any(|s| s.op == OpKind::Sync && s.path == parent),
            "{op:?}"
        );
    }
    // A blob that somebody else put there is synced before a manifest lists it.
    let blobs = dir.path().join("acme/demo/blobs/sha256");
    std::fs::write(blobs.join(Digest::of(b"foreign").encoded()), b"foreign").unwrap();
    let repo = opened(dir.path(), &Files::observed(count.clone()), "acme/demo");
    put(repo.as_ref(), &image(b"foreign")).await;
    let seen = count.take();
    let is = |name: &str| {
        let digest = Digest::of(name.as_bytes());
        seen.iter()
            .any(|s| s.op == OpKind::Sync && s.path.ends_with(digest.encoded()))
    };
    assert!(is("foreign") && is("{}"));
}

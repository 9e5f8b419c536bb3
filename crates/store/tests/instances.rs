//! Two storages on one directory, as two processes have them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::sync::Arc;

use support::*;
use tofu_oci_store::files::faults::{CountOps, OpKind};
use tofu_oci_store::files::{Sync, faults::Seen};
use tofu_oci_store::layout::LayoutStorage;
use tofu_oci_store::{
    Files, Kind, PutManifest, Repository, Storage, StorageRepository, StoreError, TagRule, User,
    WritableRepository, fsck,
};
use tofu_oci_types::oci::{Digest, Manifest, TagOrDigest};

fn two(dir: &std::path::Path) -> [StorageRepository; 2] {
    [(); 2].map(|()| {
        let storage = layout(dir, &Files::new());
        StorageRepository::new(Arc::new(storage), name("acme/demo"))
    })
}

#[tokio::test]
async fn each_sees_at_once_what_the_other_did() {
    let dir = tempfile::tempdir().unwrap();
    let [one, two] = two(dir.path());
    let image = put_image(&one, b"x").await;
    assert!(two.has(image.descriptor()).await.unwrap());
    for (n, (here, there)) in [(&one, &two), (&two, &one)].into_iter().enumerate() {
        let text = format!("1.{n}.0");
        put_tagged(here, &image, &text, TagRule::Create)
            .await
            .unwrap();
        assert_eq!(there.manifest(&at(&text)).await.unwrap(), image);
        assert_eq!(there.tags().await.unwrap().len(), n + 1);
    }
    let referrer = image_with(b"x", Some(image.descriptor()));
    put(&two, &referrer).await;
    let listed = one.referrers(image.descriptor(), None).await.unwrap();
    assert_eq!(listed, [referrer.as_referrer()]);
    one.delete(&by(referrer.digest())).await.unwrap();
    assert_eq!(two.referrers(image.descriptor(), None).await.unwrap(), []);
    one.delete(&at("1.0.0")).await.unwrap();
    assert_eq!(two.head(&tag("1.0.0")).await.unwrap(), None);
    two.delete(&by(image.digest())).await.unwrap();
    assert_eq!(one.tags().await.unwrap(), []);
    assert!(!one.has(image.descriptor()).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_and_deletes_interleave() {
    let dir = tempfile::tempdir().unwrap();
    let work = two(dir.path())
        .map(Arc::new)
        .into_iter()
        .enumerate()
        .map(|(who, repo)| {
            tokio::spawn(async move {
                for n in 0..25 {
                    let image = put_image(repo.as_ref(), format!("{who} {n}").as_bytes()).await;
                    let own = format!("1.{n}.{who}");
                    put_tagged(repo.as_ref(), &image, &own, TagRule::Create)
                        .await
                        .unwrap();
                    let shared = put_tagged(repo.as_ref(), &image, "latest", TagRule::Overwrite);
                    shared.await.unwrap();
                    if n % 2 == 1 {
                        repo.delete(&at(&own)).await.unwrap();
                        repo.delete(&by(image.digest())).await.unwrap();
                    }
                }
            })
        });
    for work in work.collect::<Vec<_>>() {
        work.await.unwrap();
    }
    let [one, two] = two(dir.path());
    let tags = one.tags().await.unwrap();
    assert_eq!(tags, two.tags().await.unwrap());
    let versions: Vec<_> = tags.iter().filter(|tag| tag.as_str() != "latest").collect();
    assert_eq!(versions.len(), 26);
    for tag in tags {
        one.manifest(&TagOrDigest::Tag(tag)).await.unwrap();
    }
    let storage = layout(dir.path(), &Files::new());
    let findings = fsck(&storage, None).await.unwrap();
    let bad = |f: &&tofu_oci_store::layout::Finding| {
        f.problem.severity() == tofu_oci_store::layout::Severity::Error
    };
    assert_eq!(findings.iter().filter(bad).count(), 0, "{findings:?}");
}

#[tokio::test]
async fn a_child_that_the_other_deleted_is_missed_under_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let [one, two] = two(dir.path());
    let child = put_image(&one, b"child").await;
    let parent = index(&[&child]);
    two.delete(&by(child.digest())).await.unwrap();
    let refused = put_tagged(&one, &parent, "1.0.0", TagRule::Create).await;
    assert!(matches!(refused, Err(StoreError::MissingChild { .. })));
    put(&one, &child).await;
    put_tagged(&one, &parent, "1.0.0", TagRule::Create)
        .await
        .unwrap();
    let refused = two.delete(&by(child.digest())).await;
    assert!(matches!(refused, Err(StoreError::Referenced { .. })));
}

#[tokio::test]
async fn the_other_finishes_an_upload() {
    let dir = tempfile::tempdir().unwrap();
    let (repo, user) = (name("acme/demo"), User::Named("alice".into()));
    let [one, two] = [(); 2].map(|()| layout(dir.path(), &Files::new()));
    let id = one.start(&repo, &user).await.unwrap();
    let mut upload = one.resume(&repo, &id, &user).await.unwrap();
    upload.append("hello ".into()).await.unwrap();
    let busy = two.resume(&repo, &id, &user).await;
    assert!(matches!(busy, Err(StoreError::Busy { .. })));
    drop(upload);
    let mut upload = two.resume(&repo, &id, &user).await.unwrap();
    assert_eq!(upload.offset(), 6);
    upload.append("wor".into()).await.unwrap();
    drop(upload);
    // The first remembers a hasher of six bytes, which is of no use any more.
    let mut upload = one.resume(&repo, &id, &user).await.unwrap();
    assert_eq!(upload.offset(), 9);
    upload.append("ld".into()).await.unwrap();
    let digest = Digest::of(b"hello world");
    upload.finish(&digest).await.unwrap();
    assert!(
        two.stat(&repo, &digest, Kind::Blob)
            .await
            .unwrap()
            .is_some()
    );
    let gone = two.resume(&repo, &id, &user).await;
    assert!(matches!(gone, Err(StoreError::AbsentUpload { .. })));
}

#[tokio::test]
async fn a_lost_index_of_a_repository_without_indexes_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let [one, two] = two(dir.path());
    put_bytes(&one, b"{}").await;
    put_bytes(&one, b"module").await;
    let module = image(b"module");
    put_tagged(&one, &module, "1.0.0", TagRule::Create)
        .await
        .unwrap();
    std::fs::remove_file(dir.path().join("acme/demo/index.json")).unwrap();
    let again = put_tagged(&two, &module, "1.1.0", TagRule::Create).await;
    assert!(
        matches!(again, Err(StoreError::Damaged { .. })),
        "{again:?}"
    );
    let storage = layout(dir.path(), &Files::new());
    let findings = fsck(&storage, None).await.unwrap();
    assert!(findings.iter().any(|f| f.file.ends_with("index.json")));
    // Where the content went with it, somebody begins anew.
    std::fs::remove_dir_all(dir.path().join("acme")).unwrap();
    put_image(&two, b"other").await;
    put_bytes(&two, b"module").await;
    put_tagged(&two, &module, "1.0.0", TagRule::Create)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_directory_in_the_place_of_content_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let [one, other] = two(dir.path());
    let image = put_image(&one, b"x").await;
    put_tagged(&one, &image, "1.0.0", TagRule::Create)
        .await
        .unwrap();
    let blobs = dir.path().join("acme/demo/blobs/sha256");
    let layer = Digest::of(b"x");
    for digest in [image.digest(), &layer] {
        let path = blobs.join(digest.encoded());
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("inside"), "").unwrap();
    }
    assert!(other.manifest(&at("1.0.0")).await.is_err());
    let again = put_image(&other, b"x").await;
    assert_eq!(one.manifest(&at("1.0.0")).await.unwrap(), again);
    assert_eq!(std::fs::read(blobs.join(layer.encoded())).unwrap(), b"x");
    assert_eq!(std::fs::read_dir(blobs).unwrap().count(), 3);
}

fn rewrites(seen: &[Seen]) -> usize {
    let index = |op: &&Seen| op.path.file_name().is_some_and(|f| f == "index.json");
    seen.iter()
        .filter(|op| op.op == OpKind::Name)
        .filter(index)
        .count()
}

fn opens(seen: &[Seen]) -> usize {
    seen.iter().filter(|op| op.op == OpKind::Open).count()
}

/// One request after the other, as a server gets them.
#[tokio::test]
async fn a_server_rewrites_the_index_for_tags_and_referrers_alone() {
    const VERSIONS: usize = 80;
    const PLATFORMS: usize = 6;
    const REFERRERS: usize = 5;
    let dir = tempfile::tempdir().unwrap();
    let count = Arc::new(CountOps::new());
    let files = Files::observed(count.clone()).with_sync(Sync::Off);
    let storage: Arc<dyn Storage> = Arc::new(layout(dir.path(), &files));
    let repo = name("acme/demo");
    let blobs = StorageRepository::new(Arc::clone(&storage), repo.clone());
    put_bytes(&blobs, b"{}").await;
    put_bytes(&blobs, b"layer").await;
    let child = |version: usize, n: usize| {
        Manifest::from_image(&tofu_oci_types::oci::ImageManifest {
            annotations: [("n".to_owned(), format!("{version}.{n}"))].into(),
            ..image(b"layer").as_image().unwrap().clone()
        })
    };
    let commit = async |put: PutManifest| {
        count.take();
        storage.commit(&repo, &[put]).await.unwrap();
        let seen = count.take();
        (rewrites(&seen), opens(&seen))
    };
    let (mut of_children, mut of_tags, mut of_referrers) = (vec![], vec![], vec![]);
    for version in 0..VERSIONS {
        let children: Vec<_> = (0..PLATFORMS).map(|n| child(version, n)).collect();
        for child in &children {
            of_children.push(commit(PutManifest::untagged(child.clone())).await);
        }
        let top = index(&children.iter().collect::<Vec<_>>());
        let tagged = tag(&format!("1.{version}.0"));
        let tagged = PutManifest::tagged(top.clone(), tagged, TagRule::Create);
        of_tags.push(commit(tagged).await);
        for n in 0..REFERRERS {
            let referrer = Manifest::from_image(&tofu_oci_types::oci::ImageManifest {
                subject: Some(top.descriptor().plain()),
                ..child(version, 100 + n).as_image().unwrap().clone()
            });
            of_referrers.push(commit(PutManifest::untagged(referrer)).await);
        }
    }
    // The first of all makes the repository.
    assert_eq!(of_children[0].0, 1);
    for (what, costs, most) in [
        ("children", &of_children[1..], 0),
        ("tags", &of_tags[1..], 1),
        ("referrers", &of_referrers[1..], 1),
    ] {
        assert!(costs.iter().all(|(writes, _)| *writes <= most), "{what}");
        let first = costs[PLATFORMS].1;
        let last = costs.last().unwrap().1;
        assert_eq!(first, last, "opens of {what} grow");
    }
    // One subject's referrers are asked for without opening anybody else's, by this process and by another.
    let top = index(
        &(0..PLATFORMS)
            .map(|n| child(7, n))
            .collect::<Vec<_>>()
            .iter()
            .collect::<Vec<_>>(),
    );
    for storage in [
        storage,
        Arc::new(layout(dir.path(), &files)) as Arc<dyn Storage>,
    ] {
        count.take();
        let found = storage.referrers(&repo, top.digest(), None).await.unwrap();
        assert_eq!(found.len(), REFERRERS);
        let seen = opens(&count.take());
        assert!(seen <= REFERRERS + 3, "{seen}");
    }
}

#[tokio::test]
async fn what_other_tools_wrote_is_opened_once() {
    let dir = tempfile::tempdir().unwrap();
    let [one, _] = two(dir.path());
    let mut tops = Vec::new();
    for n in 0..50 {
        let image = put_image(&one, format!("{n}").as_bytes()).await;
        put_tagged(&one, &image, &format!("1.{n}.0"), TagRule::Create)
            .await
            .unwrap();
        tops.push(image);
    }
    // Without the hints, as somebody else writes it.
    let path = dir.path().join("acme/demo/index.json");
    let mut index: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for entry in index["manifests"].as_array_mut().unwrap() {
        entry["annotations"]
            .as_object_mut()
            .unwrap()
            .remove("io.tofu-oci.subjects");
    }
    std::fs::write(&path, serde_json::to_vec(&index).unwrap()).unwrap();
    let count = Arc::new(CountOps::new());
    let storage = layout(dir.path(), &Files::observed(count.clone()));
    let ask = async |top: &Manifest| {
        count.take();
        let found = storage
            .referrers(&name("acme/demo"), top.digest(), None)
            .await;
        assert_eq!(found.unwrap(), []);
        count.take().len()
    };
    assert!(ask(&tops[0]).await > 50);
    for top in &tops {
        assert!(ask(top).await < 5);
    }
}

#[tokio::test]
async fn opening_and_listing_ten_thousand_repositories_opens_none() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..10_000 {
        let repo = dir.path().join(format!("ns{}/r{n}", n / 100));
        std::fs::create_dir_all(&repo).unwrap();
        std::fs::write(repo.join("index.json"), "").unwrap();
    }
    let count = Arc::new(CountOps::new());
    let storage = LayoutStorage::directory(
        dir.path(),
        &Files::observed(count.clone()),
        tofu_oci_store::layout::Access::Write,
    );
    let storage = storage.unwrap();
    assert!(count.take().len() < 10);
    let names = storage.repositories(None, usize::MAX).await.unwrap();
    assert_eq!(names.len(), 10_000);
    assert_eq!(opens(&count.take()), 0);
}

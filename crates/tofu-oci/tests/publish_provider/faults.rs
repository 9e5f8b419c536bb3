//! Killed, full, side by side: no version is half there.

use std::sync::Arc;

use tofu_oci::publish::ProviderOptions;
use tofu_oci::store::Repository;
use tofu_oci::store::files::faults::{CountOps, FailAt, KillAt, OpKind};
use tofu_oci::types::artifact::ProviderIndex;
use tofu_oci::types::oci::TagOrDigest;

use crate::fixture::*;
use crate::support::*;

#[tokio::test]
async fn a_killed_publish_leaves_no_version_and_is_completed_by_the_next() {
    let dist = Dist::new(&["linux_amd64", "darwin_arm64"]);
    dist.write("terraform-provider-demo_1.2.3_manifest.json", MANIFEST);
    dist.list();
    let options = ProviderOptions {
        jobs: std::num::NonZeroUsize::new(1),
        ..ProviderOptions::default()
    };
    for n in 0.. {
        let registry = tempfile::tempdir().unwrap();
        let at = layout(registry.path());
        let kill = Arc::new(KillAt::new(n));
        let result = killed(kill.clone())
            .provider(&[dist.path()], &at, &options)
            .await;
        if !kill.reached() {
            result.unwrap();
            assert!(n > 10, "{n} operations only");
            break;
        }
        if let Ok(repository) = publisher().connect.reader(&at).await
            && let Some(head) = repository.head(&"1.2.3".parse().unwrap()).await.unwrap()
        {
            complete(&*repository, &TagOrDigest::Digest(head.digest)).await;
        }
        let again = publisher().provider(&[dist.path()], &at, &options).await;
        let again = again.unwrap_or_else(|error| panic!("killed at {n}: {}", chain(&error)));
        let repository = publisher().connect.reader(&at).await.unwrap();
        complete(&*repository, &TagOrDigest::Digest(again.digest)).await;
    }
}

/// Reads everything below the version, and what must be beside it.
async fn complete(repository: &dyn Repository, at: &TagOrDigest) {
    let index = repository.manifest(at).await.unwrap();
    assert_eq!(index.child_manifests().len(), 2);
    for entry in ProviderIndex::read(&index).unwrap().entries() {
        let target = entry.descriptor.digest.clone().into();
        let target = repository.manifest(&target).await.unwrap();
        let layer = entry.package(&target).unwrap();
        repository
            .blob(layer)
            .await
            .unwrap()
            .into_bytes(1 << 20)
            .await
            .unwrap();
    }
    let referrers = repository
        .referrers(index.descriptor(), None)
        .await
        .unwrap();
    assert_eq!(referrers.len(), 2, "checksums file and registry manifest");
}

#[tokio::test]
async fn a_full_disk_is_an_error_and_leaves_no_version() {
    let dist = Dist::new(&["linux_amd64", "darwin_arm64"]);
    let options = ProviderOptions::default();
    for n in (0..).step_by(3) {
        let registry = tempfile::tempdir().unwrap();
        let at = layout(registry.path());
        let full = Arc::new(FailAt::new(n, std::io::ErrorKind::StorageFull));
        let result = killed(full.clone())
            .provider(&[dist.path()], &at, &options)
            .await;
        if !full.reached() {
            result.unwrap();
            break;
        }
        let repository = publisher().connect.reader(&at).await;
        let head = match &repository {
            Ok(repository) => repository.head(&"1.2.3".parse().unwrap()).await.unwrap(),
            Err(_) => None,
        };
        // Only the very last steps may fail after the version is there.
        assert!(result.is_err() || head.is_some(), "failed at {n}");
        publisher()
            .provider(&[dist.path()], &at, &options)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn publishers_do_not_disturb_one_another() {
    let registry = tempfile::tempdir().unwrap();
    let at = layout(registry.path());
    let same = Dist::new(&["linux_amd64", "darwin_arm64"]);
    let mut tasks = Vec::new();
    for n in 0..6 {
        let at = at.clone();
        let (paths, options) = match n % 2 {
            0 => (vec![same.path()], ProviderOptions::default()),
            _ => {
                let dist = Dist::empty();
                let name = format!("terraform-provider-demo_1.3.{n}_linux_amd64.zip");
                dist.write(&name, &package("linux_amd64"));
                (vec![dist.dir.keep()], ProviderOptions::default())
            }
        };
        tasks.push(tokio::spawn(async move {
            publisher().provider(&paths, &at, &options).await.unwrap()
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let repository = publisher().connect.reader(&at).await.unwrap();
    let tags: Vec<String> = repository
        .tags()
        .await
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(tags, ["1.2.3", "1.3.1", "1.3.3", "1.3.5"]);
}

#[tokio::test]
async fn a_version_more_is_one_rewrite_and_as_many_opens() {
    let registry = tempfile::tempdir().unwrap();
    let at = layout(registry.path());
    let mut opens = Vec::new();
    for n in 0..40 {
        let dist = Dist::empty();
        let name = format!("terraform-provider-demo_1.0.{n}_linux_amd64.zip");
        dist.write(&name, &package("linux_amd64"));
        let counter = Arc::new(CountOps::new());
        let publisher = killed(counter.clone());
        publisher
            .provider(&[dist.path()], &at, &ProviderOptions::default())
            .await
            .unwrap();
        let seen = counter.take();
        let of = |kind: OpKind| seen.iter().filter(|seen| seen.op == kind).count();
        let renames = seen
            .iter()
            .filter(|seen| seen.op == OpKind::Name && seen.path.ends_with("index.json"))
            .count();
        assert_eq!(renames, 1, "version {n}");
        opens.push(of(OpKind::Open));
    }
    assert_eq!(opens[10], opens[39], "{opens:?}");
}

//! Files come back as they were published.

use tofu_oci::Outcome;
use tofu_oci::inspect::{ExistingFile, PullError, PullOptions};
use tofu_oci::publish::{ModuleOptions, ProviderOptions};
use tofu_oci::types::oci::{Manifest, TagOrDigest};

use crate::fixture::*;
use crate::support::*;

#[tokio::test]
async fn a_release_comes_back_as_it_was() {
    let dist = release();
    let registry = tempfile::tempdir().unwrap();
    let at = layout(registry.path());
    publisher()
        .provider(&[dist.path()], &at, &ProviderOptions::default())
        .await
        .unwrap();
    let out = tempfile::tempdir().unwrap();
    let into = out.path().join("new/dir");
    let report = inspector()
        .pull(&at, &into, &PullOptions::default())
        .await
        .unwrap();
    assert_eq!(files(&into), files(dist.dir.path()));
    assert!(
        report
            .files
            .iter()
            .all(|file| file.outcome == Outcome::Done)
    );
    assert_eq!(report.tag.unwrap().as_str(), "1.2.3");
    // Again: nothing to do.
    let again = inspector()
        .pull(&at, &into, &PullOptions::default())
        .await
        .unwrap();
    assert!(
        again
            .files
            .iter()
            .all(|file| file.outcome == Outcome::Unchanged)
    );
    // Another file in the place of one stops everything.
    std::fs::remove_file(into.join(zip_name("darwin_arm64"))).unwrap();
    std::fs::write(into.join("bom.cdx.json"), "other").unwrap();
    let error = inspector()
        .pull(&at, &into, &PullOptions::default())
        .await
        .unwrap_err();
    assert!(matches!(error, PullError::Exists { .. }), "{error:?}");
    assert!(!into.join(zip_name("darwin_arm64")).exists());
    let replace = PullOptions {
        existing: ExistingFile::Replace,
        ..PullOptions::default()
    };
    inspector().pull(&at, &into, &replace).await.unwrap();
    assert_eq!(files(&into), files(dist.dir.path()));
    // One platform with its SBOM, and what belongs to the whole release.
    let one = PullOptions {
        platforms: vec!["darwin_arm64".parse().unwrap()],
        ..PullOptions::default()
    };
    let into = out.path().join("one");
    inspector().pull(&at, &into, &one).await.unwrap();
    let names: Vec<String> = files(&into).into_keys().collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(
        !names.iter().any(|name| name.contains("linux")),
        "{names:?}"
    );
    let none = PullOptions {
        platforms: vec!["plan9_mips".parse().unwrap()],
        ..PullOptions::default()
    };
    let error = inspector().pull(&at, &into, &none).await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("plan9_mips, only for darwin_arm64, linux_amd64"),
        "{error}"
    );
}

#[tokio::test]
async fn what_was_pulled_is_published_as_the_same() {
    let dist = release();
    let registry = tempfile::tempdir().unwrap();
    let at = layout(registry.path());
    let options = ProviderOptions::default();
    let first = publisher()
        .provider(&[dist.path()], &at, &options)
        .await
        .unwrap();
    let out = tempfile::tempdir().unwrap();
    inspector()
        .pull(&at, out.path(), &PullOptions::default())
        .await
        .unwrap();
    let second = publisher()
        .provider(&[out.path().to_owned()], &at, &options)
        .await
        .unwrap();
    assert_eq!(second.digest, first.digest);
    assert_eq!(second.bytes, 0);
}

#[tokio::test]
async fn modules_come_back_as_zips() {
    let registry = tempfile::tempdir().unwrap();
    let module = tempfile::tempdir().unwrap();
    std::fs::write(module.path().join("main.tf"), "# x\n").unwrap();
    let at = address(&format!(
        "dir:{}//modules/label:1.0.0",
        registry.path().display()
    ));
    let options = ModuleOptions::new(registry.path());
    let report = publisher()
        .module(module.path(), &at, &options)
        .await
        .unwrap();
    let out = tempfile::tempdir().unwrap();
    inspector()
        .pull(&at, out.path(), &PullOptions::default())
        .await
        .unwrap();
    let pulled = files(out.path());
    assert_eq!(pulled.keys().collect::<Vec<_>>(), ["label-1.0.0.zip"]);
    assert_eq!(pulled["label-1.0.0.zip"].len() as u64, report.size);
    let again = publisher()
        .module(&out.path().join("label-1.0.0.zip"), &at, &options)
        .await;
    assert_eq!(again.unwrap().digest, report.digest);
}

#[tokio::test]
async fn releases_without_a_package_are_not_pulled() {
    let dist = release();
    let registry = tempfile::tempdir().unwrap();
    let at = layout(registry.path());
    publisher()
        .provider(&[dist.path()], &at, &ProviderOptions::default())
        .await
        .unwrap();
    let repository = writer(&at).await;
    let version = |text: &str| TagOrDigest::Tag(text.parse().unwrap());
    let published = repository.manifest(&version("1.2.3")).await.unwrap();
    let index = published.as_index().unwrap().clone();
    let mut empty = index.clone();
    empty.manifests.clear();
    let mut unsaid = index.clone();
    let mut nowhere = index.clone();
    for entry in &mut unsaid.manifests {
        entry.artifact_type = None;
    }
    for entry in &mut nowhere.manifests {
        entry.platform = None;
    }
    let mut longer = index;
    for entry in &mut longer.manifests {
        entry.size += 1;
    }
    let home = registry.path().join("acme/demo");
    for (index, says) in [
        (empty, "no package"),
        (unsaid, "no package"),
        (nowhere, "without a platform"),
        (longer, "the index says"),
    ] {
        // No store would take the last one, so it is written past it.
        let manifest = Manifest::from_index(&index);
        let blob = home.join("blobs/sha256").join(manifest.digest().encoded());
        std::fs::write(blob, manifest.bytes()).unwrap();
        let entry = format!(
            r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{}","digest":"{}","size":{},"annotations":{{"org.opencontainers.image.ref.name":"1.2.3"}}}}]}}"#,
            manifest.media_type(),
            manifest.digest(),
            manifest.bytes().len()
        );
        std::fs::remove_file(home.join("index.json")).unwrap();
        std::fs::write(home.join("index.json"), entry).unwrap();
        let out = tempfile::tempdir().unwrap();
        let pulled = inspector()
            .pull(&at, out.path(), &PullOptions::default())
            .await;
        let error = pulled.unwrap_err();
        assert!(chain(&error).contains(says), "{}", chain(&error));
        assert!(files(out.path()).is_empty());
    }
}

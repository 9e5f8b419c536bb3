//! Publishing a version again: nothing to do, something missing, something lost.

use std::sync::Arc;

use tofu_oci::publish::{Existing, ProviderOptions, PublishOutcome};
use tofu_oci::store::Put;
use tofu_oci::store::files::faults::CountOps;
use tofu_oci::types::artifact::AttachmentKind;

use crate::fixture::*;
use crate::support::*;

#[tokio::test]
async fn publishing_twice_writes_nothing() {
    let dist = Dist::new(&["linux_amd64", "darwin_arm64", "windows_amd64"]);
    let registry = tempfile::tempdir().unwrap();
    let at = layout(registry.path());
    let options = ProviderOptions::default();
    let first = publisher()
        .provider(&[dist.path()], &at, &options)
        .await
        .unwrap();
    assert_eq!(first.outcome, PublishOutcome::Published);
    let counter = Arc::new(CountOps::new());
    let publisher = observed(counter.clone());
    let second = publisher
        .provider(&[dist.path()], &at, &options)
        .await
        .unwrap();
    assert_eq!(second.outcome, PublishOutcome::Unchanged);
    assert_eq!((second.digest, second.bytes), (first.digest, 0));
    let changes: Vec<_> = counter
        .take()
        .into_iter()
        .filter(|seen| seen.changes)
        .collect();
    // Looking whether the directory is there is asking to make it.
    let written: Vec<_> = changes
        .iter()
        .filter(|seen| seen.path != registry.path())
        .collect();
    assert!(written.is_empty(), "{written:?}");
}

#[tokio::test]
async fn what_is_missing_beside_a_version_is_added() {
    let dist = Dist::new(&["linux_amd64"]);
    let repository = memory();
    let options = ProviderOptions::default();
    let first = publish(&dist, &repository, &options).await.unwrap();
    let sbom = br#"{"bomFormat":"CycloneDX","specVersion":"1.6"}"#;
    dist.write("terraform-provider-demo_1.2.3_linux_amd64.cdx.json", sbom);
    let second = publish(&dist, &repository, &options).await.unwrap();
    assert_eq!(second.outcome, PublishOutcome::Completed);
    assert_eq!(second.digest, first.digest);
    let put: Vec<_> = second.attachments.iter().map(|a| (a.kind, a.put)).collect();
    assert_eq!(
        put,
        [
            (AttachmentKind::Shasums, None),
            (AttachmentKind::CycloneDx, Some(Put::Uploaded))
        ]
    );
    let third = publish(&dist, &repository, &options).await.unwrap();
    assert_eq!(third.outcome, PublishOutcome::Unchanged);
}

#[tokio::test]
async fn what_was_lost_is_sent_again() {
    let dist = Dist::new(&["linux_amd64", "darwin_arm64"]);
    dist.write("terraform-provider-demo_1.2.3_manifest.json", MANIFEST);
    dist.list();
    let module = Dist::empty();
    module.write("main.tf", b"# nothing\n");
    let registry = tempfile::tempdir().unwrap();
    let plain = ProviderOptions::default();
    let force = ProviderOptions {
        existing: Existing::Replace,
        ..ProviderOptions::default()
    };
    let options = tofu_oci::publish::ModuleOptions {
        version: Some("1.2.3".parse().unwrap()),
        ..tofu_oci::publish::ModuleOptions::new(registry.path())
    };
    let forced = tofu_oci::publish::ModuleOptions {
        existing: Existing::Replace,
        ..options.clone()
    };
    let inspector = tofu_oci::inspect::Inspector {
        files: publisher().files,
        connect: publisher().connect,
        progress: tofu_oci::Progress::default(),
    };
    for name in ["acme/demo", "acme/label"] {
        let at = address(&format!("dir:{}//{name}", registry.path().display()));
        let again = async |force_it: bool| {
            if name == "acme/demo" {
                let options = if force_it { &force } else { &plain };
                let report = publisher().provider(&[dist.path()], &at, options).await;
                report.map(|report| report.outcome)
            } else {
                let options = if force_it { &forced } else { &options };
                let report = publisher().module(&module.path(), &at, options).await;
                report.map(|report| report.outcome)
            }
        };
        assert_eq!(again(false).await.unwrap(), PublishOutcome::Published);
        let blobs = registry.path().join(name).join("blobs/sha256");
        let mut count = 0;
        for blob in std::fs::read_dir(&blobs).unwrap() {
            let blob = blob.unwrap().path();
            let content = std::fs::read(&blob).unwrap();
            count += 1;
            for damage in ["missing", "empty", "truncated", "changed"] {
                let mut bad = content.clone();
                match damage {
                    "empty" => bad.clear(),
                    "truncated" => bad.truncate(content.len() - 1),
                    _ => bad[content.len() / 2] ^= 1,
                }
                std::fs::remove_file(&blob).unwrap();
                if damage != "missing" {
                    std::fs::write(&blob, bad).unwrap();
                }
                let what = format!("{damage} {}", blob.display());
                let outcome = again(damage == "changed").await;
                let outcome = outcome.unwrap_or_else(|error| panic!("{what}: {}", chain(&error)));
                assert_eq!(outcome, PublishOutcome::Completed, "{what}");
                assert_eq!(std::fs::read(&blob).unwrap(), content, "{what}");
                let found = inspector.fsck(registry.path()).await.unwrap();
                assert!(found.findings.is_empty(), "{what}: {:?}", found.findings);
                let outcome = again(false).await.unwrap();
                assert_eq!(outcome, PublishOutcome::Unchanged, "{what}");
            }
        }
        assert!(count > 2, "{count}");
    }
}

#[tokio::test]
async fn a_lost_index_is_not_begun_anew() {
    let dist = Dist::new(&["linux_amd64"]);
    let registry = tempfile::tempdir().unwrap();
    let at = layout(registry.path());
    let options = ProviderOptions::default();
    let again = async || publisher().provider(&[dist.path()], &at, &options).await;
    again().await.unwrap();
    let index = registry.path().join("acme/demo/index.json");
    std::fs::remove_file(&index).unwrap();
    let inspector = tofu_oci::inspect::Inspector {
        files: publisher().files,
        connect: publisher().connect,
        progress: tofu_oci::Progress::default(),
    };
    let found = inspector.fsck(registry.path()).await.unwrap();
    assert!(found.is_damaged());
    assert!(
        found
            .findings
            .iter()
            .any(|found| found.file.ends_with("acme/demo/index.json"))
    );
    let error = again().await.unwrap_err();
    assert!(chain(&error).contains("index.json"), "{}", chain(&error));
    assert!(!index.exists());
    // Whoever removes the whole directory begins anew.
    std::fs::remove_dir_all(registry.path().join("acme/demo")).unwrap();
    assert_eq!(again().await.unwrap().outcome, PublishOutcome::Published);
    let found = inspector.fsck(registry.path()).await.unwrap();
    assert!(found.findings.is_empty(), "{:?}", found.findings);
}

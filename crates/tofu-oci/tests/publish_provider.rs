//! Publishing providers: what comes out, and what is refused.
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
use tofu_oci::install::Writes;
use tofu_oci::publish::{Existing, ProviderOptions, PublishError, PublishOutcome};
use tofu_oci::store::files::faults::{CountOps, FailAt, KillAt, OpKind};
use tofu_oci::store::{Put, Repository};
use tofu_oci::types::artifact::{AttachmentKind, Profile, ProviderIndex, annotation};
use tofu_oci::types::oci::{Tag, TagOrDigest};

const MANIFEST: &[u8] = b"{\"version\":1,\"metadata\":{\"protocol_versions\":[\"5.0\",\"6.0\"]}}\n";

/// The beginning of a program for linux_arm64.
const ELF_ARM64: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xb7\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

fn golden_options() -> ProviderOptions {
    ProviderOptions {
        source: Some("registry.example.com/acme/demo".parse().unwrap()),
        created: Some("2026-01-02T03:04:05Z".parse().unwrap()),
        ..ProviderOptions::default()
    }
}

fn tag(text: &str) -> TagOrDigest {
    TagOrDigest::Tag(text.parse().unwrap())
}

#[tokio::test]
async fn the_golden_release() {
    let dist = Dist::golden();
    dist.write("terraform-provider-demo_1.2.3_manifest.json", MANIFEST);
    dist.write(
        "terraform-provider-demo_1.2.3_linux_amd64.spdx.json",
        b"{\"SPDXID\":\"SPDXRef-DOCUMENT\",\"spdxVersion\":\"SPDX-2.3\"}\n",
    );
    let repository = memory();
    let report = publish(&dist, &repository, &golden_options())
        .await
        .unwrap();
    assert_eq!(
        report.digest.as_str(),
        "sha256:fd7ad161cd4227a4f36fad2fada32aff6227c309d1762acb2bbc4022023de55c"
    );
    assert_eq!(report.outcome, PublishOutcome::Published);
    assert_eq!(report.tag.as_str(), "1.2.3");
    let index = repository.manifest(&tag("1.2.3")).await.unwrap();
    assert_eq!(
        index.bytes(),
        &std::fs::read(golden("artifact/index.json")).unwrap()
    );
    let referrers = repository
        .referrers(index.descriptor(), None)
        .await
        .unwrap();
    let digests: Vec<&str> = referrers.iter().map(|r| r.digest.as_str()).collect();
    assert_eq!(
        digests,
        ["sha256:8d33e8bbc1621ba4aa386454932706474c821af47eca5be4d1324eb97a536ebe"],
        "the registry manifest"
    );
    let target = &ProviderIndex::read(&index).unwrap().entries()[1]
        .descriptor
        .clone();
    let sboms = repository.referrers(target, None).await.unwrap();
    assert_eq!(
        sboms[0].digest.as_str(),
        "sha256:0654795636845cebea83d0bb1007687ac9d4c3f2177b419ec4adc493dfc2f68a"
    );
    let puts: Vec<_> = report.packages.iter().map(|p| p.put).collect();
    assert_eq!(puts, [Some(Put::Uploaded), Some(Put::Uploaded)]);
}

#[tokio::test]
async fn the_same_golden_release_without_anything_of_ours() {
    let options = ProviderOptions {
        profile: Profile::Plain,
        ..golden_options()
    };
    let repository = memory();
    let dist = Dist::golden();
    dist.list();
    let report = publish(&dist, &repository, &options).await.unwrap();
    let index = repository.manifest(&tag("1.2.3")).await.unwrap();
    let entries: Vec<_> = index
        .child_manifests()
        .iter()
        .map(|c| c.digest.to_string())
        .collect();
    assert!(entries[0].starts_with("sha256:c3472fcd"), "{entries:?}");
    assert!(entries[1].starts_with("sha256:ef4974a8"), "{entries:?}");
    assert_eq!(report.attachments, []);
    assert_eq!(
        repository
            .referrers(index.descriptor(), None)
            .await
            .unwrap(),
        []
    );
}

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

#[tokio::test]
async fn places_that_do_not_fit() {
    let dist = Dist::new(&["linux_amd64"]);
    let module = Dist::empty();
    module.write("main.tf", b"# nothing\n");
    let registry = tempfile::tempdir().unwrap();
    let options = ProviderOptions::default();
    let module_options = tofu_oci::publish::ModuleOptions {
        version: Some("2.0.0".parse().unwrap()),
        ..tofu_oci::publish::ModuleOptions::new(registry.path())
    };
    let root = registry.path().display().to_string();
    let provider = async |at: String| {
        let at = address(&at);
        publisher().provider(&[dist.path()], &at, &options).await
    };
    provider(format!("dir:{root}//acme/demo")).await.unwrap();
    let at = address(&format!("dir:{root}//acme/demo"));
    let error = publisher()
        .module(&module.path(), &at, &module_options)
        .await
        .unwrap_err();
    assert!(
        matches!(error, PublishError::MixedRepository { .. }),
        "{error}"
    );
    let at = address(&format!("dir:{root}//acme/label"));
    publisher()
        .module(&module.path(), &at, &module_options)
        .await
        .unwrap();
    let error = provider(format!("dir:{root}//acme/label"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, PublishError::MixedRepository { .. }),
        "{error}"
    );
    let error = provider(format!("dir:{root}")).await.unwrap_err();
    assert!(matches!(error, PublishError::NameMissing { .. }), "{error}");
    let error = provider(format!("dir:{root}/acme/demo//x"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, PublishError::NameBelowLayout { .. }),
        "{error}"
    );
    assert!(!registry.path().join("index.json").exists());
    assert!(!registry.path().join("acme/demo/x").exists());
}

#[tokio::test]
async fn evidence_that_is_not_taken_is_told() {
    let dist = Dist::new(&["linux_amd64"]);
    dist.write("terraform-provider-demo_1.2.3_SHA256SUMS.asc", b"x");
    dist.write("terraform-provider-demo_1.0.0_SHA256SUMS.asc", b"x");
    dist.write("SHA256SUMS", b"x");
    dist.write("SHA256SUMS.sig", b"x");
    let heard = Arc::new(Heard::default());
    let publisher = tofu_oci::publish::Publisher {
        progress: tofu_oci::Progress::new(heard.clone()),
        ..publisher()
    };
    let at = address("dir:r//acme/demo");
    for path in [dist.path(), dist.join(&zip_name("linux_amd64"))] {
        heard.0.lock().unwrap().clear();
        publisher
            .provider_into(&[path], (&at, memory()), &ProviderOptions::default())
            .await
            .unwrap();
        let warnings = heard.warnings();
        let told = warnings
            .iter()
            .filter(|text| text.contains("not published"));
        assert_eq!(told.count(), 3, "{warnings:?}");
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
async fn content_that_is_not_what_it_should_be_is_never_stored() {
    // One byte of the content of an entry differs from its CRC.
    let mut broken = package("darwin_arm64");
    let at = broken.windows(10).position(|w| w == b"Apache-2.0").unwrap();
    broken[at] ^= 1;
    for listed in [false, true] {
        let dist = Dist::empty();
        dist.write(&zip_name("linux_amd64"), &package("linux_amd64"));
        dist.write(&zip_name("darwin_arm64"), &broken);
        if listed {
            dist.list();
        }
        let repository = memory();
        let error = publish(&dist, &repository, &ProviderOptions::default())
            .await
            .unwrap_err();
        assert!(chain(&error).contains("LICENSE"), "{}", chain(&error));
        let digest = tofu_oci::types::oci::Digest::of(&broken);
        let blob = tofu_oci::types::oci::Descriptor::new(
            tofu_oci::types::artifact::PACKAGE_LAYER,
            digest,
            broken.len() as u64,
        );
        assert!(!repository.has(&blob).await.unwrap());
        assert!(repository.tags().await.unwrap_or_default().is_empty());
    }
}

#[tokio::test]
async fn checksums_files_that_are_refused() {
    let linux = zip_name("linux_amd64");
    let hash = tofu_oci::types::oci::Digest::of(&package("linux_amd64"));
    let other = tofu_oci::types::oci::Digest::of(b"other");
    let (hash, other) = (hash.encoded(), other.encoded());
    for (name, list, says) in [
        ("wrong", format!("{other}  {linux}\n"), "is listed as"),
        ("missing", format!("{hash}  other.zip\n"), "is not listed"),
        (
            "blank line",
            format!("{hash}  {linux}\n\n"),
            "line 2 is blank",
        ),
        ("binary marker", format!("{hash} *{linux}\n"), "\"*\""),
        ("no hash", format!("{hash}  {linux}\nabc  x\n"), "64 hex"),
        (
            "twice",
            format!("{hash}  {linux}\n{hash}  {linux}\n"),
            "again",
        ),
        ("empty", String::new(), "checksums file"),
    ] {
        let dist = Dist::empty();
        dist.write(&linux, &package("linux_amd64"));
        dist.write("terraform-provider-demo_1.2.3_SHA256SUMS", list.as_bytes());
        let repository = memory();
        let error = publish(&dist, &repository, &ProviderOptions::default())
            .await
            .unwrap_err();
        assert!(
            matches!(error, PublishError::Shasums { .. }),
            "{name}: {error:?}"
        );
        assert!(chain(&error).contains(says), "{name}: {}", chain(&error));
        assert!(repository.tags().await.unwrap_or_default().is_empty());
    }
    // Further names do no harm: other platforms, files that are not published.
    let dist = Dist::empty();
    dist.write(&linux, &package("linux_amd64"));
    let list = format!("{other}  {}\n{hash}  {linux}\n", zip_name("darwin_arm64"));
    dist.write("terraform-provider-demo_1.2.3_SHA256SUMS", list.as_bytes());
    publish(&dist, &memory(), &ProviderOptions::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_version_does_not_change() {
    let repository = memory();
    let dist = Dist::new(&["linux_amd64"]);
    let options = ProviderOptions::default();
    let first = publish(&dist, &repository, &options).await.unwrap();
    let other = Dist::new(&["linux_amd64", "darwin_arm64"]);
    let error = publish(&other, &repository, &options).await.unwrap_err();
    let PublishError::VersionExists {
        existing,
        new,
        tag: at,
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!((existing, at.as_str()), (first.digest.clone(), "1.2.3"));
    let head = repository
        .head(&"1.2.3".parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(head.digest, first.digest);
    // Unless it is wanted.
    let options = ProviderOptions {
        existing: Existing::Replace,
        ..options
    };
    let forced = publish(&other, &repository, &options).await.unwrap();
    assert_eq!(forced.outcome, PublishOutcome::Published);
    assert_eq!((forced.digest, forced.replaced), (new, Some(first.digest)));
    let head = repository
        .head(&"1.2.3".parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        head.digest,
        forced
            .packages
            .len()
            .eq(&2)
            .then_some(head.digest.clone())
            .unwrap()
    );
}

#[tokio::test]
async fn versions_that_no_client_can_tell_apart() {
    let repository = memory();
    publish(
        &Dist::new(&["linux_amd64"]),
        &repository,
        &ProviderOptions::default(),
    )
    .await
    .unwrap();
    let dist = Dist::empty();
    dist.write(
        "terraform-provider-demo_1.2.3+build.5_linux_amd64.zip",
        &package("linux_amd64"),
    );
    let error = publish(&dist, &repository, &ProviderOptions::default())
        .await
        .unwrap_err();
    assert!(matches!(error, PublishError::Twin { .. }), "{error:?}");
    // Alone it is fine, and `+` is `_` in the tag.
    let repository = memory();
    let report = publish(&dist, &repository, &ProviderOptions::default())
        .await
        .unwrap();
    assert_eq!(report.tag.as_str(), "1.2.3_build.5");
    let tags: Vec<Tag> = repository.tags().await.unwrap();
    assert_eq!(tags.len(), 1);
}

#[tokio::test]
async fn a_plan_writes_nothing() {
    let dist = Dist::new(&["linux_amd64", "darwin_arm64"]);
    let registry = tempfile::tempdir().unwrap();
    let at = layout(&registry.path().join("new"));
    let options = ProviderOptions {
        writes: Writes::DryRun,
        ..ProviderOptions::default()
    };
    let counter = Arc::new(CountOps::new());
    let plan = observed(counter.clone())
        .provider(&[dist.path()], &at, &options)
        .await
        .unwrap();
    assert_eq!(plan.outcome, PublishOutcome::Planned);
    let sizes: u64 = plan.packages.iter().map(|package| package.size).sum();
    let list = dist.read("terraform-provider-demo_1.2.3_SHA256SUMS").len() as u64;
    assert_eq!(plan.bytes, sizes + list);
    assert!(counter.take().iter().all(|seen| !seen.changes));
    let real = publisher()
        .provider(&[dist.path()], &at, &ProviderOptions::default())
        .await;
    assert_eq!(real.unwrap().digest, plan.digest);
    let plan = publisher()
        .provider(&[dist.path()], &at, &options)
        .await
        .unwrap();
    assert_eq!((plan.outcome, plan.bytes), (PublishOutcome::Unchanged, 0));
}

#[tokio::test]
async fn which_files_are_taken() {
    let options = ProviderOptions::default();
    // A directory of goreleaser: other files and directories do not count.
    let dist = Dist::new(&["linux_amd64", "darwin_arm64"]);
    dist.write("artifacts.json", b"[]");
    dist.write("CHANGELOG.md", b"# 1.2.3");
    dist.write("demo_linux_amd64_v1/terraform-provider-demo_v1.2.3", b"x");
    let report = publish(&dist, &memory(), &options).await.unwrap();
    assert_eq!(report.packages.len(), 2);
    assert_eq!(report.attachments.len(), 1);

    // Only some platforms; the list still covers them.
    let only = ProviderOptions {
        platforms: vec!["darwin_arm64".parse().unwrap()],
        ..ProviderOptions::default()
    };
    let report = publish(&dist, &memory(), &only).await.unwrap();
    assert_eq!(report.packages[0].platform.to_string(), "darwin_arm64");
    assert_eq!(report.packages.len(), 1);
    let missing = ProviderOptions {
        platforms: vec!["plan9_mips".parse().unwrap()],
        ..ProviderOptions::default()
    };
    let error = publish(&dist, &memory(), &missing).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no package for plan9_mips, only for darwin_arm64, linux_amd64"
    );

    // One zip by name: its list is found beside it, its neighbour is left.
    let at = address("dir:r//acme/demo");
    let zip = dist.join(&zip_name("linux_amd64"));
    let report = publisher()
        .provider_into(&[zip], (&at, memory()), &options)
        .await
        .unwrap();
    assert_eq!((report.packages.len(), report.attachments.len()), (1, 1));
}

#[tokio::test]
async fn a_mirror_directory() {
    let dist = Dist::empty();
    let zip = package("linux_amd64");
    for name in [
        "registry.example.com/acme/demo/terraform-provider-demo_1.2.3_linux_amd64.zip",
        "registry.example.com/acme/demo/terraform-provider-demo_1.3.0_linux_amd64.zip",
        "registry.example.com/acme/other/terraform-provider-other_1.2.3_linux_amd64.zip",
        "registry.example.com/acme/demo/index.json",
    ] {
        dist.write(name, &zip);
    }
    let error = publish(&dist, &memory(), &ProviderOptions::default())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "there are packages of several providers: registry.example.com/acme/demo, registry.example.com/acme/other"
    );
    let source = ProviderOptions {
        source: Some("registry.example.com/acme/demo".parse().unwrap()),
        ..ProviderOptions::default()
    };
    let error = publish(&dist, &memory(), &source).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "there are packages of several versions: 1.2.3, 1.3.0"
    );
    std::fs::remove_dir_all(dist.join("registry.example.com/acme/other")).unwrap();
    let one = ProviderOptions {
        version: Some("1.3.0".parse().unwrap()),
        ..ProviderOptions::default()
    };
    let repository = memory();
    let report = publish(&dist, &repository, &one).await.unwrap();
    assert_eq!(report.version.to_string(), "1.3.0");
    let index = repository.manifest(&tag("1.3.0")).await.unwrap();
    assert_eq!(
        index.annotations().unwrap()[annotation::PROVIDER_SOURCE],
        "registry.example.com/acme/demo"
    );
}

#[tokio::test]
async fn names_that_say_nothing() {
    let dist = Dist::empty();
    dist.write("build.zip", &package("linux_amd64"));
    let zip = [dist.join("build.zip")];
    let at = address("dir:r//acme/demo");
    let into = || (&at, memory());
    let error = publisher()
        .provider_into(&zip, into(), &ProviderOptions::default())
        .await
        .unwrap_err();
    assert!(
        error.to_string().ends_with(
            "does not say what it is, and its source address and its version and its one platform are not given"
        ),
        "{error}"
    );
    let options = ProviderOptions {
        source: Some("acme/demo".parse().unwrap()),
        version: Some("1.2.3".parse().unwrap()),
        platforms: vec!["linux_amd64".parse().unwrap()],
        ..ProviderOptions::default()
    };
    let report = publisher()
        .provider_into(&zip, into(), &options)
        .await
        .unwrap();
    assert_eq!(report.packages[0].filename, zip_name("linux_amd64"));
}

#[tokio::test]
async fn bad_names_bad_zips_and_bad_tags() {
    for (name, files, says) in [
        (
            "v prefix",
            vec![(
                "terraform-provider-demo_v1.2.3_linux_amd64.zip",
                package("linux_amd64"),
            )],
            "write 1.2.3",
        ),
        (
            "not canonical",
            vec![(
                "terraform-provider-demo_1.2_linux_amd64.zip",
                package("linux_amd64"),
            )],
            "write 1.2.0",
        ),
        (
            "empty",
            vec![("terraform-provider-demo_1.2.3_linux_amd64.zip", Vec::new())],
            "not a zip",
        ),
        (
            "truncated",
            vec![(
                "terraform-provider-demo_1.2.3_linux_amd64.zip",
                package("linux_amd64")[..80].to_vec(),
            )],
            "truncated",
        ),
        (
            "no executable",
            vec![(
                "terraform-provider-demo_1.2.3_linux_amd64.zip",
                zip_of(&[("README", b"x")]),
            )],
            "terraform-provider-demo",
        ),
        (
            "no .exe",
            vec![(
                "terraform-provider-demo_1.2.3_windows_amd64.zip",
                package("linux_amd64"),
            )],
            ".exe",
        ),
        (
            "other machine",
            vec![(
                "terraform-provider-demo_1.2.3_linux_amd64.zip",
                zip_of(&[("terraform-provider-demo", ELF_ARM64)]),
            )],
            "linux_amd64",
        ),
        (
            "nothing",
            vec![("README", Vec::new())],
            "no provider package",
        ),
        (
            "SBOM of no platform",
            vec![
                (
                    "terraform-provider-demo_1.2.3_linux_amd64.zip",
                    package("linux_amd64"),
                ),
                (
                    "terraform-provider-demo_1.2.3_darwin_arm64.spdx.json",
                    br#"{"spdxVersion":"SPDX-2.3"}"#.to_vec(),
                ),
            ],
            "darwin_arm64",
        ),
        (
            "signature of nothing",
            vec![
                (
                    "terraform-provider-demo_1.2.3_linux_amd64.zip",
                    package("linux_amd64"),
                ),
                (
                    "terraform-provider-demo_1.2.3_SHA256SUMS.sig",
                    b"x".to_vec(),
                ),
            ],
            "there is none",
        ),
        (
            "two providers",
            vec![
                (
                    "terraform-provider-demo_1.2.3_linux_amd64.zip",
                    package("linux_amd64"),
                ),
                (
                    "terraform-provider-other_1.2.3_linux_amd64.zip",
                    package("linux_amd64"),
                ),
            ],
            "demo, other",
        ),
    ] {
        let dist = Dist::empty();
        for (file, content) in files {
            dist.write(file, &content);
        }
        let repository = memory();
        let error = publish(&dist, &repository, &ProviderOptions::default())
            .await
            .unwrap_err();
        assert!(chain(&error).contains(says), "{name}: {}", chain(&error));
        assert!(
            repository.tags().await.unwrap_or_default().is_empty(),
            "{name}"
        );
    }
    let dist = Dist::new(&["linux_amd64"]);
    for (text, says) in [
        ("dir:r//acme/demo:1.2.4", "only of 1.2.3"),
        ("dir:r//acme/demo:v1.2.3", "not one of a version"),
        ("dir:r//acme/demo:latest", "not one of a version"),
    ] {
        let at = address(text);
        let error = publisher()
            .provider_into(&[dist.path()], (&at, memory()), &ProviderOptions::default())
            .await
            .unwrap_err();
        assert!(error.to_string().contains(says), "{text}: {error}");
    }
}

#[tokio::test]
async fn failures_of_several_zips_are_told_together() {
    let dist = Dist::empty();
    for platform in ["linux_amd64", "darwin_arm64", "windows_amd64"] {
        dist.write(&zip_name(platform), b"PK\x03\x04 not really");
    }
    let error = publish(&dist, &memory(), &ProviderOptions::default())
        .await
        .unwrap_err();
    let PublishError::Several(errors) = error else {
        panic!("{error:?}");
    };
    assert_eq!(errors.len(), 3);
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

//! Listing, showing and pulling what was published.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use support::*;
use tofu_oci::inspect::{
    Checked, Contents, ExistingFile, InspectError, Inspector, Listing, ManifestKind, PullError,
    PullOptions, TagNote,
};
use tofu_oci::publish::{ModuleOptions, ProviderOptions};
use tofu_oci::store::{Blob, PutManifest, TagRule, WritableRepository};
use tofu_oci::types::artifact::{
    Attachment, AttachmentKind, AttachmentLayer, MODULE_PACKAGE, PACKAGE_LAYER, TEXT,
};
use tofu_oci::types::oci::{
    Address, Annotations, Descriptor, Digest, ImageManifest, Manifest, TagOrDigest,
};
use tofu_oci::{Outcome, Progress};

fn inspector() -> Inspector {
    let publisher = publisher();
    Inspector {
        files: publisher.files,
        connect: publisher.connect,
        progress: Progress::default(),
    }
}

fn release() -> Dist {
    let dist = Dist::empty();
    for platform in ["linux_amd64", "darwin_arm64"] {
        dist.write(&zip_name(platform), &package(platform));
    }
    let protocols = b"{\"version\":1,\"metadata\":{\"protocol_versions\":[\"6.0\"]}}\n";
    dist.write("terraform-provider-demo_1.2.3_manifest.json", protocols);
    dist.write(
        "terraform-provider-demo_1.2.3_linux_amd64.zip.sbom.json",
        br#"{"spdxVersion":"SPDX-2.3"}"#,
    );
    dist.write("bom.cdx.json", br#"{"bomFormat":"CycloneDX"}"#);
    dist.list();
    dist
}

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|e| {
            (
                e.file_name().into_string().unwrap(),
                std::fs::read(e.path()).unwrap(),
            )
        })
        .collect()
}

async fn writer(at: &Address) -> Arc<dyn WritableRepository> {
    publisher().connect.writer(at).await.unwrap()
}

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

/// Puts a module manifest with a layer of this title.
async fn odd_module(repository: &dyn WritableRepository, tag: &str, title: &str) -> Manifest {
    let content = format!("content of {tag}");
    let mut layer = Descriptor::of(PACKAGE_LAYER, content.as_bytes());
    repository
        .put_blob(&layer, Blob::Bytes(content.into()))
        .await
        .unwrap();
    let empty = Descriptor::empty();
    repository
        .put_blob(&empty, Blob::Bytes("{}".into()))
        .await
        .unwrap();
    layer
        .annotations
        .insert("org.opencontainers.image.title".into(), title.into());
    let manifest = Manifest::from_image(&ImageManifest {
        artifact_type: Some(MODULE_PACKAGE),
        config: empty,
        layers: vec![layer],
        subject: None,
        annotations: Annotations::new(),
    });
    let put = PutManifest::tagged(manifest.clone(), tag.parse().unwrap(), TagRule::Create);
    repository.put_manifests(&[put]).await.unwrap();
    manifest
}

#[tokio::test]
async fn hostile_names_are_not_written() {
    let registry = tempfile::tempdir().unwrap();
    let at = layout(registry.path());
    let repository = writer(&at).await;
    let out = tempfile::tempdir().unwrap();
    for (n, title) in [
        "../x.zip",
        "/etc/x.zip",
        "..",
        "",
        "a\\b",
        "x\u{1b}[31m",
        ".profile",
        "nul",
    ]
    .into_iter()
    .enumerate()
    {
        let tag = format!("1.0.{n}");
        odd_module(&*repository, &tag, title).await;
        let at = at.at_tag(&tag.parse().unwrap());
        let error = inspector()
            .pull(&at, out.path(), &PullOptions::default())
            .await
            .unwrap_err();
        assert!(
            matches!(error, PullError::Filename { .. }),
            "{title:?}: {error:?}"
        );
        assert!(!error.to_string().contains('\u{1b}'));
    }
    assert!(files(out.path()).is_empty());
}

#[tokio::test]
async fn names_that_collide_are_not_written() {
    let registry = tempfile::tempdir().unwrap();
    let at = layout(registry.path());
    let dist = Dist::new(&["linux_amd64"]);
    let report = publisher()
        .provider(&[dist.path()], &at, &ProviderOptions::default())
        .await;
    let report = report.unwrap();
    let repository = writer(&at).await;
    let digest = TagOrDigest::Digest(report.digest);
    let index = repository.manifest(&digest).await.unwrap();
    for name in [zip_name("linux_amd64"), zip_name("LINUX_amd64")] {
        let foreign = Attachment {
            kind: AttachmentKind::Spdx,
            layers: vec![AttachmentLayer {
                media_type: TEXT,
                filename: name.clone(),
                content: "evil".into(),
            }],
            annotations: Annotations::new(),
        };
        let manifest = foreign.write(index.descriptor(), None);
        let layer = foreign.layers[0].descriptor();
        repository
            .put_blob(&layer, Blob::Bytes("evil".into()))
            .await
            .unwrap();
        repository
            .put_manifests(&[PutManifest::untagged(manifest.clone())])
            .await
            .unwrap();
        let out = tempfile::tempdir().unwrap();
        let error = inspector()
            .pull(&at, out.path(), &PullOptions::default())
            .await
            .unwrap_err();
        assert!(
            matches!(error, PullError::Collision { .. }),
            "{name}: {error:?}"
        );
        assert!(files(out.path()).is_empty());
        repository
            .delete(&manifest.digest().clone().into())
            .await
            .unwrap();
    }
    // A list that says something else about the package.
    let list = format!(
        "{}  {}\n",
        Digest::of(b"x").encoded(),
        zip_name("linux_amd64")
    );
    let foreign = Attachment {
        kind: AttachmentKind::Shasums,
        layers: vec![AttachmentLayer {
            media_type: TEXT,
            filename: "other_SHA256SUMS".into(),
            content: list.clone().into(),
        }],
        annotations: Annotations::new(),
    };
    let layer = foreign.layers[0].descriptor();
    repository
        .put_blob(&layer, Blob::Bytes(list.into()))
        .await
        .unwrap();
    let manifest = foreign.write(index.descriptor(), None);
    repository
        .put_manifests(&[PutManifest::untagged(manifest)])
        .await
        .unwrap();
    let out = tempfile::tempdir().unwrap();
    let error = inspector()
        .pull(&at, out.path(), &PullOptions::default())
        .await
        .unwrap_err();
    assert!(matches!(error, PullError::Shasums { .. }), "{error:?}");
}

#[tokio::test]
async fn damaged_content_is_not_written() {
    let registry = tempfile::tempdir().unwrap();
    let at = layout(registry.path());
    let dist = Dist::new(&["linux_amd64"]);
    let report = publisher()
        .provider(&[dist.path()], &at, &ProviderOptions::default())
        .await;
    let digest = report.unwrap().packages[0].digest.clone();
    let blob = registry
        .path()
        .join("acme/demo/blobs/sha256")
        .join(digest.encoded());
    let mut bytes = std::fs::read(&blob).unwrap();
    bytes[40] ^= 1;
    std::fs::remove_file(&blob).unwrap();
    std::fs::write(&blob, bytes).unwrap();
    let out = tempfile::tempdir().unwrap();
    let error = inspector()
        .pull(&at, out.path(), &PullOptions::default())
        .await
        .unwrap_err();
    assert!(chain(&error).contains(digest.as_str()), "{}", chain(&error));
    assert!(!out.path().join(zip_name("linux_amd64")).exists());
    let report = inspector().fsck(registry.path()).await.unwrap();
    assert!(report.is_damaged());
    assert_eq!(report.checked, Checked::Layouts(1));
}

#[tokio::test]
async fn lists_versions_in_their_order() {
    let registry = tempfile::tempdir().unwrap();
    let at = layout(registry.path());
    let dist = Dist::new(&["linux_amd64", "darwin_arm64"]);
    publisher()
        .provider(&[dist.path()], &at, &ProviderOptions::default())
        .await
        .unwrap();
    let repository = writer(&at).await;
    for tag in ["1.10.0", "1.9.0", "latest", "v2.0.0", "1.2"] {
        odd_module(&*repository, tag, "m.zip").await;
    }
    let Listing::Repository(list) = inspector().list(&at).await.unwrap() else {
        panic!("a repository");
    };
    let versions: Vec<String> = list
        .versions
        .iter()
        .map(|v| v.version.to_string())
        .collect();
    assert_eq!(versions, ["1.2.3", "1.9.0", "1.10.0"]);
    let Contents::Provider { platforms } = &list.versions[0].contents else {
        panic!("{:?}", list.versions[0]);
    };
    assert_eq!(platforms.len(), 2);
    let size = package("linux_amd64").len() + package("darwin_arm64").len();
    assert_eq!(list.versions[0].size, Some(size as u64));
    assert!(list.versions[0].created.is_some());
    assert!(matches!(list.versions[1].contents, Contents::Module));
    let notes: Vec<_> = list
        .tags
        .iter()
        .map(|t| (t.tag.as_str(), t.note.clone()))
        .collect();
    assert_eq!(
        notes,
        [
            ("1.2", TagNote::Misleading("1.2.0".parse().unwrap())),
            ("latest", TagNote::Plain),
            ("v2.0.0", TagNote::Invisible("2.0.0".parse().unwrap())),
        ]
    );
    // The directory lists its repositories.
    let whole = address(&format!("dir:{}", registry.path().display()));
    let Listing::Directory(list) = inspector().list(&whole).await.unwrap() else {
        panic!("a directory");
    };
    assert_eq!(list.repositories.len(), 1);
    assert_eq!(list.repositories[0].name.as_str(), "acme/demo");
    assert_eq!(list.repositories[0].tags.as_ref().unwrap().1, 3);
    // And the layout in it is a repository of its own.
    let single = address(&format!("dir:{}/acme/demo", registry.path().display()));
    assert!(matches!(
        inspector().list(&single).await.unwrap(),
        Listing::Repository(_)
    ));
    assert_eq!(
        inspector()
            .fsck(&registry.path().join("acme/demo"))
            .await
            .unwrap()
            .checked,
        Checked::Layout
    );
}

#[tokio::test]
async fn shows_the_whole_tree() {
    let registry = tempfile::tempdir().unwrap();
    let at = layout(registry.path());
    let dist = release();
    publisher()
        .provider(&[dist.path()], &at, &ProviderOptions::default())
        .await
        .unwrap();
    let shown = inspector().show(&at).await.unwrap();
    assert_eq!(shown.root.kind, ManifestKind::Provider);
    let kinds: Vec<_> = shown
        .root
        .referrers
        .iter()
        .map(|r| r.kind.clone())
        .collect();
    assert_eq!(
        kinds,
        [
            AttachmentKind::Shasums,
            AttachmentKind::RegistryManifest,
            AttachmentKind::CycloneDx
        ]
        .map(ManifestKind::Attachment)
    );
    let targets: Vec<_> = shown.root.children.iter().map(|c| c.kind.clone()).collect();
    assert_eq!(
        targets,
        ["darwin_arm64", "linux_amd64"].map(|p| ManifestKind::Target(Some(p.parse().unwrap())))
    );
    assert_eq!(
        shown.root.children[1].referrers[0].kind,
        ManifestKind::Attachment(AttachmentKind::Spdx)
    );
    assert!(shown.root.problem.is_none());
    // A lost manifest is shown as lost.
    let lost = &shown.root.children[0].descriptor.digest;
    let blob = registry
        .path()
        .join("acme/demo/blobs/sha256")
        .join(lost.encoded());
    std::fs::remove_file(blob).unwrap();
    let shown = inspector().show(&at).await.unwrap();
    assert!(shown.root.children[0].problem.is_some());
    let error = inspector()
        .show(&at.at_tag(&"9.9.9".parse().unwrap()))
        .await
        .unwrap_err();
    assert!(chain(&error).contains("9.9.9"), "{}", chain(&error));
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
async fn places_that_hold_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("dir:{}", dir.path().display());
    let error = inspector().list(&address(&text)).await.unwrap_err();
    assert!(matches!(error, InspectError::NoLayouts { .. }), "{error:?}");
    let error = inspector().fsck(dir.path()).await.unwrap_err();
    assert!(matches!(error, InspectError::NoLayouts { .. }), "{error:?}");
    for at in [format!("{text}//acme/demo"), format!("{text}/missing//a")] {
        let error = inspector().show(&address(&at)).await.unwrap_err();
        assert!(matches!(error, InspectError::Read { .. }), "{error:?}");
    }
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

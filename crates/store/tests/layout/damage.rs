//! Layouts as nobody should write them.

use std::path::Path;

use tofu_oci_store::layout::{Access, LayoutStorage, Severity};
use tofu_oci_store::{Damage, Files, StoreError, fsck};
use tofu_oci_types::oci::Digest;

use crate::fixture::*;
use crate::support::*;

/// What a reader is told, when asked for everything that a tag leads to.
async fn read_all(foreign: &Foreign) -> Result<(), StoreError> {
    let repo = foreign.open().await?;
    let mut left = vec![repo.manifest(&at("1.0.0")).await?];
    while let Some(manifest) = left.pop() {
        for child in manifest.child_manifests() {
            left.push(repo.manifest(&by(&child.digest)).await?);
        }
        for blob in manifest.blobs() {
            repo.blob(blob).await?.into_bytes(1 << 20).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn damage_in_any_file_is_told_with_its_name() {
    type Spoil = fn(&Path);
    let cut: Spoil = |path| {
        let bytes = std::fs::read(path).unwrap();
        std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    };
    let flip: Spoil = |path| {
        let mut bytes = std::fs::read(path).unwrap();
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
        std::fs::write(path, bytes).unwrap();
    };
    let grow: Spoil = |path| {
        let mut bytes = std::fs::read(path).unwrap();
        bytes.extend_from_slice(b"more");
        std::fs::write(path, bytes).unwrap();
    };
    let remove: Spoil = |path| std::fs::remove_file(path).unwrap();
    let directory: Spoil = |path| {
        std::fs::remove_file(path).unwrap();
        std::fs::create_dir(path).unwrap();
    };
    let link: Spoil = |path| {
        let other = path.with_extension("other");
        std::fs::rename(path, &other).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&other, path).unwrap();
    };
    let layer = Digest::of(b"layer");
    let (_, parent, child) = tagged();
    for (spoiled, spoil) in [
        ("cut", cut),
        ("flipped", flip),
        ("grown", grow),
        ("removed", remove),
        ("a directory", directory),
        ("a link", link),
    ] {
        for file in ["index.json", "oci-layout", "parent", "child", "layer"] {
            let (foreign, ..) = tagged();
            read_all(&foreign).await.unwrap();
            let path = match file {
                "parent" => foreign.path(parent.digest()),
                "child" => foreign.path(child.digest()),
                "layer" => foreign.path(&layer),
                name => foreign.dir.path().join(name),
            };
            spoil(&path);
            let error = read_all(&foreign).await;
            let what = format!("{file} {spoiled}: {error:?}");
            let error = error.expect_err(&what);
            let content = ["child", "layer"].contains(&file);
            // Without its index it is no layout; without its content the content is absent.
            let absent = spoiled == "removed" && (file == "index.json" || content);
            assert_eq!(error.is_absent(), absent, "{what}");
            let named = match &error {
                StoreError::Damaged { file, .. } => file.ends_with(path.file_name().unwrap()),
                StoreError::DigestMismatch { expected, .. } => path.ends_with(expected.encoded()),
                StoreError::TooShort { digest, .. } | StoreError::TooLong { digest, .. } => {
                    path.ends_with(digest.encoded())
                }
                error => error.is_absent(),
            };
            assert!(named, "{what}");

            // And the check of everything sees it, too.
            let storage =
                LayoutStorage::single(foreign.dir.path(), &Files::new(), Access::Read).unwrap();
            match fsck(&storage, Some(&name("x"))).await {
                Ok(findings) => assert!(
                    findings.iter().any(|finding| finding.file == path
                        && finding.problem.severity() == Severity::Error),
                    "{what}: {findings:?}"
                ),
                Err(error) => assert!(error.is_absent(), "{what}: {error}"),
            }
        }
    }
}

#[tokio::test]
async fn an_index_that_lies_is_refused() {
    let digest = Digest::of(b"{}");
    let entry = |size: &str, media_type: &str| {
        format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#)
    };
    let good = entry("2", "a/b");
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let list = |entry: &str| format!(r#"{{"schemaVersion":2,"manifests":[{entry}]}}"#);
    for (what, text) in [
        ("empty", String::new()),
        ("not an object", "[]".into()),
        ("no list", r#"{"schemaVersion":2}"#.into()),
        ("list of text", list(r#""x""#)),
        (
            "duplicate key",
            format!(r#"{{"manifests":[],"manifests":[{good}]}}"#),
        ),
        ("trailing text", format!("{} x", list(&good))),
        ("deep", format!(r#"{{"manifests":[],"x":{deep}}}"#)),
        ("negative size", list(&entry("-1", "a/b"))),
        ("no type", list(&entry("2", ""))),
        (
            "bad digest",
            list(&good.replace("sha256:", "sha256:../../")),
        ),
        ("no digest", list(r#"{"mediaType":"a/b","size":2}"#)),
    ] {
        let foreign = Foreign::new();
        std::fs::write(foreign.dir.path().join("index.json"), text).unwrap();
        let error = foreign.open().await.err().expect(what);
        assert!(
            matches!(&error, StoreError::Damaged { file, .. } if file.ends_with("index.json")),
            "{what}: {error}"
        );
    }
    // A list of nothing is empty, as Go writes it.
    let foreign = Foreign::new();
    std::fs::write(
        foreign.dir.path().join("index.json"),
        r#"{"manifests":null}"#,
    )
    .unwrap();
    assert_eq!(foreign.open().await.unwrap().tags().await.unwrap(), []);
    // One that is too large is not read.
    let file = std::fs::File::create(foreign.dir.path().join("index.json")).unwrap();
    file.set_len(65 << 20).unwrap();
    let error = foreign.open().await.err().unwrap();
    let limit = 64 << 20;
    assert!(
        matches!(&error, StoreError::Damaged { damage: Damage::TooLarge { limit: l }, .. } if *l == limit),
        "{error}"
    );
}

#[tokio::test]
async fn a_manifest_over_the_limit_is_not_read() {
    let mut foreign = Foreign::new();
    let manifest = foreign.image(b"x");
    let large = vec![b' '; 5 << 20];
    foreign.blob(&large);
    let entry = foreign.entry(&manifest, Some("1.0.0"));
    entry["digest"] = Digest::of(&large).as_str().into();
    entry["size"] = large.len().into();
    foreign.write();
    let repo = foreign.open().await.unwrap();
    let error = repo.manifest(&at("1.0.0")).await.unwrap_err();
    assert!(matches!(error, StoreError::Manifest { .. }), "{error}");
}

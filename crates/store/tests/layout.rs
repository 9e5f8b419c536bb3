//! Directories as other tools write them, and as nobody should.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use support::*;
use tofu_oci_store::layout::{Access, LayoutStorage, Problem, Severity};
use tofu_oci_store::{
    Damage, Files, Repository, StorageRepository, StoreError, TagRule, WritableRepository, fsck,
    open_directory, open_directory_for_writing,
};
use tofu_oci_types::oci::{Address, Descriptor, Digest, DirectoryAddress, Manifest, Tag};

const MARK: &str = r#"{"imageLayoutVersion": "1.0.0"}"#;

/// A layout written by hand.
struct Foreign {
    dir: tempfile::TempDir,
    entries: Vec<serde_json::Value>,
}

impl Foreign {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("blobs/sha256")).unwrap();
        std::fs::write(dir.path().join("oci-layout"), MARK).unwrap();
        let foreign = Self {
            dir,
            entries: Vec::new(),
        };
        foreign.blob(b"{}");
        foreign.write();
        foreign
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.dir.path().join("blobs/sha256").join(digest.encoded())
    }

    fn blob(&self, bytes: &[u8]) {
        std::fs::write(self.path(&Digest::of(bytes)), bytes).unwrap();
    }

    fn image(&self, layer: &[u8]) -> Manifest {
        self.blob(layer);
        let manifest = image(layer);
        self.blob(manifest.bytes());
        manifest
    }

    fn entry(&mut self, manifest: &Manifest, name: Option<&str>) -> &mut serde_json::Value {
        let mut entry = serde_json::to_value(manifest.descriptor()).unwrap();
        if let Some(name) = name {
            entry["annotations"]["org.opencontainers.image.ref.name"] = name.into();
        }
        self.entries.push(entry);
        self.entries.last_mut().unwrap()
    }

    fn write(&self) {
        let index = serde_json::json!({
            "schemaVersion": 2,
            "manifests": self.entries,
            "annotations": {"com.example": "kept"},
            "x-unknown": [1, {"a": null}],
        });
        let text = serde_json::to_string_pretty(&index).unwrap();
        std::fs::write(self.dir.path().join("index.json"), text).unwrap();
    }

    fn index(&self) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(self.dir.path().join("index.json")).unwrap()).unwrap()
    }

    fn address(&self) -> DirectoryAddress {
        DirectoryAddress {
            path: self.dir.path().to_owned(),
            name: None,
            tag: None,
            digest: None,
        }
    }

    async fn open(&self) -> Result<Arc<dyn Repository>, StoreError> {
        open_directory(&self.address(), &Files::new()).await
    }

    async fn open_for_writing(&self) -> Arc<dyn WritableRepository> {
        open_directory_for_writing(&self.address(), &Files::new())
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn a_foreign_layout_reads_well() {
    let mut foreign = Foreign::new();
    let (child, deep) = (foreign.image(b"child"), foreign.image(b"deep"));
    let inner = index(&[&deep]);
    let outer = index(&[&child, &inner]);
    foreign.blob(inner.bytes());
    foreign.blob(outer.bytes());
    let referrer = image_with(b"child", Some(outer.descriptor()));
    foreign.blob(referrer.bytes());
    foreign.entry(&outer, Some("1.0.0"));
    foreign.entry(&outer, Some("1.0.0"));
    foreign.entry(&outer, Some("docker.io/library/x:1"));
    foreign.entry(&referrer, None);
    foreign.write();
    let repo = foreign.open().await.unwrap();
    assert_eq!(repo.tags().await.unwrap(), [tag("1.0.0")]);
    assert_eq!(repo.manifest(&at("1.0.0")).await.unwrap(), outer);
    // Children have no marker.
    for manifest in [&child, &inner, &deep, &referrer] {
        assert!(repo.has(manifest.descriptor()).await.unwrap());
        let read = repo.manifest(&by(manifest.digest())).await.unwrap();
        assert_eq!(&read, manifest);
    }
    let listed = repo.referrers(outer.descriptor(), None).await.unwrap();
    assert_eq!(listed, [referrer.as_referrer()]);
    // A blob that looks like a manifest and that nothing lists is none.
    let loose = image(b"loose");
    foreign.blob(loose.bytes());
    assert!(!repo.has(loose.descriptor()).await.unwrap());
}

#[tokio::test]
async fn writing_keeps_what_others_wrote() {
    let mut foreign = Foreign::new();
    let (one, two) = (foreign.image(b"one"), foreign.image(b"two"));
    let entry = foreign.entry(&one, Some("1.0.0"));
    entry["x-more"] = serde_json::json!({"deep": [1.50, "<&>"]});
    entry["platform"] = serde_json::json!({"architecture": "amd64", "os": "linux"});
    foreign.entry(&two, Some("host:5000/name:1"));
    foreign.entry(&two, None);
    foreign.write();
    let before = foreign.index();
    let repo = foreign.open_for_writing().await;
    put_tagged(repo.as_ref(), &two, "2.0.0", TagRule::Create)
        .await
        .unwrap();
    let after = foreign.index();
    for field in ["schemaVersion", "annotations", "x-unknown"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    let (old, new) = (
        before["manifests"].as_array().unwrap(),
        after["manifests"].as_array().unwrap(),
    );
    assert_eq!(new[..2], old[..2]);
    assert_eq!(new.len(), 3, "the nameless entry got the name");

    // A moved tag leaves its entry behind, without the name and with everything else.
    put_tagged(repo.as_ref(), &two, "1.0.0", TagRule::Overwrite)
        .await
        .unwrap();
    let after = foreign.index();
    let left = after["manifests"].as_array().unwrap();
    let left = left
        .iter()
        .find(|e| e["digest"] == one.digest().as_str())
        .unwrap();
    assert_eq!(left["x-more"], old[0]["x-more"]);
    assert_eq!(left["platform"], old[0]["platform"]);
    assert_eq!(left.get("annotations"), None);
    let raw = std::fs::read_to_string(foreign.dir.path().join("index.json")).unwrap();
    assert!(raw.contains("1.5"), "{raw}");
}

#[tokio::test]
async fn one_name_with_two_digests_is_an_error_that_can_be_repaired() {
    let mut foreign = Foreign::new();
    let (one, two) = (foreign.image(b"one"), foreign.image(b"two"));
    foreign.entry(&one, Some("1.0.0"));
    foreign.entry(&two, Some("1.0.0"));
    foreign.entry(&two, Some("2.0.0"));
    foreign.write();
    let repo = foreign.open_for_writing().await;
    let ambiguous = |error: &StoreError| {
        matches!(error, StoreError::Damaged { damage: Damage::Ambiguous { name, first, second }, .. }
            if name.as_str() == "1.0.0" && first == one.digest() && second == two.digest())
    };
    let error = repo.manifest(&at("1.0.0")).await.unwrap_err();
    assert!(ambiguous(&error), "{error}");
    assert!(!error.is_absent());
    assert_eq!(repo.manifest(&at("2.0.0")).await.unwrap(), two);
    let error = put_tagged(repo.as_ref(), &one, "1.0.0", TagRule::Create).await;
    assert!(ambiguous(&error.unwrap_err()));
    put_tagged(repo.as_ref(), &one, "1.0.0", TagRule::Overwrite)
        .await
        .unwrap();
    assert_eq!(repo.manifest(&at("1.0.0")).await.unwrap(), one);
    assert_eq!(repo.manifest(&by(two.digest())).await.unwrap(), two);
}

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

fn tagged() -> (Foreign, Manifest, Manifest) {
    let mut foreign = Foreign::new();
    let child = foreign.image(b"layer");
    let parent = index(&[&child]);
    foreign.blob(parent.bytes());
    foreign.entry(&parent, Some("1.0.0"));
    foreign.write();
    (foreign, parent, child)
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

#[tokio::test]
async fn a_replaced_index_is_seen_at_once() {
    let mut foreign = Foreign::new();
    let (one, two) = (foreign.image(b"one"), foreign.image(b"two"));
    foreign.entry(&one, Some("1.0.0"));
    foreign.write();
    let repo = foreign.open().await.unwrap();
    assert_eq!(repo.manifest(&at("1.0.0")).await.unwrap(), one);
    // Of the same length, and in place, as some tools write it.
    foreign.entries[0]["digest"] = two.digest().as_str().into();
    foreign.write();
    assert_eq!(repo.manifest(&at("1.0.0")).await.unwrap(), two);
}

#[tokio::test]
async fn addresses_choose_the_layout() {
    let dir = tempfile::tempdir().unwrap();
    let address = |text: &str| match format!("dir:{}{text}", dir.path().display()).parse() {
        Ok(Address::Directory(address)) => address,
        other => panic!("{other:?}"),
    };
    let files = Files::new();
    let absent = open_directory(&address("//acme/demo"), &files).await;
    assert!(absent.err().unwrap().is_absent());
    let absent = open_directory(&address("/none//acme/demo"), &files).await;
    assert!(absent.err().unwrap().is_absent());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);

    let repo = open_directory_for_writing(&address("//acme/demo"), &files)
        .await
        .unwrap();
    let manifest = put_image(repo.as_ref(), b"layer").await;
    put_tagged(repo.as_ref(), &manifest, "1.0.0", TagRule::Create)
        .await
        .unwrap();
    // The same layout by its own path.
    for text in ["//acme/demo:1.0.0", "/acme/demo:1.0.0", "/./acme//demo"] {
        let repo = open_directory(&address(text), &files).await.unwrap();
        assert_eq!(
            repo.manifest(&at("1.0.0")).await.unwrap(),
            manifest,
            "{text}"
        );
    }
    assert!(open_directory(&address(""), &files).await.is_err());
    for reserved in ["blobs", "a/blobs/b", "index.json", "a/oci-layout", "tls/a"] {
        let address = address(&format!("//{reserved}"));
        let refused = open_directory_for_writing(&address, &files).await;
        assert!(
            matches!(refused, Err(StoreError::ReservedName { .. })),
            "{reserved}"
        );
    }
    let refused = open_directory_for_writing(&address("//tls/a"), &files).await;
    let told = refused.err().unwrap().to_string();
    assert!(
        told.ends_with("\"tls\" is kept for a server's certificates"),
        "{told}"
    );
    // A name that only contains such a word is none.
    for fine in ["blobs1", "a/tls", "my-blobs"] {
        open_directory_for_writing(&address(&format!("//{fine}")), &files)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn an_untagged_manifest_becomes_a_root_after_an_hour() {
    let dir = tempfile::tempdir().unwrap();
    let repo = opened(dir.path(), &Files::new(), "acme/demo");
    let adopted = put_image(repo.as_ref(), b"adopted").await;
    let abandoned = put_image(repo.as_ref(), b"abandoned").await;
    let young = put_image(repo.as_ref(), b"young").await;
    let pending = dir
        .path()
        .join(".tofu-oci/manifests/acme/demo/_pending/sha256");
    let hour_ago = std::fs::metadata(pending.join(young.digest().encoded()))
        .unwrap()
        .modified()
        .unwrap()
        - std::time::Duration::from_secs(3601);
    for old in [&adopted, &abandoned] {
        let marker = pending.join(old.digest().encoded());
        let marker = std::fs::File::options().write(true).open(marker).unwrap();
        marker.set_modified(hour_ago).unwrap();
    }
    let roots = || -> Vec<String> {
        let text = std::fs::read(dir.path().join("acme/demo/index.json")).unwrap();
        let index: serde_json::Value = serde_json::from_slice(&text).unwrap();
        let entries = index["manifests"].as_array().unwrap().iter();
        entries
            .map(|e| e["digest"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(roots(), [""; 0]);
    let parent = index(&[&adopted]);
    put_tagged(repo.as_ref(), &parent, "1.0.0", TagRule::Create)
        .await
        .unwrap();
    assert_eq!(
        roots(),
        [parent.digest().to_string(), abandoned.digest().to_string()]
    );
    // All of them are manifests still, also for somebody who remembers nothing.
    let repo = opened(dir.path(), &Files::new(), "acme/demo");
    for manifest in [&adopted, &abandoned, &young, &parent] {
        let read = repo.manifest(&by(manifest.digest())).await.unwrap();
        assert_eq!(&read, manifest);
    }
}

#[tokio::test]
async fn a_check_of_a_good_layout_finds_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let storage = layout(dir.path(), &Files::new());
    for text in ["acme/demo", "acme/other"] {
        let repo = StorageRepository::new(Arc::new(storage.clone()), name(text));
        let child = put_image(&repo, b"child").await;
        let parent = index(&[&child]);
        put_tagged(&repo, &parent, "1.0.0", TagRule::Create)
            .await
            .unwrap();
        put(&repo, &image_with(b"child", Some(parent.descriptor()))).await;
    }
    let findings = fsck(&storage, None).await.unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    // What nobody lists, and what was left behind, is told.
    let blobs = dir.path().join("acme/demo/blobs/sha256");
    let loose = blobs.join(Digest::of(b"loose").encoded());
    std::fs::write(&loose, b"loose").unwrap();
    std::fs::write(blobs.join(".x.0123.tmp"), b"").unwrap();
    std::fs::write(blobs.join("readme"), b"").unwrap();
    std::fs::write(dir.path().join("acme/demo/.index.json.0.tmp"), b"").unwrap();
    std::fs::write(dir.path().join(".tofu-oci/uploads/x"), b"").unwrap();
    let findings = fsck(&storage, None).await.unwrap();
    let problem = |path: &Path| {
        let found = findings.iter().find(|f| f.file.ends_with(path));
        &found
            .unwrap_or_else(|| panic!("{path:?}: {findings:?}"))
            .problem
    };
    assert!(matches!(problem(&loose), Problem::Unreferenced { size: 5 }));
    for left in ["sha256/.x.0123.tmp", "demo/.index.json.0.tmp", "uploads/x"] {
        assert!(
            matches!(problem(left.as_ref()), Problem::Leftover),
            "{left}"
        );
    }
    assert!(matches!(problem("readme".as_ref()), Problem::Foreign));
    assert_eq!(findings.len(), 5);
    assert!(
        findings
            .iter()
            .all(|f| f.problem.severity() == Severity::Information)
    );
    assert!(
        fsck(&storage, Some(&name("none")))
            .await
            .unwrap_err()
            .is_absent()
    );
}

#[tokio::test]
async fn an_index_that_is_no_file_is_found_by_a_check_of_everything() {
    let dir = tempfile::tempdir().unwrap();
    let storage = layout(dir.path(), &Files::new());
    for text in ["acme/demo", "acme/linked"] {
        let repo = StorageRepository::new(Arc::new(storage.clone()), name(text));
        put_image(&repo, b"content").await;
        std::fs::remove_file(dir.path().join(text).join("index.json")).unwrap();
    }
    let directory = dir.path().join("acme/demo/index.json");
    std::fs::create_dir(&directory).unwrap();
    let link = dir.path().join("acme/linked/index.json");
    #[cfg(unix)]
    std::os::unix::fs::symlink("elsewhere", &link).unwrap();
    #[cfg(not(unix))]
    std::fs::create_dir(&link).unwrap();
    let storage = layout(dir.path(), &Files::new());
    let findings = fsck(&storage, None).await.unwrap();
    for file in [directory, link] {
        let found = findings.iter().find(|f| f.file.ends_with(&file));
        let problem = &found.unwrap_or_else(|| panic!("{findings:?}")).problem;
        assert!(
            matches!(problem, Problem::Damaged(Damage::NotRegular)),
            "{problem:?}"
        );
    }
}

#[tokio::test]
async fn blobs_are_linked_and_not_copied() {
    let dir = tempfile::tempdir().unwrap();
    let one = opened(dir.path(), &Files::new(), "one");
    let two = opened(dir.path(), &Files::new(), "two");
    let blob = put_bytes(one.as_ref(), b"content").await;
    let content = tofu_oci_store::Blob::Stored(one.clone());
    two.put_blob(&blob, content).await.unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let inode = |repo: &str| {
            let path = dir.path().join(repo).join("blobs/sha256");
            std::fs::metadata(path.join(blob.digest.encoded()))
                .unwrap()
                .ino()
        };
        assert_eq!(inode("one"), inode("two"));
    }
}

#[tokio::test]
async fn uploads_expire() {
    let dir = tempfile::tempdir().unwrap();
    let storage = layout(dir.path(), &Files::new());
    let repo = name("acme/demo");
    let user = tofu_oci_store::User::Anonymous;
    use tofu_oci_store::Storage as _;
    let id = storage.start(&repo, &user).await.unwrap();
    let file = dir.path().join(".tofu-oci/uploads").join(id.as_str());
    let then = std::fs::metadata(&file).unwrap().modified().unwrap();
    let day = std::time::Duration::from_secs(24 * 3600);
    let expire = async |now| storage.expire_uploads(now, day).await.unwrap();
    assert_eq!(expire(then + day / 2).await, 0);
    assert!(file.exists());
    assert_eq!(expire(then + day).await, 1);
    assert!(!file.exists());
}

#[tokio::test]
async fn an_upload_survives_a_restart() {
    use tofu_oci_store::Storage as _;
    let dir = tempfile::tempdir().unwrap();
    let repo = name("acme/demo");
    let user = tofu_oci_store::User::Named("alice".into());
    let storage = layout(dir.path(), &Files::new());
    let id = storage.start(&repo, &user).await.unwrap();
    let mut upload = storage.resume(&repo, &id, &user).await.unwrap();
    upload.append("hello ".into()).await.unwrap();
    drop(upload);
    drop(storage);
    // Everything is taken from the file again.
    let storage = layout(dir.path(), &Files::new());
    let mut upload = storage.resume(&repo, &id, &user).await.unwrap();
    assert_eq!(upload.offset(), 6);
    upload.append("world".into()).await.unwrap();
    upload.finish(&Digest::of(b"hello world")).await.unwrap();
}

#[tokio::test]
async fn tags_and_descriptors_of_other_tools() {
    // Fields that a tool may add, and `null` where Go has nothing.
    let mut foreign = Foreign::new();
    let manifest = foreign.image(b"x");
    let entry = foreign.entry(&manifest, Some("1.0.0"));
    entry["annotations"]["io.containerd.image.name"] = "docker.io/x:1".into();
    entry["urls"] = serde_json::Value::Null;
    entry["platform"] = serde_json::Value::Null;
    let other = foreign.entry(&manifest, None);
    other["annotations"] = serde_json::Value::Null;
    foreign.write();
    let repo = foreign.open().await.unwrap();
    assert_eq!(repo.tags().await.unwrap(), [tag("1.0.0")] as [Tag; 1]);
    let head: Descriptor = repo.head(&tag("1.0.0")).await.unwrap().unwrap();
    assert_eq!(head, manifest.descriptor().plain());
}

//! What is not written.

#[cfg(unix)]
use tofu_oci::inspect::ExistingFile;
use tofu_oci::inspect::{Checked, PullError, PullOptions};
use tofu_oci::publish::ProviderOptions;
use tofu_oci::store::{Blob, PutManifest};
use tofu_oci::types::artifact::{Attachment, AttachmentKind, AttachmentLayer, TEXT};
use tofu_oci::types::oci::{Annotations, Digest, TagOrDigest};

use crate::fixture::*;
use crate::support::*;

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

/// A link in the directory leads elsewhere, and nothing is written there.
#[cfg(unix)]
#[tokio::test]
async fn links_in_the_way_are_not_followed() {
    let registry = tempfile::tempdir().unwrap();
    let at = layout(registry.path());
    let repository = writer(&at).await;
    odd_module(&*repository, "1.0.0", "module.zip").await;
    let at = at.at_tag(&"1.0.0".parse().unwrap());
    let (out, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let victim = elsewhere.path().join("victim");
    for there in [true, false] {
        let _ = std::fs::remove_file(&victim);
        if there {
            std::fs::write(&victim, "untouched").unwrap();
        }
        let link = out.path().join("module.zip");
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(&victim, &link).unwrap();
        for existing in [ExistingFile::Keep, ExistingFile::Replace] {
            let options = PullOptions {
                existing,
                ..PullOptions::default()
            };
            let pulled = inspector().pull(&at, out.path(), &options).await;
            let error = pulled.unwrap_err();
            assert!(matches!(error, PullError::NotAFile { .. }), "{error:?}");
            let content = std::fs::read_to_string(&victim).ok();
            assert_eq!(content.as_deref(), there.then_some("untouched"));
        }
    }
    // A second name of a file is replaced, and the first keeps its content.
    std::fs::write(&victim, "untouched").unwrap();
    let name = out.path().join("module.zip");
    std::fs::remove_file(&name).unwrap();
    std::fs::hard_link(&victim, &name).unwrap();
    let options = PullOptions {
        existing: ExistingFile::Replace,
        ..PullOptions::default()
    };
    inspector().pull(&at, out.path(), &options).await.unwrap();
    assert_eq!(std::fs::read(&name).unwrap(), b"content of 1.0.0");
    assert_eq!(std::fs::read(&victim).unwrap(), b"untouched");
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
    // A document that claims the package for its own file takes nothing from the list.
    let content = std::fs::read(dist.path().join(zip_name("linux_amd64"))).unwrap();
    let claiming = Attachment {
        kind: AttachmentKind::Spdx,
        layers: vec![AttachmentLayer {
            media_type: TEXT,
            filename: zip_name("linux_amd64"),
            content: content.into(),
        }],
        annotations: Annotations::new(),
    };
    let manifest = claiming.write(index.descriptor(), None);
    repository
        .put_manifests(&[PutManifest::untagged(manifest)])
        .await
        .unwrap();
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

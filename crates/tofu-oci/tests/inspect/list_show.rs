//! Versions and trees.

use tofu_oci::inspect::{Checked, Contents, InspectError, Listing, ManifestKind, TagNote};
use tofu_oci::publish::ProviderOptions;
use tofu_oci::types::artifact::AttachmentKind;

use crate::fixture::*;
use crate::support::*;

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

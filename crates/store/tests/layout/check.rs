//! Reading everything again.

use std::path::Path;
use std::sync::Arc;

use tofu_oci_store::layout::{Problem, Severity};
use tofu_oci_store::{Damage, Files, StorageRepository, TagRule, fsck};
use tofu_oci_types::oci::Digest;

use crate::support::*;

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

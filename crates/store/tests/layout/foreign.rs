//! Layouts as other tools write them.

use tofu_oci_store::{Damage, StoreError, TagRule};
use tofu_oci_types::oci::{Descriptor, Digest, Tag};

use crate::fixture::*;
use crate::support::*;

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

/// What somebody put there and is no manifest takes no referrer from what is one.
#[tokio::test]
async fn an_entry_that_is_no_manifest_refers_to_nothing() {
    let mut foreign = Foreign::new();
    let top = foreign.image(b"top");
    let referrer = image_with(b"top", Some(top.descriptor()));
    foreign.blob(referrer.bytes());
    foreign.blob(b"no manifest");
    foreign.entry(&top, Some("1.0.0"));
    foreign.entry(&top, None)["digest"] = Digest::of(b"no manifest").as_str().into();
    foreign.entry(&top, None)["digest"] = Digest::of(b"gone").as_str().into();
    foreign.entry(&referrer, None);
    foreign.write();
    let repo = foreign.open().await.unwrap();
    let listed = repo.referrers(top.descriptor(), None).await.unwrap();
    assert_eq!(listed, [referrer.as_referrer()]);
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

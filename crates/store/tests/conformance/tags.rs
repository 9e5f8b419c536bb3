//! Tags, referrers, and taking them away.

use tofu_oci_store::{Put, PutManifest, StoreError, TagRule};
use tofu_oci_types::oci::{Descriptor, ImageManifest, Manifest, MediaType, Tag};

use crate::Repo;
use crate::support::*;

pub(crate) async fn tags_follow_their_rules(repo: &Repo, _: &Backend) {
    let a = put_image(repo.as_ref(), b"a").await;
    let b = put_image(repo.as_ref(), b"b").await;
    let (only_a, both, only_b) = (index(&[&a]), index(&[&b, &a]), index(&[&b]));
    let set =
        async |manifest: &Manifest, rule| put_tagged(repo.as_ref(), manifest, "1.0.0", rule).await;
    assert_eq!(set(&only_a, TagRule::Create).await.unwrap(), Put::Uploaded);
    assert_eq!(set(&only_a, TagRule::Create).await.unwrap(), Put::Present);
    assert!(set(&both, TagRule::Create).await.is_err());
    assert!(set(&only_b, TagRule::Extend).await.is_err());
    assert_eq!(set(&both, TagRule::Extend).await.unwrap(), Put::Uploaded);
    let from = |manifest: &Manifest| TagRule::Move {
        from: manifest.digest().clone(),
    };
    let error = set(&only_b, from(&only_a)).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::TagMoved { current, .. } if current == both.digest()),
        "{error}"
    );
    assert_eq!(set(&only_b, from(&both)).await.unwrap(), Put::Uploaded);
    assert_eq!(set(&a, TagRule::Overwrite).await.unwrap(), Put::Uploaded);
    assert_eq!(repo.manifest(&at("1.0.0")).await.unwrap(), a);
    // What a tag named before is still there.
    for old in [&only_a, &both, &only_b] {
        assert_eq!(&repo.manifest(&by(old.digest())).await.unwrap(), old);
    }
}

pub(crate) async fn tags_are_sorted_and_leave_manifests_behind(repo: &Repo, _: &Backend) {
    let manifest = put_image(repo.as_ref(), b"x").await;
    let tags = ["v1", "1.10.0", "A", "_x", "1.9.0", "a"];
    let batch = [PutManifest {
        manifest: manifest.clone(),
        tags: tags.map(|t| (tag(t), TagRule::Create)).to_vec(),
    }];
    repo.put_manifests(&batch).await.unwrap();
    let sorted: Vec<Tag> = ["1.10.0", "1.9.0", "A", "_x", "a", "v1"].map(tag).to_vec();
    assert_eq!(repo.tags().await.unwrap(), sorted);
    for text in tags {
        repo.delete(&at(text)).await.unwrap();
    }
    assert_eq!(repo.tags().await.unwrap(), []);
    let read = repo.manifest(&by(manifest.digest())).await.unwrap();
    assert_eq!(read, manifest);
}

pub(crate) async fn referrers_are_found_by_subject(repo: &Repo, _: &Backend) {
    let child = put_image(repo.as_ref(), b"child").await;
    let subject = index(&[&child]);
    put_tagged(repo.as_ref(), &subject, "1.0.0", TagRule::Create)
        .await
        .unwrap();
    put_bytes(repo.as_ref(), b"sbom").await;
    let of = |d: &Manifest| Some(d.descriptor().clone());
    let untyped = Manifest::from_image(&ImageManifest {
        artifact_type: None,
        config: Descriptor::of(ZIP, b"sbom"),
        layers: vec![],
        subject: of(&subject),
        annotations: Default::default(),
    });
    let image = image_with(b"sbom", of(&subject).as_ref());
    let list = index_with(&[&child], of(&subject).as_ref());
    let of_child = image_with(b"sbom", of(&child).as_ref());
    let nested = image_with(b"child", of(&subject).as_ref());
    let parent = index(&[&nested]);
    let dangling = image_with(b"sbom", Some(&Descriptor::of(ZIP, b"nothing")));
    for manifest in [
        &untyped, &image, &list, &of_child, &nested, &parent, &dangling,
    ] {
        put(repo.as_ref(), manifest).await;
    }
    // A tagged referrer is one like the others.
    put_tagged(repo.as_ref(), &image, "sbom", TagRule::Create)
        .await
        .unwrap();
    let found = async |repo: &Repo, subject: &Manifest, kind: Option<&MediaType>| {
        let found = repo.referrers(subject.descriptor(), kind).await.unwrap();
        let mut sorted = found.clone();
        sorted.sort_by(|a, b| a.digest.cmp(&b.digest));
        assert_eq!(found, sorted);
        let mut digests: Vec<_> = found.into_iter().map(|d| d.digest).collect();
        digests.dedup();
        digests
    };
    let sorted = |manifests: &[&Manifest]| {
        let mut digests: Vec<_> = manifests.iter().map(|m| m.digest().clone()).collect();
        digests.sort();
        digests
    };
    assert_eq!(
        found(repo, &subject, None).await,
        sorted(&[&untyped, &image, &list, &nested])
    );
    assert_eq!(found(repo, &subject, Some(&ZIP)).await, sorted(&[&untyped]));
    assert_eq!(found(repo, &child, None).await, sorted(&[&of_child]));
    assert_eq!(found(repo, &image, None).await, []);
    let listed = repo
        .referrers(of_child.subject().unwrap(), None)
        .await
        .unwrap();
    assert_eq!(listed, [of_child.as_referrer()]);
    assert_eq!(listed[0].annotations["k"], "v");
    assert_eq!(listed[0].artifact_type, Some(KIND));

    repo.delete(&by(image.digest())).await.unwrap();
    assert_eq!(
        found(repo, &subject, None).await,
        sorted(&[&untyped, &list, &nested])
    );
    // Deleting the subject leaves its referrers.
    repo.delete(&by(subject.digest())).await.unwrap();
    assert_eq!(
        found(repo, &subject, None).await,
        sorted(&[&untyped, &list, &nested])
    );
}

pub(crate) async fn deleting(repo: &Repo, backend: &Backend) {
    let child = put_image(repo.as_ref(), b"child").await;
    let parent = index(&[&child]);
    for text in ["1.0.0", "latest"] {
        put_tagged(repo.as_ref(), &parent, text, TagRule::Create)
            .await
            .unwrap();
    }
    let error = repo.delete(&by(child.digest())).await.unwrap_err();
    let refused = match &error {
        StoreError::Referenced { by, .. } => by == parent.digest(),
        // A registry says it in its own words.
        StoreError::Remote(error) => {
            backend.registry.is_some() && error.to_string().contains(parent.digest().as_str())
        }
        _ => false,
    };
    assert!(refused, "{error}");
    repo.delete(&at("latest")).await.unwrap();
    assert_eq!(repo.tags().await.unwrap(), [tag("1.0.0")]);
    let error = repo.delete(&at("latest")).await.unwrap_err();
    assert!(matches!(error, StoreError::AbsentTag { .. }), "{error}");
    repo.delete(&by(parent.digest())).await.unwrap();
    assert_eq!(repo.tags().await.unwrap(), []);
    assert!(!repo.has(parent.descriptor()).await.unwrap());
    let error = repo.delete(&by(parent.digest())).await.unwrap_err();
    assert!(
        matches!(error, StoreError::AbsentManifest { .. }),
        "{error}"
    );
    // What it listed is a root now.
    let read = repo.manifest(&by(child.digest())).await.unwrap();
    assert_eq!(read, child);
    repo.delete(&by(child.digest())).await.unwrap();
    assert!(!repo.has(child.descriptor()).await.unwrap());
}

//! Manifests: their bytes, their children, batches of them.

use std::sync::Arc;

use bytes::Bytes;
use tofu_oci_store::{Put, PutManifest, StoreError, TagRule};
use tofu_oci_types::oci::{
    Algorithm, Body, Descriptor, Digest, ImageManifest, Manifest, MediaType,
};

use crate::Repo;
use crate::support::*;

pub(crate) async fn manifests_keep_their_bytes_and_types(repo: &Repo, backend: &Backend) {
    put_bytes(repo.as_ref(), b"{}").await;
    put_bytes(repo.as_ref(), b"layer").await;
    let pretty = serde_json::to_vec_pretty(
        &serde_json::from_slice::<serde_json::Value>(image(b"layer").bytes()).unwrap(),
    )
    .unwrap();
    let pretty = [b" ", &pretty[..], b"\n"].concat();
    let docker = String::from_utf8(image(b"layer").bytes().to_vec())
        .unwrap()
        .replace(
            MediaType::IMAGE_MANIFEST.as_str(),
            MediaType::DOCKER_MANIFEST.as_str(),
        );
    let strange = MediaType::from_static("application/vnd.example.strange+json");
    for (what, bytes, media_type, algorithm) in [
        (
            "ours",
            image(b"layer").bytes().to_vec(),
            MediaType::IMAGE_MANIFEST,
            Algorithm::Sha256,
        ),
        (
            "foreign spelling",
            pretty.clone(),
            MediaType::IMAGE_MANIFEST,
            Algorithm::Sha256,
        ),
        (
            "sha512",
            pretty,
            MediaType::IMAGE_MANIFEST,
            Algorithm::Sha512,
        ),
        (
            "docker",
            docker.into_bytes(),
            MediaType::DOCKER_MANIFEST,
            Algorithm::Sha256,
        ),
        ("opaque", b"not JSON".to_vec(), strange, Algorithm::Sha256),
    ] {
        let bytes = Bytes::from(bytes);
        let manifest = Manifest::read(bytes, Some(&media_type), algorithm).unwrap();
        assert_eq!(put(repo.as_ref(), &manifest).await, Put::Uploaded, "{what}");
        let read = repo.manifest(&by(manifest.digest())).await.unwrap();
        assert_eq!(read, manifest, "{what}");
        let put = put_tagged(repo.as_ref(), &manifest, "t", TagRule::Overwrite).await;
        assert_eq!(put.unwrap(), Put::Uploaded, "{what}");
        if what == "sha512" && backend.registry.is_some() {
            // What is sent to a tag has no digest of ours: the registry chooses the algorithm.
            continue;
        }
        assert_eq!(repo.manifest(&at("t")).await.unwrap(), manifest, "{what}");
        let head = repo.head(&tag("t")).await.unwrap().unwrap();
        assert_eq!(head, manifest.descriptor().plain(), "{what}");
        assert!(repo.has(manifest.descriptor()).await.unwrap(), "{what}");
    }
    assert!(matches!(
        repo.manifest(&at("t")).await.unwrap().body(),
        Body::Opaque
    ));
}

pub(crate) async fn children_must_be_there(repo: &Repo, _: &Backend) {
    put_bytes(repo.as_ref(), b"{}").await;
    let layer = put_bytes(repo.as_ref(), b"layer").await;
    let (child, lost) = (image(b"layer"), image(b"lost"));
    let sized = Descriptor::new(ZIP, layer.digest.clone(), 4);
    let mut elsewhere = Descriptor::of(ZIP, b"elsewhere");
    elsewhere.urls = vec!["https://example.net/".into()];
    let with = |layers: Vec<Descriptor>, subject: Option<Descriptor>| {
        Manifest::from_image(&ImageManifest {
            artifact_type: Some(KIND),
            config: Descriptor::empty(),
            layers,
            subject,
            annotations: Default::default(),
        })
    };
    let subject = Some(image(b"nowhere").descriptor().clone());
    for (what, manifests, missing) in [
        ("a layer", vec![&lost], Some(Digest::of(b"lost"))),
        (
            "a layer's size",
            vec![&with(vec![sized], None)],
            Some(layer.digest.clone()),
        ),
        (
            "a child",
            vec![&index(&[&child])],
            Some(child.digest().clone()),
        ),
        (
            "a later child",
            vec![&index(&[&child]), &child],
            Some(child.digest().clone()),
        ),
        ("an earlier child", vec![&child, &index(&[&child])], None),
        (
            "a layer elsewhere",
            vec![&with(vec![elsewhere], None)],
            None,
        ),
        ("a subject", vec![&with(vec![layer.clone()], subject)], None),
    ] {
        let batch: Vec<_> = manifests
            .iter()
            .map(|m| PutManifest::untagged((*m).clone()))
            .collect();
        match (repo.put_manifests(&batch).await, missing) {
            (Ok(_), None) => {}
            (Err(StoreError::MissingChild { child, parent, .. }), Some(missing)) => {
                assert_eq!(child, missing, "{what}");
                assert_eq!(&parent, manifests[0].digest(), "{what}");
            }
            (result, _) => panic!("{what}: {result:?}"),
        }
    }
}

pub(crate) async fn a_refused_batch_changes_no_tag(repo: &Repo, _: &Backend) {
    let one = put_image(repo.as_ref(), b"one").await;
    let two = put_image(repo.as_ref(), b"two").await;
    put_tagged(repo.as_ref(), &one, "taken", TagRule::Create)
        .await
        .unwrap();
    let batch = [
        PutManifest::tagged(two.clone(), tag("free"), TagRule::Create),
        PutManifest::tagged(two.clone(), tag("taken"), TagRule::Create),
    ];
    let error = repo.put_manifests(&batch).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::TagExists { tag, current, .. }
            if tag.as_str() == "taken" && current == one.digest()),
        "{error}"
    );
    assert_eq!(repo.tags().await.unwrap(), [tag("taken")]);
    // Two tags of one batch see each other.
    let batch = [
        PutManifest::tagged(one.clone(), tag("new"), TagRule::Create),
        PutManifest::tagged(two.clone(), tag("new"), TagRule::Create),
    ];
    assert!(repo.put_manifests(&batch).await.is_err());
    assert_eq!(repo.tags().await.unwrap(), [tag("taken")]);
}

pub(crate) async fn putting_twice_changes_nothing(repo: &Repo, _: &Backend) {
    put_bytes(repo.as_ref(), b"{}").await;
    put_bytes(repo.as_ref(), b"a").await;
    let child = image(b"a");
    let parent = index(&[&child]);
    let referrer = image_with(b"a", Some(parent.descriptor()));
    let batch = [
        PutManifest::untagged(child),
        PutManifest::tagged(parent, tag("1.0.0"), TagRule::Create),
        PutManifest::untagged(referrer),
    ];
    let puts = repo.put_manifests(&batch).await.unwrap();
    assert_eq!(puts, [Put::Uploaded; 3]);
    let puts = repo.put_manifests(&batch).await.unwrap();
    assert_eq!(puts, [Put::Present; 3]);
}

pub(crate) async fn many_writers_at_once(repo: &Repo, backend: &Backend) {
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let repo = Arc::clone(repo);
            tokio::spawn(async move {
                let manifest = put_image(repo.as_ref(), format!("{}", n / 2).as_bytes()).await;
                let rule = TagRule::Create;
                put_tagged(repo.as_ref(), &manifest, &format!("1.0.{n}"), rule)
                    .await
                    .unwrap();
                put_tagged(repo.as_ref(), &manifest, "same", TagRule::Create)
                    .await
                    .is_ok()
            })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        won += usize::from(task.await.unwrap());
    }
    // Two of them had the same manifest, so the winner may have a companion.
    // No request of the distribution specification compares before it sets a tag.
    let alone = backend.registry.is_none();
    assert!((1..=2).contains(&won) || !alone, "{won}");
    assert_eq!(repo.tags().await.unwrap().len(), 21);
}

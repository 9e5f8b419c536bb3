//! What stops a copy.

use std::sync::Arc;

use tofu_oci_store::{
    Blob, CopyError, CopyOptions, MemoryStorage, StagedRepository, StorageRepository, StoreError,
    TagRule, copy_graph,
};
use tofu_oci_types::oci::{Descriptor, Digest, Manifest};

use crate::fixture::*;
use crate::support::*;

#[tokio::test]
async fn a_tag_that_is_taken_stops_it_before_anything_is_sent() {
    for backend in Backend::all() {
        let world = world(backend.repository("acme/demo")).await;
        let target = Logged::new(backend.repository("acme/other"));
        let writable: Target = target.clone();
        let other = put_image(writable.as_ref(), b"other").await;
        put_tagged(writable.as_ref(), &other, "1.0.0", TagRule::Create)
            .await
            .unwrap();
        target.take();
        let from = world.top.digest().clone();
        for rule in [TagRule::Create, TagRule::Move { from }] {
            let source: Source = world.source.clone();
            let root = root(&world.top, &[("free", TagRule::Create), ("1.0.0", rule)]);
            let error = copy_graph(&source, &writable, &[root], &CopyOptions::default()).await;
            let Err(CopyError::Refused(error)) = error else {
                panic!("{error:?}")
            };
            let tag = match &*error {
                StoreError::TagExists { tag, .. } | StoreError::TagMoved { tag, .. } => tag,
                error => panic!("{error}"),
            };
            assert_eq!(tag.as_str(), "1.0.0");
        }
        assert!(!target.take().iter().any(|l| l.starts_with("put")));
    }
}

#[tokio::test]
async fn what_the_source_lacks_is_named_with_its_parent() {
    let backend = &Backend::all()[0];
    let (lost, child) = (image(b"lost"), image(b"child"));
    let child_blob = Descriptor::of(ZIP, b"child");
    let top = index(&[&child, &lost]);
    for (what, manifests, blobs, parent, missing) in [
        (
            "a manifest",
            vec![&top, &child],
            vec![&child_blob],
            &top,
            lost.digest().clone(),
        ),
        (
            "a blob",
            vec![&top, &child, &lost],
            vec![&child_blob],
            &lost,
            Digest::of(b"lost"),
        ),
    ] {
        let mut staged = StagedRepository::new();
        for manifest in manifests {
            staged.add_manifest(manifest.clone());
        }
        staged.add_blob(&Descriptor::empty(), Blob::Bytes("{}".into()));
        for blob in blobs {
            staged.add_blob(blob, Blob::Bytes("child".into()));
        }
        let source: Source = Arc::new(staged);
        let target = backend.repository("acme/other");
        let roots = [root(&top, &[("1.0.0", TagRule::Create)])];
        let error = copy_graph(&source, &target, &roots, &CopyOptions::default()).await;
        match error {
            Err(CopyError::MissingChild {
                parent: p,
                child,
                place,
            }) => {
                assert_eq!((&p, &child), (parent.digest(), &missing), "{what}");
                assert_eq!(&place, source.place());
            }
            other => panic!("{what}: {other:?}"),
        }
        assert_eq!(target.head(&tag("1.0.0")).await.unwrap(), None);
        assert!(!target.has(top.descriptor()).await.unwrap());
    }
}

#[tokio::test]
async fn depth_and_number_are_bounded() {
    let mut staged = StagedRepository::new();
    let mut top = image(b"x");
    staged.add_manifest(top.clone());
    staged.add_blob(&Descriptor::empty(), Blob::Bytes("{}".into()));
    staged.add_blob(&Descriptor::of(ZIP, b"x"), Blob::Bytes("x".into()));
    let mut tops = Vec::new();
    for _ in 0..10 {
        top = index(&[&top]);
        staged.add_manifest(top.clone());
        tops.push(top.clone());
    }
    let source: Source = Arc::new(staged);
    let copy = async |top: &Manifest, options: &CopyOptions| {
        let target: Target = Arc::new(StorageRepository::new(
            Arc::new(MemoryStorage::new()),
            name("x"),
        ));
        copy_graph(&source, &target, &[root(top, &[])], options).await
    };
    let options = CopyOptions::default();
    copy(&tops[7], &options).await.unwrap();
    let error = copy(&tops[8], &options).await;
    assert!(
        matches!(error, Err(CopyError::TooDeep { limit: 8, .. })),
        "{error:?}"
    );
    let few = CopyOptions {
        manifests: 3,
        ..CopyOptions::default()
    };
    let error = copy(&tops[5], &few).await;
    assert!(
        matches!(error, Err(CopyError::TooLarge { .. })),
        "{error:?}"
    );
}

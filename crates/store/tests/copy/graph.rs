//! What arrives.

use std::sync::{Arc, Mutex};

use tofu_oci_store::{CopyError, CopyEvent, CopyOptions, Put, TagRule, copy_graph};
use tofu_oci_types::oci::{Digest, Manifest};

use crate::fixture::*;
use crate::support::*;

#[tokio::test]
async fn a_graph_arrives_whole_between_all_kinds() {
    for from in Backend::all() {
        for to in Backend::all() {
            let world = world(from.repository("acme/demo")).await;
            let target = to.repository("other/demo");
            let tags = [("1.0.0", TagRule::Create), ("latest", TagRule::Overwrite)];
            let report = copy(
                &world.source,
                &target,
                root(&world.top, &tags),
                &with_referrers(),
            )
            .await;
            assert_eq!(report.blobs.len(), 4, "each blob once");
            assert_eq!(report.bytes_sent(), 5);
            assert_eq!(report.manifests.len(), 8);
            for manifest in world.all.iter().chain(&world.referrers) {
                let read = target.manifest(&by(manifest.digest())).await.unwrap();
                assert_eq!(&read, manifest);
            }
            assert_eq!(target.tags().await.unwrap(), [tag("1.0.0"), tag("latest")]);
            for subject in &world.all {
                assert_eq!(
                    target.referrers(subject.descriptor(), None).await.unwrap(),
                    world
                        .source
                        .referrers(subject.descriptor(), None)
                        .await
                        .unwrap(),
                );
            }
        }
    }
}

#[tokio::test]
async fn within_a_domain_blobs_are_mounted() {
    for backend in Backend::all() {
        let world = world(backend.repository("acme/demo")).await;
        let target = backend.repository("acme/promoted");
        let report = copy(
            &world.source,
            &target,
            root(&world.top, &[]),
            &CopyOptions::default(),
        )
        .await;
        assert!(report.blobs.iter().all(|(_, put)| *put == Put::Mounted));
    }
}

#[tokio::test]
async fn children_come_first_and_tags_last_in_one_batch() {
    let backend = &Backend::all()[0];
    let world = world(backend.repository("acme/demo")).await;
    let target = Logged::new(backend.repository("acme/other"));
    let writable: Target = target.clone();
    copy(
        &world.source,
        &writable,
        root(&world.top, &[("1.0.0", TagRule::Create)]),
        &with_referrers(),
    )
    .await;
    let log = target.take();
    let batches: Vec<_> = log
        .iter()
        .filter(|l| l.starts_with("put manifests"))
        .collect();
    assert_eq!(batches.len(), 1);
    assert_eq!(log.last(), batches.first().copied());
    let position = |manifest: &Manifest| batches[0].find(&short(manifest.digest())).unwrap();
    let [a, b, c, inner, top] = &world.all[..] else {
        panic!()
    };
    for (child, parent) in [(a, top), (b, inner), (c, inner), (inner, top)] {
        assert!(position(child) < position(parent));
    }
    assert!(position(top) < position(&world.referrers[0]));
    assert!(log.iter().filter(|l| l.starts_with("put blob")).count() == 4);
}

#[tokio::test]
async fn only_what_is_missing_is_copied() {
    let backend = &Backend::all()[1];
    let world = world(backend.repository("acme/demo")).await;
    let target = Logged::new(backend.repository("acme/other"));
    let writable: Target = target.clone();
    put_image(writable.as_ref(), b"a").await;
    let options = CopyOptions {
        present: [world.all[3].digest().clone()].into(),
        ..CopyOptions::default()
    };
    // The inner index is said to be there, and is not: the destination finds out.
    let source: Source = world.source.clone();
    let copied = copy_graph(&source, &writable, &[root(&world.top, &[])], &options).await;
    assert!(matches!(copied, Err(CopyError::Manifests { .. })));
    target.take();
    let report = copy(
        &world.source,
        &writable,
        root(&world.top, &[]),
        &CopyOptions::default(),
    )
    .await;
    // One image was there, another was left by the attempt that failed.
    assert_eq!(report.manifests.len(), 3);
    let a = short(&Digest::of(b"a"));
    assert!(!target.take().contains(&format!("put blob {a}")));
}

#[tokio::test]
async fn progress_is_told() {
    let backend = &Backend::all()[0];
    let world = world(backend.repository("acme/demo")).await;
    let events = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&events);
    let options = CopyOptions {
        reporter: Some(Arc::new(move |event: &CopyEvent| {
            told.lock().unwrap().push(event.clone());
        })),
        ..CopyOptions::default()
    };
    let target = Backend::all().remove(0).repository("x");
    copy(&world.source, &target, root(&world.top, &[]), &options).await;
    let events = events.lock().unwrap();
    let planned = CopyEvent::Planned {
        blobs: 4,
        bytes: 5,
        manifests: 5,
    };
    assert_eq!(events[0], planned);
    let count = |is: fn(&CopyEvent) -> bool| events.iter().filter(|e| is(e)).count();
    assert_eq!(count(|e| matches!(e, CopyEvent::BlobStarted(_))), 4);
    assert_eq!(
        count(|e| matches!(e, CopyEvent::BlobDone(_, Put::Uploaded))),
        4
    );
    assert_eq!(count(|e| matches!(e, CopyEvent::ManifestDone(..))), 5);
}

#[tokio::test]
async fn whoever_takes_them_all_bytes_that_are_read_are_told() {
    for to in Backend::all() {
        let world = world(Backend::all().remove(0).repository("acme/demo")).await;
        let read = Arc::new(Mutex::new(0));
        let told = Arc::clone(&read);
        let options = CopyOptions {
            reporter: Some(Arc::new(move |event: &CopyEvent| {
                if let CopyEvent::BlobRead(_, bytes) = event {
                    *told.lock().unwrap() += bytes;
                }
            })),
            ..CopyOptions::default()
        };
        let target = to.repository("x");
        copy(&world.source, &target, root(&world.top, &[]), &options).await;
        assert_eq!(*read.lock().unwrap(), 5, "to {}", target.place());
    }
}

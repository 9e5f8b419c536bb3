//! What is asked for on the way.

use std::sync::atomic::Ordering;

use tofu_oci_store::{CopyOptions, Listing, TagRule, copy_graph, plan_copy};

use crate::fixture::*;
use crate::support::*;

#[tokio::test]
async fn copying_twice_asks_little_and_writes_nothing() {
    for backend in Backend::all() {
        let world = world(backend.repository("acme/demo")).await;
        let source = Logged::new(world.source.clone());
        let target = Logged::new(backend.repository("acme/other"));
        let (from, to): (Source, Target) = (source.clone(), target.clone());
        let root = root(&world.top, &[("1.0.0", TagRule::Create)]);
        let once = async |options: &CopyOptions| {
            source.take();
            target.take();
            let report = copy_graph(&from, &to, std::slice::from_ref(&root), options).await;
            report.unwrap().is_unchanged()
        };
        assert!(!once(&CopyOptions::default()).await);
        assert!(once(&CopyOptions::default()).await);
        assert_eq!(target.take(), ["head 1.0.0"]);
        assert_eq!(source.take(), [""; 0]);
        // Referrers that are missing are added to a graph that is there.
        assert!(!once(&with_referrers()).await);
        assert!(once(&with_referrers()).await);
        let mut subjects: Vec<_> = world
            .all
            .iter()
            .chain(&world.referrers)
            .map(|m| format!("referrers {}", short(m.digest())))
            .collect();
        subjects.sort();
        let listed = |log: Vec<String>| {
            let mut listed: Vec<_> = log
                .into_iter()
                .filter(|l| l.starts_with("referrers"))
                .collect();
            listed.sort();
            listed
        };
        let log = target.take();
        assert!(!log.iter().any(|l| l.starts_with("put")), "{log:?}");
        assert_eq!(log.iter().filter(|l| l.starts_with("head")).count(), 1);
        assert!(!log.contains(&"has".to_owned()), "{log:?}");
        assert_eq!(listed(log), subjects);
        let log = source.take();
        // The indexes alone are fetched, to know whose referrers to ask for.
        assert_eq!(log.iter().filter(|l| *l == "manifest").count(), 2);
        assert!(!log.contains(&"blob".to_owned()));
        assert_eq!(listed(log), subjects);
    }
}

/// A repository that lists no referrers, as a registry may after a writer was stopped.
#[tokio::test]
async fn referrers_that_are_not_listed_are_put_again() {
    for backend in Backend::all() {
        let world = world(backend.repository("acme/demo")).await;
        let target = Logged::new(backend.repository("acme/other"));
        let (from, to): (Source, Target) = (world.source.clone(), target.clone());
        let root = root(&world.top, &[("1.0.0", TagRule::Create)]);
        let roots = std::slice::from_ref(&root);
        copy_graph(&from, &to, roots, &with_referrers())
            .await
            .unwrap();
        target.take();
        target.forget.store(true, Ordering::SeqCst);
        let report = copy_graph(&from, &to, roots, &with_referrers())
            .await
            .unwrap();
        assert_eq!(report.manifests.len(), world.referrers.len());
        let log = target.take();
        assert!(log.last().unwrap().starts_with("put manifests"), "{log:?}");
        // Where the tag says that everything was there, each is only asked for.
        let options = CopyOptions {
            listing: Listing::UntilTagged,
            ..with_referrers()
        };
        let report = copy_graph(&from, &to, roots, &options).await.unwrap();
        assert!(report.is_unchanged());
        let mut log = target.take();
        log.sort();
        assert_eq!(log, ["has", "has", "has", "head 1.0.0"]);
        // Before there is a tag, they are listed all the same.
        to.delete(&at("1.0.0")).await.unwrap();
        copy_graph(&from, &to, roots, &options).await.unwrap();
        assert!(target.take().iter().any(|l| l.starts_with("referrers")));
    }
}

#[tokio::test]
async fn a_plan_looks_and_writes_nothing() {
    let backend = &Backend::all()[0];
    let world = world(backend.repository("acme/demo")).await;
    let target = Logged::new(backend.repository("acme/other"));
    let (from, to): (Source, Source) = (world.source.clone(), target.clone());
    let root = root(&world.top, &[("1.0.0", TagRule::Create)]);
    let plan = plan_copy(&from, &to, &[root], &with_referrers())
        .await
        .unwrap();
    assert_eq!((plan.blobs.len(), plan.manifests.len()), (4, 8));
    assert!(!target.take().iter().any(|l| l.starts_with("put")));
}

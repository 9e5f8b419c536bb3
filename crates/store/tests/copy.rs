//! Copying graphs between repositories of every kind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use support::*;
use tofu_oci_store::{
    Blob, BlobReader, CopyError, CopyEvent, CopyOptions, CopyReport, CopyRoot, Listing,
    MemoryStorage, PartReader, Place, Put, PutManifest, Referrers, Repository, Result,
    StagedRepository, StorageRepository, StoreError, TagRule, WritableRepository, copy_graph,
    plan_copy,
};
use tofu_oci_types::oci::{Descriptor, Digest, Manifest, MediaType, Tag, TagOrDigest};

type Source = Arc<dyn Repository>;
type Target = Arc<dyn WritableRepository>;

fn root(manifest: &Manifest, tags: &[(&str, TagRule)]) -> CopyRoot {
    CopyRoot {
        descriptor: manifest.descriptor().clone(),
        tags: tags
            .iter()
            .map(|(t, rule)| (tag(t), rule.clone()))
            .collect(),
    }
}

fn with_referrers() -> CopyOptions {
    CopyOptions {
        referrers: Referrers::All,
        ..CopyOptions::default()
    }
}

/// A repository that writes down what it is asked.
struct Logged {
    inner: Target,
    log: Mutex<Vec<String>>,
    /// Whether its lists of referrers are empty.
    forget: AtomicBool,
}

impl Logged {
    fn new(inner: Target) -> Arc<Self> {
        Arc::new(Self {
            inner,
            log: Mutex::default(),
            forget: AtomicBool::new(false),
        })
    }

    fn say(&self, text: String) {
        self.log.lock().unwrap().push(text);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().unwrap())
    }
}

fn short(digest: &Digest) -> String {
    digest.encoded()[..6].to_owned()
}

#[async_trait]
impl Repository for Logged {
    fn place(&self) -> &Place {
        self.inner.place()
    }
    async fn manifest(&self, at: &TagOrDigest) -> Result<Manifest> {
        self.say("manifest".into());
        self.inner.manifest(at).await
    }
    async fn blob(&self, descriptor: &Descriptor) -> Result<BlobReader> {
        self.say("blob".into());
        self.inner.blob(descriptor).await
    }
    async fn blob_part(&self, descriptor: &Descriptor, range: Range<u64>) -> Result<PartReader> {
        self.say("blob".into());
        self.inner.blob_part(descriptor, range).await
    }
    async fn head(&self, tag: &Tag) -> Result<Option<Descriptor>> {
        self.say(format!("head {tag}"));
        self.inner.head(tag).await
    }
    async fn has(&self, descriptor: &Descriptor) -> Result<bool> {
        self.say("has".into());
        self.inner.has(descriptor).await
    }
    async fn tags(&self) -> Result<Vec<Tag>> {
        self.inner.tags().await
    }
    async fn referrers(&self, s: &Descriptor, kind: Option<&MediaType>) -> Result<Vec<Descriptor>> {
        self.say(format!("referrers {}", short(&s.digest)));
        if self.forget.load(Ordering::SeqCst) {
            return Ok(Vec::new());
        }
        self.inner.referrers(s, kind).await
    }
}

#[async_trait]
impl WritableRepository for Logged {
    async fn put_blob(&self, descriptor: &Descriptor, content: Blob) -> Result<Put> {
        self.say(format!("put blob {}", short(&descriptor.digest)));
        self.inner.put_blob(descriptor, content).await
    }
    async fn replace_blob(&self, descriptor: &Descriptor, content: Blob) -> Result<Put> {
        self.say(format!("put blob {}", short(&descriptor.digest)));
        self.inner.replace_blob(descriptor, content).await
    }
    async fn put_manifests(&self, batch: &[PutManifest]) -> Result<Vec<Put>> {
        let batch_of: Vec<_> = batch
            .iter()
            .map(|item| {
                let tags: Vec<_> = item.tags.iter().map(|(t, _)| t.as_str()).collect();
                format!("{}{tags:?}", short(item.manifest.digest()))
            })
            .collect();
        self.say(format!("put manifests {}", batch_of.join(" ")));
        self.inner.put_manifests(batch).await
    }
    async fn delete(&self, at: &TagOrDigest) -> Result<()> {
        self.inner.delete(at).await
    }
}

/// A graph with everything: nested indexes, a shared layer, referrers of referrers.
struct World {
    source: Target,
    top: Manifest,
    all: Vec<Manifest>,
    referrers: Vec<Manifest>,
}

async fn world(source: Target) -> World {
    let repo = source.as_ref();
    let (a, b, c) = (
        put_image(repo, b"a").await,
        put_image(repo, b"b").await,
        put_image(repo, b"c").await,
    );
    let inner = index(&[&b, &c]);
    let top = index(&[&a, &inner, &b]);
    put(repo, &inner).await;
    put_tagged(repo, &top, "1.0.0", TagRule::Overwrite)
        .await
        .unwrap();
    let of_top = image_with(b"a", Some(top.descriptor()));
    let of_referrer = image_with(b"b", Some(of_top.descriptor()));
    let of_child = image_with(b"c", Some(c.descriptor()));
    let referrers = vec![of_top, of_referrer, of_child];
    for referrer in &referrers {
        put(repo, referrer).await;
    }
    World {
        source,
        top: top.clone(),
        all: vec![a, b, c, inner, top],
        referrers,
    }
}

async fn copy(
    source: &Target,
    target: &Target,
    root: CopyRoot,
    options: &CopyOptions,
) -> CopyReport {
    let source: Source = source.clone();
    copy_graph(&source, target, &[root], options).await.unwrap()
}

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

//! Sweeping: what goes, what stays, and what happens beside it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod support;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use support::*;
use tofu_oci_store::files::faults::CountOps;
use tofu_oci_store::layout::{GcOptions, GcReport, GcRepository, LayoutStorage, Sweep, Swept, gc};
use tofu_oci_store::{
    Blob, Files, Kind, Put, Repository, Storage, StorageRepository, StoreError, TagRule, User,
    WritableRepository, fsck,
};
use tofu_oci_types::oci::{Descriptor, Digest};

const DAY: Duration = Duration::from_secs(24 * 3600);
const NAME: &str = "acme/demo";

/// A directory of layouts, and the clock of its file system.
struct World {
    dir: tempfile::TempDir,
    storage: LayoutStorage,
    now: SystemTime,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let probe = dir.path().join("probe");
        std::fs::write(&probe, "").unwrap();
        let now = std::fs::metadata(&probe).unwrap().modified().unwrap();
        std::fs::remove_file(&probe).unwrap();
        Self {
            storage: layout(dir.path(), &Files::new()),
            dir,
            now,
        }
    }

    fn repo(&self) -> StorageRepository {
        StorageRepository::new(Arc::new(self.storage.clone()), name(NAME))
    }

    fn blob(&self, digest: &Digest) -> PathBuf {
        let blobs = self.dir.path().join(NAME).join("blobs/sha256");
        blobs.join(digest.encoded())
    }

    fn markers(&self) -> PathBuf {
        self.dir.path().join(".tofu-oci/manifests").join(NAME)
    }

    /// Lets files be changed two days ago.
    fn age(&self, path: &Path) {
        if path.is_dir() {
            for entry in std::fs::read_dir(path).unwrap() {
                self.age(&entry.unwrap().path());
            }
            return;
        }
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(self.now - 2 * DAY).unwrap();
    }

    fn options(&self) -> GcOptions {
        // What this test does takes less than an hour.
        GcOptions::at(self.now + Duration::from_secs(3600))
    }

    async fn sweep(&self, options: &GcOptions) -> GcReport {
        gc(&self.storage, None, options).await.unwrap()
    }

    async fn sweep_one(&self, options: &GcOptions) -> GcRepository {
        let mut report = self.sweep(options).await;
        assert_eq!(report.repositories.len(), 1);
        report.repositories.remove(0)
    }
}

fn swept(files: u64, bytes: u64) -> Swept {
    Swept { files, bytes }
}

#[tokio::test]
async fn what_nothing_reaches_goes_when_it_is_old() {
    let world = World::new();
    let repo = world.repo();
    let child = put_image(&repo, b"child").await;
    let top = index(&[&child]);
    put_tagged(&repo, &top, "1.0.0", TagRule::Create)
        .await
        .unwrap();
    let referrer = image_with(b"child", Some(top.descriptor()));
    put(&repo, &referrer).await;
    let untagged = put_image(&repo, b"untagged").await;
    let orphan = put_bytes(&repo, b"orphan").await;
    let young = put_bytes(&repo, b"young!").await;
    world.age(world.dir.path());
    world.age(&world.blob(&orphan.digest));
    put_bytes(&repo, b"young!").await;

    // A count tells the same and writes nothing.
    let ops = Arc::new(CountOps::new());
    let counted = layout(world.dir.path(), &Files::observed(ops.clone()));
    ops.take();
    let count = GcOptions {
        sweep: Sweep::Count,
        ..world.options()
    };
    let counted = gc(&counted, None, &count).await.unwrap();
    assert!(ops.take().iter().all(|op| !op.changes));
    let found = world.sweep_one(&world.options()).await;
    for report in [&counted.repositories[0], &found] {
        assert_eq!(report.content, swept(1, 6));
        assert_eq!(report.young, swept(1, 6));
        assert_eq!((report.leftovers, report.untagged), (swept(0, 0), 0));
        assert!(report.problem.is_none());
    }
    assert!(!repo.has(&orphan).await.unwrap());
    assert!(repo.has(&young).await.unwrap());
    for manifest in [&child, &top, &referrer, &untagged] {
        assert_eq!(
            &repo.manifest(&by(manifest.digest())).await.unwrap(),
            manifest
        );
        for blob in manifest.blobs() {
            assert!(repo.has(blob).await.unwrap());
        }
    }
    let again = world.sweep_one(&world.options()).await;
    assert_eq!(again.content, swept(0, 0));
    let none = GcOptions {
        grace: Duration::ZERO,
        ..world.options()
    };
    assert_eq!(world.sweep_one(&none).await.content, swept(1, 6));
}

#[tokio::test]
async fn manifests_without_a_tag_go_when_that_is_asked_for() {
    let world = World::new();
    let repo = world.repo();
    let child = put_image(&repo, b"child").await;
    let kept = index(&[&child]);
    put_tagged(&repo, &kept, "1.0.0", TagRule::Create)
        .await
        .unwrap();
    let of_kept = image_with(b"child", Some(kept.descriptor()));
    let of_referrer = image_with(b"child", Some(of_kept.descriptor()));
    // Moved away from its tag, with something that refers to it.
    let lonely = put_image(&repo, b"lonely").await;
    let old = index(&[&child, &lonely]);
    put_tagged(&repo, &old, "latest", TagRule::Overwrite)
        .await
        .unwrap();
    put_tagged(&repo, &kept, "latest", TagRule::Overwrite)
        .await
        .unwrap();
    let of_old = image_with(b"lonely", Some(old.descriptor()));
    let dangling = image_with(b"child", Some(&Descriptor::of(KIND, b"gone")));
    for referrer in [&of_referrer, &of_kept, &of_old, &dangling] {
        put(&repo, referrer).await;
    }
    let pending = put_image(&repo, b"pending").await;
    world.age(world.dir.path());
    let fresh = put_image(&repo, b"fresh").await;

    assert_eq!(world.sweep_one(&world.options()).await.content, swept(0, 0));
    let options = GcOptions {
        untagged: Some(3 * DAY),
        ..world.options()
    };
    assert_eq!(world.sweep_one(&options).await.untagged, 0, "too young");
    let options = GcOptions {
        untagged: Some(Duration::ZERO),
        ..world.options()
    };
    let found = world.sweep_one(&options).await;
    assert_eq!(found.untagged, 4);
    for manifest in [&kept, &child, &of_kept, &of_referrer, &fresh] {
        assert!(repo.has(manifest.descriptor()).await.unwrap());
    }
    for manifest in [&old, &lonely, &of_old, &dangling, &pending] {
        assert!(!repo.has(manifest.descriptor()).await.unwrap());
        assert!(!world.blob(manifest.digest()).exists());
    }
    assert!(!world.blob(&Digest::of(b"lonely")).exists());
    let findings = fsck(&world.storage, None).await.unwrap();
    assert!(findings.is_empty(), "{findings:?}");
}

#[tokio::test]
async fn what_killed_writers_left_goes() {
    let world = World::new();
    let repo = world.repo();
    let image = put_image(&repo, b"x").await;
    put_tagged(&repo, &image, "1.0.0", TagRule::Create)
        .await
        .unwrap();
    let user = User::Local;
    let held = world.storage.start(&name(NAME), &user).await.unwrap();
    let left = world.storage.start(&name(NAME), &user).await.unwrap();
    let lost = world
        .markers()
        .join("_pending/sha256")
        .join(Digest::of(b"lost").encoded());
    let leftovers = [
        world.dir.path().join(NAME).join(".index.json.1.tmp"),
        world.blob(image.digest()).with_file_name(".abc.1.tmp"),
        world.markers().join("_adopted/.root.1.tmp"),
        lost,
    ];
    for path in &leftovers {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "123").unwrap();
    }
    let young = world.blob(image.digest()).with_file_name(".abc.2.tmp");
    // Blobs alone, whose first manifest never came.
    let beside = StorageRepository::new(Arc::new(world.storage.clone()), name("beside"));
    let blob = put_bytes(&beside, b"blob").await;
    world.age(world.dir.path());
    std::fs::write(&young, "123").unwrap();
    let upload = world
        .storage
        .resume(&name(NAME), &held, &user)
        .await
        .unwrap();

    let report = world.sweep(&world.options()).await;
    let [demo, alone] = &report.repositories[..] else {
        panic!("{report:?}");
    };
    assert_eq!(demo.leftovers, swept(4, 12));
    assert_eq!(demo.content, swept(0, 0));
    assert_eq!(alone.content, swept(1, 4));
    assert!(!beside.has(&blob).await.unwrap());
    assert!(leftovers.iter().all(|path| !path.exists()));
    assert!(young.exists());
    assert_eq!(report.uploads, swept(1, 0));
    drop(upload);
    let gone = world.storage.resume(&name(NAME), &left, &user).await;
    assert!(matches!(gone, Err(StoreError::AbsentUpload { .. })));
    assert!(
        world
            .storage
            .resume(&name(NAME), &held, &user)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_damaged_repository_keeps_its_content() {
    let world = World::new();
    let repo = world.repo();
    let child = put_image(&repo, b"child").await;
    let top = index(&[&child]);
    put_tagged(&repo, &top, "1.0.0", TagRule::Create)
        .await
        .unwrap();
    let orphan = put_bytes(&repo, b"orphan").await;
    world.age(world.dir.path());
    std::fs::write(world.blob(child.digest()), "{").unwrap();
    world.age(&world.blob(child.digest()));
    for broken in ["cut", "missing"] {
        // Nothing is remembered from before.
        let storage = layout(world.dir.path(), &Files::new());
        let report = gc(&storage, None, &world.options()).await.unwrap();
        let found = &report.repositories[0];
        assert!(
            matches!(found.problem, Some(StoreError::Damaged { .. })),
            "{broken}: {found:?}"
        );
        assert_eq!(found.content, swept(0, 0));
        assert!(world.blob(&orphan.digest).exists());
        let _ = std::fs::remove_file(world.blob(child.digest()));
    }
    std::fs::remove_file(world.dir.path().join(NAME).join("index.json")).unwrap();
    let found = world.sweep_one(&world.options()).await;
    assert!(matches!(found.problem, Some(StoreError::Damaged { .. })));
    assert!(world.blob(top.digest()).exists());
}

#[tokio::test]
async fn whoever_is_told_that_a_blob_is_there_keeps_it() {
    let world = World::new();
    let repo = world.repo();
    let other = StorageRepository::new(Arc::new(world.storage.clone()), name("other"));
    let present = put_bytes(&repo, b"present").await;
    let mounted = put_bytes(&other, b"mounted").await;
    let manifest = put_image(&repo, b"manifest").await;
    // Without its marker its file is an old blob.
    std::fs::remove_dir_all(world.markers()).unwrap();
    world.age(world.dir.path());
    assert_eq!(put_bytes(&repo, b"present").await, present);
    let content = Blob::Stored(Arc::new(other));
    assert_eq!(
        repo.put_blob(&mounted, content).await.unwrap(),
        Put::Mounted
    );
    assert_eq!(put(&repo, &manifest).await, Put::Uploaded);
    world.sweep(&world.options()).await;
    for digest in [&present.digest, &mounted.digest, manifest.digest()] {
        assert!(world.blob(digest).exists());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_beside_publishers_loses_nothing_that_was_acknowledged() {
    let world = World::new();
    let sweeping = layout(world.dir.path(), &Files::new());
    // Without grace only the lock and the second look protect a publisher.
    let options = GcOptions {
        grace: Duration::ZERO,
        now: world.now + 100 * DAY,
        untagged: None,
        sweep: Sweep::Remove,
    };
    let publishing = tokio::spawn({
        let repo = world.repo();
        async move {
            let mut done = Vec::new();
            for n in 0..60 {
                let layer = format!("layer {n}").into_bytes();
                put_bytes(&repo, b"{}").await;
                put_bytes(&repo, &layer).await;
                let image = image(&layer);
                match put_tagged(&repo, &image, &format!("1.{n}.0"), TagRule::Create).await {
                    Ok(_) => done.push(image),
                    // Swept in between, and said so.
                    Err(StoreError::MissingChild { .. }) => {}
                    Err(StoreError::Io(error)) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => panic!("{error}"),
                }
            }
            done
        }
    });
    while !publishing.is_finished() {
        let only = name(NAME);
        let report = gc(&sweeping, Some(&only), &options).await.unwrap();
        for found in report.repositories {
            assert!(found.problem.is_none(), "{found:?}");
        }
    }
    let repo = opened(world.dir.path(), &Files::new(), NAME);
    for image in publishing.await.unwrap() {
        assert_eq!(repo.manifest(&by(image.digest())).await.unwrap(), image);
        for blob in image.blobs() {
            assert!(repo.has(blob).await.unwrap());
        }
    }
}

#[tokio::test]
async fn a_single_layout_is_swept_too() {
    let world = World::new();
    let repo = world.repo();
    let image = put_image(&repo, b"x").await;
    put_tagged(&repo, &image, "1.0.0", TagRule::Create)
        .await
        .unwrap();
    put_bytes(&repo, b"orphan").await;
    world.age(world.dir.path());
    let single = LayoutStorage::single(
        &world.dir.path().join(NAME),
        &Files::new(),
        tofu_oci_store::layout::Access::Write,
    );
    let report = gc(&single.unwrap(), None, &world.options()).await.unwrap();
    assert_eq!(report.repositories[0].content, swept(1, 6));
    assert_eq!(report.repositories[0].place.name, None);
    let repo = name(NAME);
    let stat = world.storage.stat(&repo, image.digest(), Kind::Manifest);
    assert!(stat.await.unwrap().is_some());
}

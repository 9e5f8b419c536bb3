//! Processes that are killed, and disks that are full, while the cache is written to.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use tofu_oci::cache::Verdict as Finding;
use tofu_oci::install::{InstallOptions, PackageOrigin};
use tofu_oci::store::files::faults::KillAt;
use tofu_oci::store::files::{FileObserver, FileOp, Files, Sync, Verdict};
use tofu_oci::types::tofu::Platform;

use crate::cache::{TWO, executable};
use crate::support::World;

async fn published() -> World {
    let world = World::new(TWO);
    let here = [Platform::current()];
    world.provider("acme/a", "1.0.0", &here).await;
    world.provider("acme/b", "1.0.0", &here).await;
    world
}

/// As if nothing had been installed yet.
fn start_again(world: &World) {
    for path in ["conf/.terraform", "cache", "state"] {
        let path = world.dir.path().join(path);
        if path.exists() {
            std::fs::remove_dir_all(path).unwrap();
        }
    }
    // It may have been written, or not.
    let _ = std::fs::remove_file(world.conf().join(".terraform.lock.hcl"));
    world.forget_said();
}

async fn install(world: &World, files: Files) -> bool {
    let installer = world.installer(files.clone(), Some(world.cache(&files)));
    installer.install(&world.options()).await.is_ok()
}

#[tokio::test]
async fn killed_at_any_operation_no_entry_is_believed_that_is_not_whole() {
    let world = published().await;
    for n in 0..10_000 {
        start_again(&world);
        let kill = Arc::new(KillAt::new(n));
        let files = Files::observed(kill.clone()).with_sync(Sync::Off);
        let done = install(&world, files).await;
        // What is there is whole, and the next one goes on from it.
        let cache = world.cache(&Files::default());
        for entry in cache.verify().unwrap() {
            assert_eq!(entry.verdict, Finding::Sound, "killed at {n}");
        }
        let report = world.install_cached().await.unwrap();
        for (kind, provider) in ["a", "b"].iter().zip(&report.providers) {
            let script = std::fs::read_to_string(executable(&world, kind)).unwrap();
            assert!(
                script.contains("1.0.0"),
                "killed at {n}: {:?}",
                provider.origin
            );
        }
        assert_eq!(cache.list().unwrap().len(), 2, "killed at {n}");
        let new = world.dir.path().join("cache/v1/new");
        assert_eq!(std::fs::read_dir(new).unwrap().count(), 0, "killed at {n}");
        if !kill.reached() {
            assert!(done && n > 30, "{n}");
            return;
        }
    }
    panic!("the run never ended");
}

/// From the Nth change below a directory on there is no space.
struct FullBelow {
    dir: PathBuf,
    left: std::sync::atomic::AtomicUsize,
    kind: ErrorKind,
}

impl FileObserver for FullBelow {
    fn before(&self, op: &FileOp<'_>) -> Verdict {
        use std::sync::atomic::Ordering;
        let removes = matches!(op, FileOp::RemoveFile(_) | FileOp::RemoveDir(_));
        if !op.changes() || removes || !op.path().starts_with(&self.dir) {
            return Verdict::Proceed;
        }
        let left = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        match left {
            Ok(_) => Verdict::Proceed,
            Err(_) => Verdict::Fail(self.kind.into()),
        }
    }
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_is_done_without() {
    let world = published().await;
    for (place, kind) in [
        ("cache", ErrorKind::StorageFull),
        ("cache", ErrorKind::ReadOnlyFilesystem),
        ("state", ErrorKind::StorageFull),
    ] {
        for n in 0..10_000 {
            start_again(&world);
            let full = Arc::new(FullBelow {
                dir: world.dir.path().join(place),
                left: n.into(),
                kind,
            });
            let files = Files::observed(full.clone()).with_sync(Sync::Off);
            let installer = world.installer(files.clone(), Some(world.cache(&files)));
            installer.install(&world.options()).await.unwrap();
            assert!(executable(&world, "a").exists());
            let warned = world.warnings();
            let warned = warned
                .iter()
                .any(|w| ["cache-unusable", "stamps-unusable"].contains(&w.code()));
            if full.left.load(std::sync::atomic::Ordering::SeqCst) > 0 {
                assert!(n > 5 && !warned, "{place} {n}");
                break;
            }
            // What was written is whole.
            for entry in world.cache(&Files::default()).verify().unwrap() {
                assert!(
                    !matches!(entry.verdict, Finding::Damaged { .. }),
                    "{place} {n}"
                );
            }
        }
    }
}

#[tokio::test]
async fn an_empty_cache_that_may_not_be_made_is_said_once() {
    let world = published().await;
    let full = Arc::new(FullBelow {
        dir: world.dir.path().join("cache"),
        left: 0.into(),
        kind: ErrorKind::PermissionDenied,
    });
    let files = Files::observed(full);
    let installer = world.installer(files.clone(), Some(world.cache(&files)));
    let report = installer
        .install(&InstallOptions::new(world.conf()))
        .await
        .unwrap();
    assert!(
        report
            .providers
            .iter()
            .all(|p| p.origin == PackageOrigin::Source)
    );
    let warnings = world.warnings();
    assert_eq!(
        warnings
            .iter()
            .filter(|w| w.code() == "cache-unusable")
            .count(),
        1
    );
}

//! Links where our directories should be, and others who work on the cache meanwhile.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tofu_oci::cache::{PruneOptions, Unused, Verdict};
#[cfg(unix)]
use tofu_oci::install::InstallError;
use tofu_oci::store::files::{FileObserver, FileOp, Files, Verdict as Answer};

use crate::cache::{entries, entry, world};
use crate::cache_damage::{quarantined, tampered};
use crate::support::World;
#[cfg(unix)]
use crate::support::snapshot;

/// A directory of somebody else, and a file in it.
#[cfg(unix)]
fn precious(world: &World) -> PathBuf {
    let dir = world.dir.path().join("precious");
    fs::create_dir_all(dir.join("more")).unwrap();
    fs::write(dir.join("more/file"), "x").unwrap();
    dir
}

#[cfg(unix)]
#[tokio::test]
async fn what_links_in_the_cache_lead_to_is_left_alone() {
    for name in [
        "new",
        "locks",
        "quarantine",
        "packages",
        "packages/sha256",
        "",
    ] {
        let world = world().await;
        let precious = precious(&world);
        let ours = world.dir.path().join("cache/v1").join(name);
        if ours.exists() {
            fs::remove_dir_all(&ours).unwrap();
        }
        let ours = match name {
            "" => world.dir.path().join("cache/v1"),
            _ => ours,
        };
        std::os::unix::fs::symlink(&precious, &ours).unwrap();
        world.forget_installed();
        let report = world.install_cached().await.unwrap();
        let cache = world.cache(&Files::default());
        let options = PruneOptions {
            unused: Unused::AndUsed,
            ..PruneOptions::default()
        };
        let refused = cache.prune(&options).unwrap_err().to_string();
        assert!(refused.contains("is not a directory"), "{refused}");
        assert_eq!(report.providers.len(), 2, "{name}");
        let left = snapshot(&precious);
        assert_eq!(left.len(), 1, "{name}: {left:?}");
        assert!(precious.join("more/file").exists(), "{name}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_links_in_a_working_directory_lead_to_is_left_alone() {
    for name in ["new", "old", ""] {
        let world = world().await;
        let precious = precious(&world);
        fs::create_dir(precious.join("new")).unwrap();
        fs::write(precious.join("new/file"), "x").unwrap();
        let ours = world.conf().join(".terraform/.tofu-oci");
        fs::remove_dir_all(&ours).unwrap();
        if name.is_empty() {
            std::os::unix::fs::symlink(&precious, &ours).unwrap();
            let error = world.install_cached().await.unwrap_err();
            assert!(matches!(error, InstallError::Place { .. }));
        } else {
            fs::create_dir(&ours).unwrap();
            std::os::unix::fs::symlink(&precious, ours.join(name)).unwrap();
            world.install_cached().await.unwrap();
        }
        assert!(precious.join("more/file").exists(), "{name}");
        assert!(precious.join("new/file").exists(), "{name}");
    }
}

/// Does something when a lock is asked for, for the first time.
struct Meanwhile<F> {
    lock: PathBuf,
    act: Mutex<Option<F>>,
}

impl<F: FnOnce() + Send> FileObserver for Meanwhile<F> {
    fn before(&self, op: &FileOp<'_>) -> Answer {
        if *op == FileOp::Lock(&self.lock)
            && let Some(act) = self.act.lock().unwrap().take()
        {
            act();
        }
        Answer::Proceed
    }
}

fn meanwhile(lock: &Path, act: impl FnOnce() + Send + 'static) -> Files {
    Files::observed(Arc::new(Meanwhile {
        lock: lock.to_owned(),
        act: Mutex::new(Some(act)),
    }))
}

/// The lock of a package, which is taken before anything is done to it.
fn lock_of(world: &World, entry: &Path) -> PathBuf {
    let name = entry.file_name().unwrap();
    world.dir.path().join("cache/v1/locks").join(name)
}

#[tokio::test]
async fn what_somebody_else_removes_meanwhile_is_no_failure() {
    for work in ["prune", "verify"] {
        let world = world().await;
        let a = entry(&world, "a");
        let gone = a.clone();
        let files = meanwhile(&lock_of(&world, &a), move || {
            fs::remove_dir_all(gone).unwrap();
        });
        let cache = world.cache(&files);
        if work == "prune" {
            let options = PruneOptions {
                unused: Unused::AndUsed,
                ..PruneOptions::default()
            };
            cache.prune(&options).unwrap();
            assert!(entries(&world).is_empty());
        } else {
            let verified = cache.verify().unwrap();
            assert_eq!(verified.len(), 1);
            assert_eq!(verified[0].verdict, Verdict::Sound);
        }
        assert_eq!(quarantined(&world), 0, "{work}");
    }
}

#[tokio::test]
async fn what_somebody_else_repaired_meanwhile_is_not_put_aside() {
    let world = world().await;
    let a = entry(&world, "a");
    let sound = world.dir.path().join("sound");
    fs::rename(&a, &sound).unwrap();
    fs::create_dir_all(a.join("tree")).unwrap();
    for name in [
        "meta.json",
        "tree/README.md",
        "tree/terraform-provider-a_v1.0.0",
    ] {
        fs::copy(sound.join(name), a.join(name)).unwrap();
    }
    tampered(&world, &a);
    world.forget_installed();
    let (bad, good) = (a.clone(), sound.clone());
    let files = meanwhile(&lock_of(&world, &a), move || {
        fs::remove_dir_all(&bad).unwrap();
        fs::rename(&good, &bad).unwrap();
    });
    assert!(world.install_warm(&files).is_none());
    assert_eq!(quarantined(&world), 0);
    assert!(a.join("meta.json").exists());
}

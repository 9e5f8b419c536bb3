//! Looking after the cache: listing, verifying, pruning.

use std::collections::BTreeSet;
use std::time::Duration;

use tofu_oci::cache::{InUse, PruneOptions, Stamped, Unused, Verdict};
use tofu_oci::install::Writes;
use tofu_oci::store::files::Files;
use tofu_oci::types::tofu::Platform;

use crate::cache::{entries, entry, executable, place, world};

#[tokio::test]
async fn the_cache_is_listed_verified_and_pruned() {
    let world = world().await;
    let files = Files::default();
    let cache = world.cache(&files);
    let list = cache.list().unwrap();
    assert_eq!(list.len(), 2);
    let names: BTreeSet<String> = list
        .iter()
        .map(|e| e.package.as_ref().unwrap().to_string())
        .collect();
    let here = Platform::current();
    assert!(
        names.contains(&format!("registry.example.com/acme/a 1.0.0 {here}")),
        "{names:?}"
    );
    assert!(list.iter().all(|e| e.stamped == Stamped::Yes && e.size > 0));
    #[cfg(unix)]
    assert!(list.iter().all(|e| e.in_use == InUse::Linked));
    assert!(
        cache
            .verify()
            .unwrap()
            .iter()
            .all(|e| e.verdict == Verdict::Sound)
    );

    let unused = PruneOptions {
        unused: Unused::Removed,
        ..PruneOptions::default()
    };
    std::fs::remove_dir_all(place(&world, "a")).unwrap();
    let planned = cache
        .prune(&PruneOptions {
            writes: Writes::DryRun,
            ..unused.clone()
        })
        .unwrap();
    assert_eq!((planned.removed.len(), planned.kept), (1, 1));
    assert_eq!(entries(&world).len(), 2);
    assert_eq!(cache.prune(&unused).unwrap().removed, planned.removed);
    let left: Vec<_> = cache
        .list()
        .unwrap()
        .into_iter()
        .filter_map(|e| e.package)
        .collect();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].provider.kind(), "b");
    // What it remembered of the package and its lock went with it.
    assert!(
        !world
            .dir
            .path()
            .join("cache/v1/releases/registry.example.com/acme/a")
            .exists()
    );
    assert_eq!(
        std::fs::read_dir(world.dir.path().join("cache/v1/locks"))
            .unwrap()
            .count(),
        1
    );

    let all = PruneOptions {
        unused: Unused::AndUsed,
        ..PruneOptions::default()
    };
    assert_eq!(cache.prune(&all).unwrap().kept, 0);
    assert!(entries(&world).is_empty());
    // What is installed stays.
    assert!(executable(&world, "b").exists());
    world.install_cached().await.unwrap();
}

#[tokio::test]
async fn packages_are_pruned_by_age_and_by_size() {
    let world = world().await;
    let day = 24 * 60 * 60;
    let files = Files::default();
    let a = entry(&world, "a").join("meta.json");
    let written = std::fs::metadata(&a).unwrap().modified().unwrap();
    let written = written
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let old = |seconds: u64| {
        let file = std::fs::File::options().write(true).open(&a).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(seconds))
            .unwrap();
    };
    let options = PruneOptions {
        older_than: Some(Duration::from_secs(30 * day)),
        writes: Writes::DryRun,
        ..PruneOptions::default()
    };
    let cache = world.cache_at(&files, written + 10 * day);
    assert_eq!(cache.prune(&options).unwrap().removed.len(), 0);
    old(written - 25 * day);
    let removed = cache.prune(&options).unwrap().removed;
    assert_eq!(removed.len(), 1);
    assert_eq!(removed[0].package.as_ref().unwrap().provider.kind(), "a");
    // A clock that was ahead keeps nothing for ever: it is now, and the next use says when.
    old(written + 1000 * day);
    assert_eq!(cache.prune(&options).unwrap().removed.len(), 0);
    world.forget_installed();
    tofu_oci::install::WarmInstaller {
        cache: Some(world.cache_at(&files, written + 10 * day)),
        files: files.clone(),
        progress: world.progress(),
    }
    .install(&world.options())
    .unwrap();
    let corrected = std::fs::metadata(&a).unwrap().modified().unwrap();
    assert!(corrected < std::time::UNIX_EPOCH + Duration::from_secs(written + 1000 * day));

    old(written - 25 * day);
    let size = cache.list().unwrap().iter().map(|e| e.size).sum::<u64>();
    let smaller = PruneOptions {
        max_size: Some(size - 1),
        ..PruneOptions::default()
    };
    let removed = cache.prune(&smaller).unwrap().removed;
    assert_eq!(removed.len(), 1);
    assert_eq!(removed[0].package.as_ref().unwrap().provider.kind(), "a");
}

#[tokio::test]
async fn other_formats_beside_are_left_alone() {
    let world = world().await;
    for version in ["v0", "v2"] {
        let path = world
            .dir
            .path()
            .join("cache")
            .join(version)
            .join("packages");
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("x"), "x").unwrap();
    }
    let all = PruneOptions {
        unused: Unused::AndUsed,
        ..PruneOptions::default()
    };
    world.cache(&Files::default()).prune(&all).unwrap();
    world.install_cached().await.unwrap();
    for version in ["v0", "v2"] {
        let path = world
            .dir
            .path()
            .join("cache")
            .join(version)
            .join("packages/x");
        assert_eq!(std::fs::read(path).unwrap(), b"x");
    }
}

//! Looking after the cache: listing, verifying, pruning.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tofu_oci::cache::{InUse, PruneOptions, PrunedFrom, PutAside, Stamped, Unused, Verdict};
use tofu_oci::install::Writes;
use tofu_oci::store::files::{FileObserver, FileOp, Files, Verdict as Answer};
use tofu_oci::types::tofu::Platform;

use crate::cache::{entries, entry, executable, place, world};
use crate::cache_damage::tampered;
use crate::support::{World, snapshot};

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

#[tokio::test]
async fn stamps_and_memories_of_another_form_say_nothing() {
    let world = world().await;
    let files = Files::default();
    let mut rewritten = 0;
    for dir in ["state", "cache/v1/releases"] {
        for (name, bytes) in snapshot(&world.dir.path().join(dir)) {
            let text = String::from_utf8(bytes).unwrap();
            let other = text.replacen("\"form\":1", "\"form\":2", 1);
            assert_ne!(other, text, "{name}");
            std::fs::write(world.dir.path().join(dir).join(name), other).unwrap();
            rewritten += 1;
        }
    }
    // A stamp of each package in the cache, and a memory of each.
    assert!(rewritten >= 4);
    let list = world.cache(&files).list().unwrap();
    assert!(list.iter().all(|entry| entry.stamped == Stamped::No));
    world.forget_installed();
    // The lock file names the zips, and what they unpack to is hashed.
    assert!(world.install_warm(&files).is_some());
    let list = world.cache(&files).list().unwrap();
    assert!(list.iter().all(|entry| entry.stamped == Stamped::Yes));
    let memories = snapshot(&world.dir.path().join("cache/v1/releases"));
    assert!(
        memories
            .iter()
            .all(|(_, bytes)| bytes.starts_with(br#"{"form":1"#))
    );
}

/// A directory on a file system that is mounted for reading only.
struct ReadOnly(PathBuf);

impl FileObserver for ReadOnly {
    fn before(&self, op: &FileOp<'_>) -> Answer {
        let writes = op.changes() || matches!(op, FileOp::Lock(_));
        match writes && op.path().starts_with(&self.0) {
            true => Answer::Fail(ErrorKind::ReadOnlyFilesystem.into()),
            false => Answer::Proceed,
        }
    }
}

#[tokio::test]
async fn a_cache_that_can_only_be_read_is_verified() {
    let world = world().await;
    let root = world.dir.path().join("cache");
    let files = Files::observed(Arc::new(ReadOnly(root.clone())));
    let sound = world.cache(&files).verify().unwrap();
    assert_eq!(sound.len(), 2);
    assert!(sound.iter().all(|e| e.verdict == Verdict::Sound));

    tampered(&world, &entry(&world, "a"));
    let before = snapshot(&root);
    let verified = world.cache(&files).verify().unwrap();
    let damaged: Vec<_> = verified
        .iter()
        .filter_map(|entry| match &entry.verdict {
            Verdict::Damaged { aside, .. } => Some(aside),
            _ => None,
        })
        .collect();
    assert!(
        matches!(damaged[..], [PutAside::Not { reason }] if reason.contains("read-only")),
        "{damaged:?}"
    );
    assert_eq!(snapshot(&root), before);
}

#[tokio::test]
async fn a_cache_that_is_not_there_is_not_made_by_looking() {
    let world = World::new("");
    let cache = world.cache(&Files::default());
    assert!(!cache.exists().unwrap());
    assert!(cache.list().unwrap().is_empty());
    assert!(cache.verify().unwrap().is_empty());
    cache.prune(&PruneOptions::default()).unwrap();
    for name in ["cache", "state"] {
        assert!(!world.dir.path().join(name).exists(), "{name}");
    }
    // The same where something else is in its place, or in that of a directory in it.
    for place in ["cache", "cache/v1", "cache/v1/packages"] {
        let place = world.dir.path().join(place);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(&place, "").unwrap();
        let kinds = [
            cache.list().unwrap_err().kind(),
            cache.verify().unwrap_err().kind(),
        ];
        assert_eq!(kinds, [ErrorKind::NotADirectory; 2], "{place:?}");
        std::fs::remove_file(&place).unwrap();
    }
}

#[tokio::test]
async fn the_quarantine_goes_first() {
    let world = world().await;
    let files = Files::default();
    tampered(&world, &entry(&world, "a"));
    let cache = world.cache(&files);
    cache.verify().unwrap();
    let quarantine = world.dir.path().join("cache/v1/quarantine");
    let aside: u64 = snapshot(&quarantine)
        .iter()
        .map(|(_, bytes)| bytes.len() as u64)
        .sum();
    let kept: u64 = cache.list().unwrap().iter().map(|e| e.size).sum();
    let limit = |max_size: u64| PruneOptions {
        max_size: Some(max_size),
        ..PruneOptions::default()
    };

    let report = cache.prune(&limit(kept + aside)).unwrap();
    assert!(report.removed.is_empty());
    assert_eq!((report.quarantined, report.quarantined_size), (1, aside));
    assert_eq!((report.kept, report.kept_size), (1, kept));

    let options = limit(kept + aside - 1);
    let planned = cache
        .prune(&PruneOptions {
            writes: Writes::DryRun,
            ..options.clone()
        })
        .unwrap();
    assert!(!snapshot(&quarantine).is_empty());
    let report = cache.prune(&options).unwrap();
    assert_eq!(report, planned);
    assert_eq!(report.removed.len(), 1);
    assert_eq!(report.removed[0].from, PrunedFrom::Quarantine);
    assert_eq!(report.removed[0].size, aside);
    let removed = report.removed[0].package.as_ref().unwrap();
    assert_eq!(removed.provider.kind(), "a");
    assert_eq!((report.kept, report.quarantined), (1, 0));
    assert!(snapshot(&quarantine).is_empty());
    assert_eq!(entries(&world).len(), 1);

    // Everything includes it, before it is done as well.
    tampered(&world, &entry(&world, "b"));
    cache.verify().unwrap();
    let all = PruneOptions {
        unused: Unused::AndUsed,
        writes: Writes::DryRun,
        ..PruneOptions::default()
    };
    let report = cache.prune(&all).unwrap();
    assert_eq!(report.removed.len(), 1);
    assert_eq!(report.removed[0].from, PrunedFrom::Quarantine);
}

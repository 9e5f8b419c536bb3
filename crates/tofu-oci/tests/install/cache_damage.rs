//! Entries of the cache that are not what they should be.

use std::fs;
use std::path::Path;

use tofu_oci::Warning;
use tofu_oci::cache::{PutAside, Stamped, Verdict};
use tofu_oci::install::{InstallReport, PackageAction, PackageOrigin};
use tofu_oci::store::files::Files;

use crate::cache::{entries, entry, executable, world};
use crate::support::World;

/// How a package is damaged.
type Damage = fn(&World, &Path);

fn rewrite(path: &Path, content: &str) {
    // Another length or time tells that it was written to.
    fs::write(path, content).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
}

pub(crate) fn tampered(_: &World, entry: &Path) {
    rewrite(
        &entry.join("tree/terraform-provider-a_v1.0.0"),
        "#!/bin/sh\nevil\n",
    );
}

fn truncated(_: &World, entry: &Path) {
    let path = entry.join("tree/terraform-provider-a_v1.0.0");
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_len(3).unwrap();
}

fn with_more(_: &World, entry: &Path) {
    fs::write(entry.join("tree/more"), "more").unwrap();
}

fn with_less(_: &World, entry: &Path) {
    fs::remove_file(entry.join("tree/README.md")).unwrap();
}

#[cfg(unix)]
fn linked_away(world: &World, entry: &Path) {
    let elsewhere = world.dir.path().join("elsewhere");
    fs::rename(entry.join("tree"), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, entry.join("tree")).unwrap();
}

#[cfg(unix)]
fn with_a_linked_file(world: &World, entry: &Path) {
    let path = entry.join("tree/README.md");
    let elsewhere = world.dir.path().join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
}

#[cfg(unix)]
fn with_the_rights_of_its_owner(_: &World, entry: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let path = entry.join("tree/terraform-provider-a_v1.0.0");
    fs::set_permissions(path, fs::Permissions::from_mode(0o4755)).unwrap();
}

#[cfg(unix)]
fn with_an_odd_name(_: &World, entry: &Path) {
    fs::write(entry.join("tree/a\nb"), "").unwrap();
}

pub(crate) fn quarantined(world: &World) -> usize {
    let warnings = world.warnings();
    let quarantined = warnings
        .iter()
        .filter(|w| matches!(w, Warning::Quarantined { .. }));
    for warning in quarantined.clone() {
        let Warning::Quarantined { path, .. } = warning else {
            continue;
        };
        assert!(path.exists(), "{warning}");
    }
    quarantined.count()
}

/// A fresh directory gets the right package, from its source.
async fn is_repaired(world: &World, name: &str) -> InstallReport {
    world.forget_installed();
    assert!(world.install_warm(&Files::default()).is_none(), "{name}");
    let report = world.install_cached().await.unwrap();
    let a = &report.providers[0];
    assert_eq!(a.origin, PackageOrigin::Source, "{name}");
    let script = fs::read_to_string(executable(world, "a")).unwrap();
    assert!(script.contains("acme/a 1.0.0"), "{name}: {script}");
    // The new entry is as good as any.
    world.forget_installed();
    assert!(world.install_warm(&Files::default()).is_some(), "{name}");
    report
}

#[tokio::test]
async fn damage_is_noticed_put_aside_and_repaired() {
    let damages: &[(&str, Damage)] = &[
        ("tampered", tampered),
        ("truncated", truncated),
        ("with more", with_more),
        ("with less", with_less),
        #[cfg(unix)]
        ("linked away", linked_away),
        #[cfg(unix)]
        ("with a linked file", with_a_linked_file),
        #[cfg(unix)]
        ("with the rights of its owner", with_the_rights_of_its_owner),
        #[cfg(unix)]
        ("with an odd name", with_an_odd_name),
    ];
    for (name, damage) in damages {
        for stamps in ["stamped", "restored"] {
            let world = world().await;
            damage(&world, &entry(&world, "a"));
            if stamps == "restored" {
                fs::remove_dir_all(world.dir.path().join("state")).unwrap();
            }
            is_repaired(&world, &format!("{name}, {stamps}")).await;
            assert_eq!(quarantined(&world), 1, "{name}, {stamps}");
        }
    }
}

#[tokio::test]
async fn verifying_puts_damage_aside_too() {
    let world = world().await;
    tampered(&world, &entry(&world, "a"));
    let cache = world.cache(&Files::default());
    let mut verdicts: Vec<_> = cache.verify().unwrap();
    verdicts.sort_by_key(|v| v.package.as_ref().unwrap().provider.kind().to_owned());
    assert!(
        matches!(&verdicts[0].verdict, Verdict::Damaged { reason, aside: PutAside::To(_) } if reason.contains("h1:"))
    );
    assert_eq!(verdicts[1].verdict, Verdict::Sound);
    assert_eq!(entries(&world).len(), 1);
    assert_eq!(quarantined(&world), 1);
    fs::remove_dir_all(world.dir.path().join("state")).unwrap();
    let cache = world.cache(&Files::default());
    assert_eq!(cache.verify().unwrap()[0].verdict, Verdict::Unproven);
}

#[tokio::test]
async fn metadata_that_was_made_to_fit_proves_nothing() {
    let world = world().await;
    let a = entry(&world, "a");
    // The tree of another package, with its own hash in the metadata and in the memory: it is consistent in itself.
    let b = entry(&world, "b");
    fs::remove_dir_all(a.join("tree")).unwrap();
    fs::create_dir(a.join("tree")).unwrap();
    fs::copy(
        b.join("tree/terraform-provider-b_v1.0.0"),
        a.join("tree/terraform-provider-a_v1.0.0"),
    )
    .unwrap();
    let forged = tree_h1(&world, &a);
    let meta = fs::read_to_string(a.join("meta.json")).unwrap();
    let start = meta.find("h1:").unwrap();
    let honest = meta[start..start + 47].to_owned();
    fs::write(a.join("meta.json"), meta.replace(&honest, &forged)).unwrap();
    fs::remove_dir_all(world.dir.path().join("state")).unwrap();
    let lock = world.read(".terraform.lock.hcl");
    is_repaired(&world, "forged").await;
    assert_eq!(quarantined(&world), 1);
    // Nothing of it came into the lock file.
    assert_eq!(world.read(".terraform.lock.hcl"), lock);
    assert!(!lock.contains(&forged));
}

/// The hash of a tree in the cache, as its listing in another cache would have it.
fn tree_h1(_: &World, entry: &Path) -> String {
    use tofu_oci::trust::h1::h1_of;
    use tofu_oci::types::oci::Digest;
    let files = fs::read_dir(entry.join("tree")).unwrap().map(|file| {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        (name, Digest::of(&fs::read(file.path()).unwrap()))
    });
    h1_of(files).to_string()
}

#[tokio::test]
async fn half_an_entry_is_none() {
    for damage in ["no tree", "no metadata", "nothing"] {
        let world = world().await;
        let a = entry(&world, "a");
        if damage != "no metadata" {
            fs::remove_dir_all(a.join("tree")).unwrap();
        }
        if damage != "no tree" {
            fs::remove_file(a.join("meta.json")).unwrap();
        }
        world.forget_installed();
        let warm = world.install_warm(&Files::default());
        // What people read about it is not needed.
        assert_eq!(warm.is_some(), damage == "no metadata", "{damage}");
        if warm.is_none() {
            is_repaired(&world, damage).await;
        }
        assert_eq!(quarantined(&world), 0, "{damage}");
    }
}

#[tokio::test]
async fn leftovers_of_stopped_processes_are_swept() {
    let world = world().await;
    let new = world.dir.path().join("cache/v1/new");
    fs::create_dir_all(new.join("0".repeat(64)).join("tree")).unwrap();
    fs::write(new.join("1"), "half").unwrap();
    fs::remove_dir_all(entry(&world, "a")).unwrap();
    is_repaired(&world, "leftovers").await;
    assert_eq!(fs::read_dir(&new).unwrap().count(), 0);
}

#[tokio::test]
async fn files_that_were_never_finished_are_pruned() {
    use tofu_oci::cache::PruneOptions;
    let world = world().await;
    let mut halves = Vec::new();
    for stamp in [
        "cache/v1/releases/registry.example.com/acme/a/1.0.0",
        "state/v1/packages",
    ] {
        let mut dir = world.dir.path().join(stamp);
        if stamp.starts_with("state") {
            dir = fs::read_dir(dir).unwrap().next().unwrap().unwrap().path();
        }
        let whole = fs::read_dir(&dir).unwrap().next().unwrap().unwrap().path();
        let half = dir.join(".half.0.tmp");
        fs::copy(whole, &half).unwrap();
        halves.push(half);
    }
    let cache = world.cache(&Files::default());
    cache.prune(&PruneOptions::default()).unwrap();
    assert!(halves.iter().all(|half| !half.exists()), "{halves:?}");
    assert_eq!(cache.list().unwrap().len(), 2);
    world.forget_installed();
    assert!(world.install_warm(&Files::default()).is_some());
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_was_written_through_a_link_is_noticed_in_both_places() {
    use tofu_oci::cache::LinkMode;
    use tofu_oci::install::InstallOptions;
    let world = world().await;
    world.forget_installed();
    let files = Files::default();
    let options = InstallOptions {
        link_mode: LinkMode::Hardlink,
        ..world.options()
    };
    let installer = world.installer(files.clone(), Some(world.cache(&files)));
    installer.install(&options).await.unwrap();
    rewrite(
        &executable(&world, "a"),
        "#!/bin/sh\nanother client was here\n",
    );
    // The same directory is repaired, and not from what was written into the cache.
    let report = world.install_cached().await.unwrap();
    assert_eq!(report.providers[0].action, PackageAction::Replaced);
    assert_eq!(report.providers[0].origin, PackageOrigin::Source);
    assert_eq!(quarantined(&world), 1);
    let script = fs::read_to_string(executable(&world, "a")).unwrap();
    assert!(script.contains("acme/a 1.0.0"), "{script}");
}

#[cfg(unix)]
#[tokio::test]
async fn what_others_may_change_is_hashed_while_it_is_copied() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    use std::sync::Arc;
    use tofu_oci::store::files::faults::{CountOps, OpKind};

    let writable = |path: &Path| {
        fs::set_permissions(path, fs::Permissions::from_mode(0o666)).unwrap();
        true
    };
    // Only the administrator can give files away.
    let foreign = |path: &Path| chown(path, Some(12_345), None).is_ok();
    type Make<'a> = &'a dyn Fn(&Path) -> bool;
    let others: [(&str, Make<'_>); 2] = [("writable", &writable), ("foreign", &foreign)];
    for (name, make) in others {
        let world = world().await;
        let file = entry(&world, "a").join("tree/README.md");
        if !make(&file) {
            continue;
        }
        for round in 0..2 {
            world.forget_installed();
            let counter = Arc::new(CountOps::new());
            let report = world
                .install_warm(&Files::observed(counter.clone()))
                .unwrap();
            assert_eq!(report.providers[0].origin, PackageOrigin::Cache, "{name}");
            let placed = fs::metadata(executable(&world, "a")).unwrap();
            assert_eq!(placed.nlink(), 1, "{name}: it was linked");
            let read = counter.take().into_iter();
            let read = read.filter(|seen| seen.op == OpKind::Open && seen.path == file);
            assert!(read.count() > 0, "{name}, {round}: a stamp was believed");
        }
        assert!(
            world.warnings().iter().any(|w| w.code() == "cache-shared"),
            "{name}"
        );
        // What another user writes comes to light even where time and length are as before.
        let before = fs::metadata(&file).unwrap().modified().unwrap();
        fs::write(&file, "read mE\n").unwrap();
        fs::File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified(before)
            .unwrap();
        is_repaired(&world, name).await;
        assert_eq!(quarantined(&world), 1, "{name}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn stamps_that_others_may_write_are_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let world = world().await;
    let state = world.dir.path().join("state");
    assert_eq!(
        fs::metadata(&state).unwrap().permissions().mode() & 0o777,
        0o700
    );
    fs::set_permissions(&state, fs::Permissions::from_mode(0o770)).unwrap();
    world.forget_installed();
    let report = world.install_warm(&Files::default()).unwrap();
    assert_eq!(report.providers[0].origin, PackageOrigin::Cache);
    assert!(
        world
            .warnings()
            .iter()
            .any(|w| w.code() == "stamps-unusable")
    );
    let list = world.cache(&Files::default()).list().unwrap();
    assert!(list.iter().all(|e| e.stamped == Stamped::No));
}

#[tokio::test]
async fn stamps_within_the_cache_are_not_used() {
    use tofu_oci::cache::{CacheOptions, PackageCache};
    for way in [
        "plainly",
        #[cfg(unix)]
        "by way of a link",
    ] {
        let world = world().await;
        let dir = world.dir.path().join("cache");
        let mut state = dir.join("state");
        if way != "plainly" {
            fs::rename(world.dir.path().join("state"), &state).unwrap();
            state = world.dir.path().join("link");
            #[cfg(unix)]
            std::os::unix::fs::symlink(dir.join("state"), &state).unwrap();
        }
        let options = CacheOptions {
            state: Some(state),
            dir,
            now: std::time::SystemTime::UNIX_EPOCH,
        };
        let cache = PackageCache::open(&Files::default(), options, world.progress());
        let said = world.warnings();
        assert!(said.iter().any(|w| w.code() == "stamps-unusable"), "{way}");
        let entries = cache.list().unwrap();
        assert!(entries.iter().all(|e| e.stamped == Stamped::No), "{way}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_provider_that_cannot_be_executed_any_more_is_repaired() {
    use std::os::unix::fs::PermissionsExt;
    let may_run = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o111 != 0;
    let forbid = |path: &Path| {
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    };
    for stamps in ["stamped", "restored"] {
        let world = world().await;
        let cached = entry(&world, "a").join("tree/terraform-provider-a_v1.0.0");
        forbid(&cached);
        if stamps == "restored" {
            fs::remove_dir_all(world.dir.path().join("state")).unwrap();
        }
        is_repaired(&world, stamps).await;
        assert!(may_run(&executable(&world, "a")), "{stamps}");
        // In its place, too.
        forbid(&executable(&world, "a"));
        let report = world.install_cached().await.unwrap();
        assert_eq!(report.providers[0].action, PackageAction::Replaced);
        assert!(may_run(&executable(&world, "a")), "{stamps}");
    }
}

//! Several installs at once that share a cache.

use std::sync::Arc;

use tofu_oci::cache::PruneOptions;
use tofu_oci::install::{InstallOptions, PackageOrigin};
use tofu_oci::store::files::Files;
use tofu_oci::types::tofu::Platform;

use crate::support::World;

use crate::cache::{TWO, world};

#[tokio::test]
async fn many_at_once_fetch_each_package_once() {
    let world = Arc::new(World::new(TWO));
    let here = [Platform::current()];
    world.provider("acme/a", "1.0.0", &here).await;
    world.provider("acme/b", "1.0.0", &here).await;
    world.install().await.unwrap();
    world.forget_installed();
    let lock = world.read(".terraform.lock.hcl");
    let runs = (0..16).map(|n| {
        let dir = world.dir.path().join(format!("conf-{n}"));
        std::fs::create_dir(&dir).unwrap();
        std::fs::write(dir.join("main.tf"), TWO).unwrap();
        std::fs::write(dir.join(".terraform.lock.hcl"), &lock).unwrap();
        let files = Files::default();
        let installer = world.installer(files.clone(), Some(world.cache(&files)));
        async move { installer.install(&InstallOptions::new(dir)).await.unwrap() }
    });
    let reports = futures_util::future::join_all(runs).await;
    let fetched = reports
        .iter()
        .flat_map(|report| &report.providers)
        .filter(|p| p.origin == PackageOrigin::Source);
    assert_eq!(fetched.count(), 2);
    assert_eq!(
        world
            .warnings()
            .iter()
            .filter(|w| w.code() != "incomplete-lock")
            .count(),
        0
    );
}

#[test]
fn whoever_comes_later_waits_and_asks_nobody() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(world());
    world.forget_installed();
    std::fs::remove_dir_all(world.dir.path().join("cache")).unwrap();
    let warm = || {
        let files = Files::default();
        tofu_oci::install::WarmInstaller {
            cache: Some(world.cache(&files)),
            files,
            progress: world.progress(),
        }
        .install(&world.options())
    };
    let first = warm().unwrap_err();
    std::thread::scope(|scope| {
        let later = scope.spawn(warm);
        runtime.block_on(world.install_cached()).unwrap();
        drop(first);
        let report = later.join().unwrap().unwrap();
        assert!(
            report
                .providers
                .iter()
                .all(|p| p.origin != PackageOrigin::Source)
        );
    });
    // Where the first one failed, nobody waits for those who waited.
    world.forget_installed();
    std::fs::remove_dir_all(world.dir.path().join("cache/v1/packages")).unwrap();
    let first = warm().unwrap_err();
    std::thread::scope(|scope| {
        // Each gives its turn back at once, whether it was the first of them or waited.
        let cold = || warm().map_err(drop);
        let later = [scope.spawn(cold), scope.spawn(cold)];
        drop(first);
        for later in later {
            later.join().unwrap().unwrap_err();
        }
    });
    let prune = PruneOptions::default();
    world.cache(&Files::default()).prune(&prune).unwrap();
    let locks = std::fs::read_dir(world.dir.path().join("cache/v1/locks")).unwrap();
    assert_eq!(locks.count(), 0);
}

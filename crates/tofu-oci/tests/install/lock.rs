use std::sync::Arc;

use tofu_oci::install::{InstallError, LockChange, LockMode};
use tofu_oci::store::files::{FileObserver, FileOp, Files, Verdict};
use tofu_oci::types::tofu::Platform;
use tofu_oci::{Warning, install::InstallOptions};

use crate::support::{World, snapshot};

const DEMO: &str = r#"
terraform {
  required_providers {
    demo = {
      source  = "registry.example.com/acme/demo"
      version = ">= 1.0.0"
    }
  }
}
"#;

async fn world() -> World {
    let world = World::new(DEMO);
    let here = Platform::current();
    world
        .provider("acme/demo", "1.0.0", std::slice::from_ref(&here))
        .await;
    world.install().await.unwrap();
    world.provider("acme/demo", "1.1.0", &[here]).await;
    world
}

fn with(world: &World, lock: LockMode) -> InstallOptions {
    InstallOptions {
        lock,
        ..world.options()
    }
}

#[tokio::test]
async fn a_locked_version_stays_until_an_upgrade() {
    let world = world().await;
    let report = world.install().await.unwrap();
    assert_eq!(report.providers[0].version.to_string(), "1.0.0");
    let options = with(&world, LockMode::Upgrade);
    let report = world
        .install_with(Default::default(), &options)
        .await
        .unwrap();
    assert_eq!(report.providers[0].version.to_string(), "1.1.0");
    assert_eq!(report.lock, LockChange::Updated);
    assert!(world.read(".terraform.lock.hcl").contains("\"1.1.0\""));
}

#[tokio::test]
async fn a_locked_version_that_is_gone_is_never_another_version() {
    let world = world().await;
    std::fs::remove_dir_all(world.conf().join(".terraform")).unwrap();
    std::fs::remove_dir_all(world.registry()).unwrap();
    world
        .provider("acme/demo", "1.1.0", &[Platform::current()])
        .await;
    let error = world.install().await.unwrap_err();
    assert!(
        matches!(error, InstallError::LockedVersionGone { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn another_package_under_the_locked_version_is_refused_before_it_is_fetched() {
    let world = world().await;
    std::fs::remove_dir_all(world.conf().join(".terraform")).unwrap();
    std::fs::remove_dir_all(world.registry()).unwrap();
    let there: Platform = "plan9_mips".parse().unwrap();
    // The same version with other bytes: what a script says differs by platform.
    world
        .provider("acme/demo", "1.0.0", std::slice::from_ref(&there))
        .await;
    let mut options = world.options();
    options.platforms = vec![there];
    let before = snapshot(&world.conf());
    let error = world
        .install_with(Default::default(), &options)
        .await
        .unwrap_err();
    assert!(
        matches!(error, InstallError::LockMismatch { .. }),
        "{error}"
    );
    let after = snapshot(&world.conf());
    assert_eq!(
        after
            .iter()
            .filter(|(name, _)| !name.starts_with(".terraform/.tofu-oci"))
            .count(),
        before.len()
    );
}

#[tokio::test]
async fn locked_changes_nothing_and_says_what_is_missing() {
    let world = world().await;
    let report = world
        .install_with(Default::default(), &with(&world, LockMode::Locked))
        .await
        .unwrap();
    assert_eq!(report.lock, LockChange::Unchanged);
    std::fs::remove_file(world.conf().join(".terraform.lock.hcl")).unwrap();
    let error = world
        .install_with(Default::default(), &with(&world, LockMode::Locked))
        .await
        .unwrap_err();
    let InstallError::LockIncomplete { missing, unneeded } = error else {
        panic!("{error}")
    };
    assert_eq!((missing.len(), unneeded.len()), (1, 0));
}

#[tokio::test]
async fn a_provider_that_is_not_needed_leaves_the_lock_file() {
    let world = world().await;
    world.write("main.tf", "");
    let error = world
        .install_with(Default::default(), &with(&world, LockMode::Locked))
        .await
        .unwrap_err();
    assert!(
        matches!(error, InstallError::LockIncomplete { .. }),
        "{error}"
    );
    let told = error.to_string();
    assert!(
        told.contains("configuration: it has, without need, "),
        "{told}"
    );
    world.install().await.unwrap();
    assert!(!world.read(".terraform.lock.hcl").contains("provider"));
}

#[tokio::test]
async fn an_entry_with_h1_alone_is_checked_by_content_and_completed() {
    let world = world().await;
    let lock = world.read(".terraform.lock.hcl");
    let h1_only: String = lock
        .lines()
        .filter(|line| !line.contains("zh:"))
        .map(|l| format!("{l}\n"))
        .collect();
    world.write(".terraform.lock.hcl", &h1_only);
    std::fs::remove_dir_all(world.conf().join(".terraform")).unwrap();
    world.install().await.unwrap();
    assert_eq!(world.read(".terraform.lock.hcl"), lock);
    assert!(
        world
            .warnings()
            .iter()
            .any(|w| matches!(w, Warning::ZipHashAdded { .. }))
    );
    let wrong = h1_only.replace("h1:", "h1:AAAA");
    world.write(".terraform.lock.hcl", &wrong);
    std::fs::remove_dir_all(world.conf().join(".terraform")).unwrap();
    assert!(world.install().await.is_err());
    assert!(!world.conf().join(".terraform/providers").exists());
}

#[tokio::test]
async fn a_lock_that_the_configuration_left_behind_is_named() {
    let world = world().await;
    world.write("main.tf", &DEMO.replace(">= 1.0.0", ">= 1.1.0"));
    let error = world.install().await.unwrap_err();
    assert!(
        matches!(error, InstallError::LockedVersion { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("1.0.0"), "{error}");
}

#[tokio::test]
async fn terraforms_header_stays_terraforms() {
    let world = world().await;
    let lock = world
        .read(".terraform.lock.hcl")
        .replace("tofu init", "terraform init");
    world.write(".terraform.lock.hcl", &lock);
    world
        .install_with(Default::default(), &with(&world, LockMode::Upgrade))
        .await
        .unwrap();
    assert!(
        world
            .read(".terraform.lock.hcl")
            .starts_with("# This file is maintained automatically by \"terraform init\".\n")
    );
}

#[tokio::test]
async fn a_broken_lock_file_stops_before_anything_else() {
    let world = world().await;
    let lock = world
        .read(".terraform.lock.hcl")
        .replace("version     = \"1.0.0\"", "version     = \"1.0\"");
    world.write(".terraform.lock.hcl", &lock);
    let error = world.install().await.unwrap_err();
    assert!(matches!(error, InstallError::LockFile { .. }), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_linked_lock_file_counts() {
    let world = world().await;
    let lock = world.conf().join(".terraform.lock.hcl");
    let elsewhere = world.dir.path().join("shared.lock.hcl");
    std::fs::rename(&lock, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &lock).unwrap();
    let report = world
        .install_with(Default::default(), &with(&world, LockMode::Locked))
        .await
        .unwrap();
    assert_eq!(report.lock, LockChange::Unchanged);
}

#[tokio::test]
async fn what_another_run_locks_while_this_one_waits_counts() {
    let world = world().await;
    let text = world.read(".terraform.lock.hcl");
    let path = world.conf().join(".terraform.lock.hcl");
    std::fs::remove_file(&path).unwrap();
    // Another run has its turn until this one asks for its own.
    let files = Files::observed(Arc::new(Finish {
        lock: world.conf().join(".terraform/.tofu-oci/lock"),
        path,
        text: text.clone(),
    }));
    let report = world.install_with(files, &world.options()).await.unwrap();
    assert_eq!(report.providers[0].version.to_string(), "1.0.0");
    assert_eq!(world.read(".terraform.lock.hcl"), text);
}

/// Writes a file when a lock is asked for.
struct Finish {
    lock: std::path::PathBuf,
    path: std::path::PathBuf,
    text: String,
}

impl FileObserver for Finish {
    fn before(&self, op: &FileOp<'_>) -> Verdict {
        if *op == FileOp::Lock(&self.lock) {
            std::fs::write(&self.path, &self.text).unwrap();
        }
        Verdict::Proceed
    }
}

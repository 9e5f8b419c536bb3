//! A process that is killed at any of its writes leaves the old state or the new one.

use std::sync::Arc;

use tofu_oci::install::{LockChange, LockMode, ModuleLockUse, PackageAction};
use tofu_oci::store::files::Files;
use tofu_oci::store::files::faults::{FailAt, KillAt};
use tofu_oci::types::tofu::Platform;

use crate::support::{World, snapshot};

const CONFIGURATION: &str = r#"
terraform {
  required_providers {
    a = { source = "registry.example.com/acme/a" }
    b = { source = "registry.example.com/acme/b" }
  }
}
module "m" {
  source = "oci://oci.example.com/m"
}
"#;

async fn publish(world: &World, version: &str) {
    let here = [Platform::current()];
    world.provider("acme/a", version, &here).await;
    world.provider("acme/b", version, &here).await;
    world
        .module("m", "latest", &[("main.tf", &format!("# {version}\n"))])
        .await;
}

/// What a user has: everything but the staging place, and files that were never finished.
fn state(world: &World) -> Vec<(String, Vec<u8>)> {
    let mut files = snapshot(&world.conf());
    files.retain(|(name, _)| !name.starts_with(".terraform/.tofu-oci") && !name.ends_with(".tmp"));
    files
}

/// The files below `prefix`.
fn part<'a>(state: &'a [(String, Vec<u8>)], prefix: &str) -> Vec<&'a (String, Vec<u8>)> {
    state
        .iter()
        .filter(|(name, _)| name.starts_with(prefix))
        .collect()
}

#[tokio::test]
async fn killed_at_any_operation() {
    let here = Platform::current();
    for n in 0..10_000 {
        let world = World::new(CONFIGURATION);
        publish(&world, "1.0.0").await;
        let mut options = world.options();
        options.module_lock = ModuleLockUse::Create;
        world
            .install_with(Files::default(), &options)
            .await
            .unwrap();
        let old = state(&world);
        publish(&world, "1.1.0").await;

        options.lock = LockMode::Upgrade;
        let kill = Arc::new(KillAt::new(n));
        let result = world
            .install_with(Files::observed(kill.clone()), &options)
            .await;
        let left = state(&world);
        if !kill.reached() {
            result.unwrap();
            assert!(n > 20, "the run has few operations: {n}");
            return;
        }
        // The next run completes the work, whatever was left.
        world
            .install_with(Files::default(), &options)
            .await
            .unwrap();
        let new = state(&world);
        for unit in [
            ".terraform.lock.hcl".to_owned(),
            ".terraform.modules.lock.json".to_owned(),
            ".terraform/modules/modules.json".to_owned(),
            ".terraform/modules/m/".to_owned(),
            format!(".terraform/providers/registry.example.com/acme/a/1.1.0/{here}/"),
            format!(".terraform/providers/registry.example.com/acme/b/1.1.0/{here}/"),
            format!(".terraform/providers/registry.example.com/acme/a/1.0.0/{here}/"),
        ] {
            let found = part(&left, &unit);
            let names = |parts: &[&(String, Vec<u8>)]| -> Vec<String> {
                parts
                    .iter()
                    .map(|(name, bytes)| format!("{name}: {}", bytes.len()))
                    .collect()
            };
            assert!(
                found == part(&old, &unit) || found == part(&new, &unit),
                "killed at {n}, {unit} is neither old nor new: {:?}",
                names(&found)
            );
        }
        let locked = String::from_utf8(part(&left, ".terraform.lock.hcl")[0].1.clone()).unwrap();
        if locked.contains("1.1.0") {
            assert_eq!(left, new, "killed at {n}: the lock file is written last");
        }
    }
    panic!("the run never ended");
}

#[tokio::test]
async fn a_full_disk_is_an_error_and_loses_nothing() {
    for n in 0..10_000 {
        let world = World::new(CONFIGURATION);
        publish(&world, "1.0.0").await;
        let fail = Arc::new(FailAt::new(n, std::io::ErrorKind::StorageFull));
        let result = world
            .install_with(Files::observed(fail.clone()), &world.options())
            .await;
        if !fail.reached() {
            result.unwrap();
            return;
        }
        // The lock file is written last: where it is there, only its directory was not synced.
        let locked = world.conf().join(".terraform.lock.hcl").exists();
        let again = world.install().await.unwrap();
        if result.is_err() && locked {
            assert_eq!(again.lock, LockChange::Unchanged, "failed at {n}");
            let mut providers = again.providers.iter();
            assert!(
                providers.all(|provider| provider.action == PackageAction::Kept),
                "failed at {n}"
            );
        }
    }
    panic!("the run never ended");
}

/// The plugin cache is nobody's alone: what is in it is whole wherever one of its users was killed.
#[cfg(unix)]
#[tokio::test]
async fn killed_while_the_plugin_cache_is_filled() {
    let here = Platform::current();
    let package = format!("registry.example.com/acme/a/1.0.0/{here}");
    for n in 0..10_000 {
        let world = World::new(
            "terraform {\n  required_providers {\n    a = { source = \"registry.example.com/acme/a\" }\n  }\n}\n",
        );
        world
            .provider("acme/a", "1.0.0", std::slice::from_ref(&here))
            .await;
        let cache = world.dir.path().join("plugins");
        std::fs::create_dir(&cache).unwrap();
        let mut options = world.options();
        options.plugin_cache = Some(cache.clone());
        let kill = Arc::new(KillAt::new(n));
        let result = world
            .install_with(Files::observed(kill.clone()), &options)
            .await;
        let left = snapshot(&cache.join(&package));
        let place = world.conf().join(".terraform/providers").join(&package);
        if let Ok(target) = std::fs::read_link(&place) {
            assert_eq!(target, cache.join(&package), "killed at {n}");
            assert!(!left.is_empty(), "killed at {n}: the link leads nowhere");
        }
        if !kill.reached() {
            result.unwrap();
            assert!(n > 20, "the run has few operations: {n}");
            return;
        }
        // Whoever comes next gets past what was left, and leaves nothing beside the package.
        world
            .install_with(Files::default(), &options)
            .await
            .unwrap();
        let whole = snapshot(&cache.join(&package));
        assert!(left.is_empty() || left == whole, "killed at {n}");
        let names: Vec<String> = snapshot(&cache).into_iter().map(|(name, _)| name).collect();
        assert!(
            names.iter().all(|name| name.starts_with(&package)),
            "killed at {n}: {names:?}"
        );
    }
    panic!("the run never ended");
}

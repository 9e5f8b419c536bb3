//! `install` and `install --upgrade`, without a cache and with one.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use tofu_oci::Progress;
use tofu_oci::cache::{CacheOptions, PackageCache, Verdict};
use tofu_oci::install::{InstallOptions, Installer, LockMode, ModuleHosts, WarmInstaller};
use tofu_oci::source::{Connect, OciMirror};
use tofu_oci::store::Files;
use tofu_oci::types::tofu::Platform;

use crate::operation::{Means, Operation, told};
use crate::world::World;

/// Into a configuration that has nothing yet.
pub(crate) struct First;

/// The same, and into the package cache.
pub(crate) struct Cached;

/// What is locked and in the package cache, whose stamps are those of other files: of a cache that was restored.
pub(crate) struct Restored;

/// A newer provider and a newer module in the place of old ones.
pub(crate) struct Upgrade;

const CONFIGURATION: &str = r#"
terraform {
  required_providers {
    demo = { source = "registry.example.com/acme/demo" }
  }
}
module "label" {
  source = "oci://oci.example.com/modules/label"
  name   = "x"
}
"#;

/// Where the package of a version lies.
fn package(version: &str) -> String {
    let platform = Platform::current();
    format!("conf/.terraform/providers/registry.example.com/acme/demo/{version}/{platform}/")
}

fn units() -> Vec<String> {
    vec![
        "conf/.terraform.lock.hcl".to_owned(),
        "conf/.terraform/modules/modules.json".to_owned(),
        "conf/.terraform/modules/label/".to_owned(),
        package("1.0.0"),
        package("1.1.0"),
        "conf/main.tf".to_owned(),
    ]
}

async fn prepare(world: &World) {
    std::fs::write(world.path("conf/main.tf"), CONFIGURATION).unwrap();
    world.publish("registry", "1.0.0").await;
    // Modules come from a directory in both cases.
    world.publish_module("source", "1.0.0").await;
}

/// The cache of a world.
fn cache(world: &World, files: &Files) -> Arc<PackageCache> {
    let options = CacheOptions {
        dir: world.path("cache"),
        state: Some(world.path("state")),
        now: SystemTime::now(),
    };
    Arc::new(PackageCache::open(files, options, Progress::default()))
}

async fn install(
    world: &World,
    means: &Means,
    lock: LockMode,
    cache: Option<Arc<PackageCache>>,
) -> Result<(), String> {
    let options = InstallOptions {
        lock,
        jobs: NonZeroUsize::MIN,
        ..InstallOptions::new(world.path("conf"))
    };
    let warm = WarmInstaller {
        files: means.files.clone(),
        cache: cache.clone(),
        progress: Progress::default(),
    };
    // Whoever wants the same packages waits as long as this is held.
    let _turn = match warm.install(&options) {
        Ok(_) => return Ok(()),
        Err(cold) => cold,
    };
    let template = means.address(world, "{namespace}/{type}").parse().unwrap();
    let mut module_hosts = ModuleHosts::default();
    module_hosts.map("oci.example.com".parse().unwrap(), world.path("source"));
    let installer = Installer {
        source: Arc::new(OciMirror::new(template, means.connect.clone())),
        connect: means.connect.clone(),
        files: means.files.clone(),
        module_hosts,
        cache,
        progress: Progress::default(),
    };
    installer
        .install(&options)
        .await
        .map(drop)
        .map_err(|error| told(&error))
}

/// What the cache may have: whole, or not at all.
fn cached() -> [String; 2] {
    [
        "cache/v1/packages/".to_owned(),
        "cache/v1/releases/".to_owned(),
    ]
}

/// No package of the cache is another than it says.
fn check_cache(world: &World) {
    let verified = cache(world, &Files::new()).verify().unwrap();
    let sound = |verdict: &Verdict| matches!(verdict, Verdict::Sound | Verdict::Unproven);
    let bad = verified.iter().find(|entry| !sound(&entry.verdict));
    assert_eq!(bad, None, "the cache has a package that is not what it was");
}

/// Whoever has a lock file has what it names.
fn check(world: &World, version: &str) {
    let lock = std::fs::read_to_string(world.path("conf/.terraform.lock.hcl")).unwrap();
    assert!(lock.contains(&format!("version = \"{version}\"")), "{lock}");
    let binary = format!("{}terraform-provider-demo_v{version}", package(version));
    assert!(world.path(&binary).exists());
}

#[async_trait(?Send)]
impl Operation for First {
    fn name(&self) -> &'static str {
        "install"
    }

    async fn prepare(&self, world: &World) {
        prepare(world).await;
    }

    async fn run(&self, world: &World, means: &Means) -> Result<(), String> {
        install(world, means, LockMode::Update, None).await
    }

    fn units(&self) -> Vec<String> {
        units()
    }

    fn check(&self, world: &World) {
        check(world, "1.0.0");
    }
}

#[async_trait(?Send)]
impl Operation for Cached {
    fn name(&self) -> &'static str {
        "install with a cache"
    }

    async fn prepare(&self, world: &World) {
        prepare(world).await;
    }

    async fn run(&self, world: &World, means: &Means) -> Result<(), String> {
        let cache = cache(world, &means.files);
        install(world, means, LockMode::Update, Some(cache)).await
    }

    fn units(&self) -> Vec<String> {
        units().into_iter().chain(cached()).collect()
    }

    fn check(&self, world: &World) {
        check(world, "1.0.0");
        check_cache(world);
    }
}

#[async_trait(?Send)]
impl Operation for Restored {
    fn name(&self) -> &'static str {
        "install from a cache"
    }

    async fn prepare(&self, world: &World) {
        Cached.prepare(world).await;
        let files = Files::new();
        let means = Means {
            connect: Connect::new(files.clone()),
            files,
            host: None,
        };
        Cached.run(world, &means).await.unwrap();
        std::fs::remove_dir_all(world.path("conf/.terraform")).unwrap();
    }

    async fn run(&self, world: &World, means: &Means) -> Result<(), String> {
        Cached.run(world, means).await
    }

    fn units(&self) -> Vec<String> {
        Cached.units()
    }

    fn check(&self, world: &World) {
        Cached.check(world);
    }
}

#[async_trait(?Send)]
impl Operation for Upgrade {
    fn name(&self) -> &'static str {
        "install --upgrade"
    }

    async fn prepare(&self, world: &World) {
        prepare(world).await;
        let files = Files::new();
        let means = Means {
            connect: Connect::new(files.clone()),
            files,
            host: None,
        };
        install(world, &means, LockMode::Update, None)
            .await
            .unwrap();
        world.publish("registry", "1.1.0").await;
        world.edit_module();
        world.publish_module("source", "1.1.0").await;
    }

    async fn run(&self, world: &World, means: &Means) -> Result<(), String> {
        install(world, means, LockMode::Upgrade, None).await
    }

    fn units(&self) -> Vec<String> {
        units()
    }

    fn check(&self, world: &World) {
        check(world, "1.1.0");
    }
}

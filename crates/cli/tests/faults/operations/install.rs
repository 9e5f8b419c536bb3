//! `install` and `install --upgrade`.

use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use tofu_oci::Progress;
use tofu_oci::install::{InstallOptions, Installer, LockMode, ModuleHosts};
use tofu_oci::source::{Connect, OciMirror};
use tofu_oci::store::Files;
use tofu_oci::types::tofu::Platform;

use crate::operation::{Means, Operation, told};
use crate::world::World;

/// Into a configuration that has nothing yet.
pub(crate) struct First;

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

async fn install(world: &World, means: &Means, lock: LockMode) -> Result<(), String> {
    let options = InstallOptions {
        lock,
        jobs: NonZeroUsize::MIN,
        ..InstallOptions::new(world.path("conf"))
    };
    let template = means.address(world, "{namespace}/{type}").parse().unwrap();
    let mut module_hosts = ModuleHosts::default();
    module_hosts.map("oci.example.com".parse().unwrap(), world.path("source"));
    let installer = Installer {
        source: Arc::new(OciMirror::new(template, means.connect.clone())),
        connect: means.connect.clone(),
        files: means.files.clone(),
        module_hosts,
        progress: Progress::default(),
    };
    installer
        .install(&options)
        .await
        .map(drop)
        .map_err(|error| told(&error))
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
        install(world, means, LockMode::Update).await
    }

    fn units(&self) -> Vec<String> {
        units()
    }

    fn check(&self, world: &World) {
        check(world, "1.0.0");
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
        install(world, &means, LockMode::Update).await.unwrap();
        world.publish("registry", "1.1.0").await;
        world.edit_module();
        world.publish_module("source", "1.1.0").await;
    }

    async fn run(&self, world: &World, means: &Means) -> Result<(), String> {
        install(world, means, LockMode::Upgrade).await
    }

    fn units(&self) -> Vec<String> {
        units()
    }

    fn check(&self, world: &World) {
        check(world, "1.1.0");
    }
}

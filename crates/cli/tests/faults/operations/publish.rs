//! `publish provider` and `publish module`.

use async_trait::async_trait;
use std::num::NonZeroUsize;

use tofu_oci::publish::{ModuleOptions, ProviderOptions, Publisher};

use crate::operation::{Means, Operation, told};
use crate::world::World;

/// The first release that a registry gets.
pub(crate) struct First;

/// A release beside another.
pub(crate) struct Next;

/// A version of a module, which becomes the latest.
pub(crate) struct Module;

fn publisher(means: &Means) -> Publisher {
    Publisher {
        connect: means.connect.clone(),
        ..crate::world::publisher(&means.files)
    }
}

async fn provider(world: &World, means: &Means, version: &str) -> Result<(), String> {
    let options = ProviderOptions {
        jobs: Some(NonZeroUsize::MIN),
        ..ProviderOptions::default()
    };
    let dist = [world.path(&format!("dist-{version}"))];
    let address = means.address(world, "acme/demo").parse().unwrap();
    publisher(means)
        .provider(&dist, &address, &options)
        .await
        .map(drop)
        .map_err(|error| told(&error))
}

#[async_trait(?Send)]
impl Operation for First {
    fn name(&self) -> &'static str {
        "publish provider, the first release"
    }

    async fn prepare(&self, _: &World) {}

    async fn run(&self, world: &World, means: &Means) -> Result<(), String> {
        provider(world, means, "1.0.0").await
    }
}

#[async_trait(?Send)]
impl Operation for Next {
    fn name(&self) -> &'static str {
        "publish provider, the next release"
    }

    async fn prepare(&self, world: &World) {
        world.publish("registry", "1.0.0").await;
    }

    async fn run(&self, world: &World, means: &Means) -> Result<(), String> {
        provider(world, means, "1.1.0").await
    }
}

#[async_trait(?Send)]
impl Operation for Module {
    fn name(&self) -> &'static str {
        "publish module"
    }

    async fn prepare(&self, world: &World) {
        world.publish_module("registry", "1.0.0").await;
        world.edit_module();
    }

    async fn run(&self, world: &World, means: &Means) -> Result<(), String> {
        let options = ModuleOptions::new(world.path("scratch"));
        let address = means.address(world, "modules/label:1.1.0").parse().unwrap();
        let report = publisher(means)
            .module(&world.path("label"), &address, &options)
            .await;
        let report = report.map_err(|error| told(&error))?;
        match report.latest {
            // That is a warning, which says to run it again.
            tofu_oci::publish::LatestChange::Failed => {
                Err("the tag latest did not move".to_owned())
            }
            _ => Ok(()),
        }
    }
}

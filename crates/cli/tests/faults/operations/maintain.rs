//! `gc` and `delete`.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tofu_oci::maintain::{DeleteOptions, Maintainer, Versions};
use tofu_oci::source::Connect;
use tofu_oci::store::Files;
use tofu_oci::store::layout::GcOptions;

use crate::operation::{Means, Operation, Through, told};
use crate::world::World;

/// A sweep of a directory with garbage.
pub(crate) struct Gc;

/// The removal of a version.
pub(crate) struct Delete;

fn maintainer(means: &Means) -> Maintainer {
    Maintainer {
        files: means.files.clone(),
        connect: means.connect.clone(),
    }
}

async fn delete(world: &World, means: &Means) -> Result<(), String> {
    let options = DeleteOptions {
        versions: Versions::Delete,
        ..DeleteOptions::default()
    };
    let address = means.address(world, "acme/demo:1.0.0").parse().unwrap();
    match maintainer(means).delete(&address, &options).await {
        // The run before may have come so far.
        Err(error) if told(&error).contains("no tag") => Ok(()),
        other => other.map(drop).map_err(|error| told(&error)),
    }
}

#[async_trait(?Send)]
impl Operation for Gc {
    fn name(&self) -> &'static str {
        "gc"
    }

    fn through(&self) -> &'static [Through] {
        &[Through::Directory]
    }

    async fn prepare(&self, world: &World) {
        world.publish("registry", "1.0.0").await;
        world.publish("registry", "1.1.0").await;
        let files = Files::new();
        let means = Means {
            connect: Connect::new(files.clone()),
            files,
            host: None,
        };
        delete(world, &means).await.unwrap();
        let blobs = world.registry().join("acme/demo/blobs/sha256");
        std::fs::write(blobs.join(".0123.tmp"), "half").unwrap();
        std::fs::create_dir_all(world.registry().join(".tofu-oci/uploads")).unwrap();
    }

    async fn run(&self, world: &World, means: &Means) -> Result<(), String> {
        let options = GcOptions {
            grace: Duration::ZERO,
            untagged: Some(Duration::ZERO),
            ..GcOptions::at(SystemTime::now() + Duration::from_secs(5))
        };
        let report = maintainer(means)
            .gc(&world.registry(), &options)
            .await
            .map_err(|error| told(&error))?;
        match report
            .repositories
            .iter()
            .find_map(|found| found.problem.as_ref())
        {
            Some(problem) => Err(told(problem)),
            None => Ok(()),
        }
    }
}

#[async_trait(?Send)]
impl Operation for Delete {
    fn name(&self) -> &'static str {
        "delete"
    }

    fn through(&self) -> &'static [Through] {
        &[Through::Directory]
    }

    async fn prepare(&self, world: &World) {
        world.publish("registry", "1.0.0").await;
        world.publish("registry", "1.1.0").await;
    }

    async fn run(&self, world: &World, means: &Means) -> Result<(), String> {
        delete(world, means).await
    }
}

//! `pull`.

use std::num::NonZeroUsize;

use async_trait::async_trait;
use tofu_oci::Progress;
use tofu_oci::inspect::{ExistingFile, Inspector, PullOptions};

use crate::operation::{Means, Operation, told};
use crate::world::World;

/// A release as files, beside and in the place of others.
pub(crate) struct Release;

#[async_trait(?Send)]
impl Operation for Release {
    fn name(&self) -> &'static str {
        "pull --force"
    }

    async fn prepare(&self, world: &World) {
        world.publish("registry", "1.0.0").await;
        std::fs::create_dir(world.path("out")).unwrap();
        std::fs::write(
            world.path("out/terraform-provider-demo_1.0.0_SHA256SUMS"),
            "old\n",
        )
        .unwrap();
    }

    async fn run(&self, world: &World, means: &Means) -> Result<(), String> {
        let options = PullOptions {
            existing: ExistingFile::Replace,
            jobs: Some(NonZeroUsize::MIN),
            ..PullOptions::default()
        };
        let inspector = Inspector {
            files: means.files.clone(),
            connect: means.connect.clone(),
            progress: Progress::default(),
        };
        let address = means.address(world, "acme/demo:1.0.0").parse().unwrap();
        let report = inspector.pull(&address, &world.path("out"), &options).await;
        report.map(drop).map_err(|error| told(&error))
    }

    fn units(&self) -> Vec<String> {
        let platform = tofu_oci::types::tofu::Platform::current();
        ["SHA256SUMS", "manifest.json", &format!("{platform}.zip")]
            .iter()
            .map(|end| format!("out/terraform-provider-demo_1.0.0_{end}"))
            .collect()
    }
}

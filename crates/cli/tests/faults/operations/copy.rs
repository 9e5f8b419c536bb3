//! `copy --all-tags`.

use std::num::NonZeroUsize;

use async_trait::async_trait;
use tofu_oci::Progress;
use tofu_oci::promote::{Extent, PromoteOptions, Promoter};

use crate::operation::{Means, Operation, told};
use crate::world::World;

/// All tags of a repository, with what refers to them, into another registry that has one of them.
pub(crate) struct Everything;

#[async_trait(?Send)]
impl Operation for Everything {
    fn name(&self) -> &'static str {
        "copy --all-tags"
    }

    async fn prepare(&self, world: &World) {
        world.publish("source", "1.0.0").await;
        world.publish("source", "1.1.0").await;
        world.publish("registry", "1.0.0").await;
    }

    async fn run(&self, world: &World, means: &Means) -> Result<(), String> {
        let options = PromoteOptions {
            extent: Extent::AllTags,
            jobs: Some(NonZeroUsize::MIN),
            ..PromoteOptions::default()
        };
        let source = format!("dir:{}//acme/demo", world.path("source").display());
        let target = means.address(world, "acme/demo").parse().unwrap();
        let promoter = Promoter {
            connect: means.connect.clone(),
            progress: Progress::default(),
        };
        let report = promoter
            .promote(&source.parse().unwrap(), &target, &options)
            .await;
        report.map(drop).map_err(|error| told(&error))
    }
}

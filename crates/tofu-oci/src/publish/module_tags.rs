//! The tags of a module: its version, and `latest`.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use bytes::Bytes;
use tofu_oci_store::{Blob, CopyError, CopyReport, StagedRepository, StoreError, TagRule};
use tofu_oci_types::oci::{Descriptor, Manifest, Tag};

use super::destination::{Destination, Staging};
use super::module::ModulePlan;
use super::{Latest, LatestChange, ModuleOptions, PublishError, Publisher, version_tag};
use crate::Warning;

/// How often `latest` is looked up again when somebody else moved it meanwhile.
const LATEST_ATTEMPTS: usize = 3;

impl Publisher {
    /// Gives the version's tag, and `latest` where it follows. Somebody else may move `latest`
    /// meanwhile: then it is looked up again, and at last left alone with a warning.
    pub(super) async fn give_tags(
        &self,
        plan: &ModulePlan,
        (root, rule): (&Manifest, TagRule),
        to: &Destination,
        options: &ModuleOptions,
    ) -> Result<(Option<CopyReport>, LatestChange), PublishError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (mut change, latest) = self.latest(plan, root, to, options).await?;
            let mut tags = vec![(plan.tag.clone(), rule.clone())];
            if attempt > LATEST_ATTEMPTS && change == LatestChange::Moved {
                change = LatestChange::Failed;
                self.progress.warn(Warning::LatestTag {
                    reason: "others keep moving it".to_owned(),
                });
            } else {
                tags.extend(latest);
            }
            match to.complete(stage(root), tags).await {
                Ok(copied) => return Ok((copied, change)),
                Err(error) if change == LatestChange::Moved && is_about_latest(&error) => {}
                Err(error) => return Err(to.explain(error, &plan.tag, root.digest())),
            }
        }
    }

    /// What is to happen to `latest`.
    async fn latest(
        &self,
        plan: &ModulePlan,
        root: &Manifest,
        to: &Destination,
        options: &ModuleOptions,
    ) -> Result<(LatestChange, Option<(Tag, TagRule)>), PublishError> {
        if options.latest == Latest::Leave {
            return Ok((LatestChange::Left, None));
        }
        let current = to.head(&Tag::latest()).await?;
        let is = current.as_ref().is_some_and(|c| c.digest == *root.digest());
        if is {
            return Ok((LatestChange::Unchanged, None));
        }
        if !version_tag::is_newest(&plan.version, &to.versions().await?) {
            return Ok((LatestChange::NotNewest, None));
        }
        let rule = match current {
            Some(current) => TagRule::Move {
                from: current.digest,
            },
            None => TagRule::Create,
        };
        Ok((LatestChange::Moved, Some((Tag::latest(), rule))))
    }
}

fn is_about_latest(error: &CopyError) -> bool {
    let cause = match error {
        CopyError::Refused(cause) => cause,
        CopyError::Manifests { source, .. } => source,
        _ => return false,
    };
    matches!(&**cause, StoreError::TagExists { tag, .. } | StoreError::TagMoved { tag, .. }
        if *tag == Tag::latest())
}

pub(super) fn stage(root: &Manifest) -> Staging {
    let mut staged = StagedRepository::new();
    staged.add_blob(&Descriptor::empty(), Blob::Bytes(Bytes::from_static(b"{}")));
    staged.add_manifest(root.clone());
    let layers = root.as_image().map_or(&[][..], |image| &image.layers);
    let present: HashSet<_> = layers.iter().map(|layer| layer.digest.clone()).collect();
    Staging {
        staged,
        root: root.clone(),
        present,
        jobs: NonZeroUsize::MIN,
    }
}

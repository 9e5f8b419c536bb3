//! The tags of a module: its version, and `latest`.
//!
//! A directory takes both at once, under its lock. A registry has no lock: there the version comes first, and whatever
//! becomes of `latest`, the version is published.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use bytes::Bytes;
use tofu_oci_store::remote::RemoteError;
use tofu_oci_store::{
    Blob, CopyError, CopyReport, PutManifest, Referrers, StagedRepository, StoreError, TagRule,
};
use tofu_oci_types::oci::{Descriptor, Manifest, Tag};
use tofu_oci_types::tofu::Version;

use super::destination::{Destination, Staging};
use super::module::ModulePlan;
use super::{Latest, LatestChange, ModuleOptions, PublishError, Publisher, version_tag};
use crate::Warning;

/// How often `latest` is looked up again when somebody else moved it meanwhile.
const LATEST_ATTEMPTS: usize = 3;
/// Why it is left alone then.
const OTHERS: &str = "others keep moving it";

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
        if to.is_registry() {
            let tags = vec![(plan.tag.clone(), rule)];
            let copied = to.complete(stage(root), tags).await;
            let copied = copied.map_err(|error| to.explain(error, &plan.tag, root.digest()))?;
            return Ok((copied, self.give_latest(plan, root, to, options).await?));
        }
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (mut change, latest) = self.latest(plan, root, to, options).await?;
            let mut tags = vec![(plan.tag.clone(), rule.clone())];
            if attempt > LATEST_ATTEMPTS && change == LatestChange::Moved {
                change = LatestChange::Failed;
                self.warn_of_latest(OTHERS);
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

    /// Gives `latest` of a registry, where it follows, and looks whether a newer version came meanwhile.
    async fn give_latest(
        &self,
        plan: &ModulePlan,
        root: &Manifest,
        to: &Destination,
        options: &ModuleOptions,
    ) -> Result<LatestChange, PublishError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (change, latest) = self.latest(plan, root, to, options).await?;
            let (Some(latest), Some(_)) = (latest, to.writer()) else {
                return Ok(change);
            };
            match to.complete(stage(root), vec![latest]).await {
                Ok(_) => {
                    let versions = to.versions().await?;
                    return match version_tag::is_newest(&plan.version, &versions) {
                        true => Ok(LatestChange::Moved),
                        false => self.hand_latest_on(root, to, &versions).await,
                    };
                }
                Err(error) if is_about_latest(&error) && attempt <= LATEST_ATTEMPTS => {}
                Err(error) if is_about_latest(&error) => {
                    self.warn_of_latest(OTHERS);
                    return Ok(LatestChange::Failed);
                }
                Err(error) => {
                    let Some(refusal) = refusal(&error) else {
                        return Err(to.explain(error, &plan.tag, root.digest()));
                    };
                    self.warn_of_latest(&refusal.to_string());
                    return Ok(LatestChange::Failed);
                }
            }
        }
    }

    /// Gives `latest`, which we took from it, to the newest version.
    async fn hand_latest_on(
        &self,
        ours: &Manifest,
        to: &Destination,
        versions: &[Version],
    ) -> Result<LatestChange, PublishError> {
        let stable = versions.iter().filter(|version| !version.is_prerelease());
        let newest = stable.max_by(|a, b| a.precedence_cmp(b));
        let tag = newest.and_then(|newest| newest.to_tag().ok());
        let (Some(tag), Some(writer)) = (tag, to.writer()) else {
            return Ok(LatestChange::NotNewest);
        };
        let manifest = writer.manifest(&tag.into()).await;
        let manifest = manifest.map_err(|error| to.failed(error))?;
        let from = ours.digest().clone();
        let tags = vec![(Tag::latest(), TagRule::Move { from })];
        match writer
            .put_manifests(&[PutManifest { manifest, tags }])
            .await
        {
            // Whoever moved it meanwhile saw the newer version, too.
            Ok(_) | Err(StoreError::TagMoved { .. }) => Ok(LatestChange::NotNewest),
            Err(error) => Err(to.failed(error)),
        }
    }

    fn warn_of_latest(&self, reason: &str) {
        let reason = reason.to_owned();
        self.progress.warn(Warning::LatestTag { reason });
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

/// What the registry says where it does not take a tag. Everything else was taken.
fn refusal(error: &CopyError) -> Option<&RemoteError> {
    let CopyError::Manifests { source, .. } = error else {
        return None;
    };
    match &**source {
        StoreError::Remote(error) => match &**error {
            RemoteError::Refused { .. }
            | RemoteError::Denied { .. }
            | RemoteError::Unsupported { .. } => Some(error),
            _ => None,
        },
        _ => None,
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
        referrers: Referrers::None,
        present,
        jobs: NonZeroUsize::MIN,
    }
}

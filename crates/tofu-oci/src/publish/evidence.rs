//! How a release keeps its evidence: which profile it is written under, and whether the registry has
//! kept what it took.
//!
//! ```text
//! profile given ──────────────────────────────┐
//! auto: remembered, else referrers ─ written ─┴─ stored without a tag ─ evidence listed? ─ tagged
//!                                      └── refused or not listed: inside the targets, and remembered
//! ```
//!
//! Only registries can refuse or lose evidence; a directory is written in one go.

use std::collections::HashSet;

use tofu_oci_store::remote::RemoteError;
use tofu_oci_store::{CopyError, CopyReport, PutManifest, StoreError, TagRule};
use tofu_oci_types::artifact::{AttachmentLayer, Profile, ProviderArtifact};
use tofu_oci_types::oci::{Address, Descriptor, Digest, Tag};

use super::beside::Beside;
use super::destination::Destination;
use super::profile_memory::ProfileMemory;
use super::provider::ProviderPlan;
use super::release_artifact::{Attached, Proven, attach, draft, stage};
use super::repair::Lost;
use super::{
    ProfileChoice, ProviderOptions, PublishError, PublishedAttachment, Publisher, blocking,
};
use crate::Warning;
use crate::warning::chain;

/// A release, written under one profile.
pub(super) struct Written<'a> {
    pub(super) profile: Profile,
    pub(super) artifact: ProviderArtifact,
    /// The evidence as referrers; none under another profile.
    pub(super) attached: Vec<Attached<'a>>,
    pub(super) beside: &'a Beside,
}

impl<'a> Written<'a> {
    fn new(
        plan: &'a ProviderPlan,
        proven: &[Proven],
        profile: Profile,
        options: &ProviderOptions,
    ) -> Result<Self, PublishError> {
        let artifact = ProviderArtifact::write(&draft(plan, proven, profile, options))?;
        let attached = match profile {
            Profile::Referrers => attach(&plan.beside, &artifact, proven, options.created),
            Profile::Embedded | Profile::Plain => Vec::new(),
        };
        Ok(Self {
            profile,
            artifact,
            attached,
            beside: &plan.beside,
        })
    }

    fn digest(&self) -> &Digest {
        self.artifact.index.digest()
    }

    /// What is kept beside the packages, as it was kept.
    pub(super) fn report(&self, copied: Option<&CopyReport>) -> Vec<PublishedAttachment> {
        let attached = self.attached.iter();
        let mut all: Vec<_> = attached.map(|attached| attached.report(copied)).collect();
        if self.profile != Profile::Embedded {
            return all;
        }
        for (platform, attachment) in &self.beside.attachments {
            let Some(first) = attachment.layers.first().map(AttachmentLayer::descriptor) else {
                continue;
            };
            let mut blobs = copied.into_iter().flat_map(|report| &report.blobs);
            let put = blobs.find(|(blob, _)| blob.digest == first.digest);
            let layers = attachment.layers.iter();
            all.push(PublishedAttachment {
                kind: attachment.kind,
                platform: platform.clone(),
                filenames: layers.map(|layer| layer.filename.clone()).collect(),
                digest: first.digest,
                put: put.map(|(_, put)| *put),
            });
        }
        all
    }

    /// How many bytes of evidence the destination lacks.
    pub(super) async fn to_send(&self, to: &Destination) -> Result<u64, PublishError> {
        let mut layers = Vec::new();
        match self.profile {
            Profile::Plain => {}
            Profile::Embedded => {
                let all = self.beside.attachments.iter();
                let all = all.flat_map(|(_, attachment)| &attachment.layers);
                for layer in all.map(AttachmentLayer::descriptor) {
                    if !to.has(&layer).await? {
                        layers.push(layer);
                    }
                }
            }
            Profile::Referrers => {
                for attached in &self.attached {
                    if !to.has(attached.manifest.descriptor()).await? {
                        let missing = attached.attachment.layers.iter();
                        layers.extend(missing.map(AttachmentLayer::descriptor));
                    }
                }
            }
        }
        Ok(layers.iter().map(|layer| layer.size).sum())
    }
}

impl Publisher {
    /// Writes the release under the profile that was chosen, or that the registry is known to need. A
    /// version that is there keeps the profile that it has.
    pub(super) async fn write<'a>(
        &self,
        plan: &'a ProviderPlan,
        proven: &[Proven],
        existing: Option<&Descriptor>,
        (to, options): (&Destination, &ProviderOptions),
    ) -> Result<Written<'a>, PublishError> {
        let profile = match options.profile {
            ProfileChoice::Given(profile) => profile,
            ProfileChoice::Auto => self.recall(to, options).await?.unwrap_or_default(),
        };
        let written = Written::new(plan, proven, profile, options)?;
        let other = existing.is_some_and(|existing| existing.digest != *written.digest());
        if options.profile == ProfileChoice::Auto && other {
            let profile = match profile {
                Profile::Embedded => Profile::Referrers,
                Profile::Referrers | Profile::Plain => Profile::Embedded,
            };
            let turned = Written::new(plan, proven, profile, options).ok();
            let same = |turned: &Written<'_>| {
                existing.is_some_and(|existing| existing.digest == *turned.digest())
            };
            if let Some(turned) = turned.filter(same) {
                return Ok(turned);
            }
        }
        Ok(written)
    }

    /// Stores a new version, its tag last. Where nobody insists on referrers, a registry that refuses or
    /// loses them gets the evidence inside the targets.
    pub(super) async fn store<'a>(
        &self,
        plan: &'a ProviderPlan,
        proven: &[Proven],
        (written, rule): (Written<'a>, TagRule),
        (to, options): (&Destination, &ProviderOptions),
    ) -> Result<(Written<'a>, Option<CopyReport>), PublishError> {
        let tag = (plan.tag.clone(), rule);
        let first = to.store(&written, proven, tag.clone(), options).await;
        let auto = options.profile == ProfileChoice::Auto && written.profile == Profile::Referrers;
        let error = match first {
            Ok(copied) => {
                if copied.is_some() && !written.attached.is_empty() {
                    self.remember(to, Profile::Referrers, options).await?;
                }
                return Ok((written, copied));
            }
            Err(error) => error,
        };
        let reason = match &error {
            PublishError::EvidenceRefused { source, .. } if auto => chain(source.as_ref()),
            PublishError::EvidenceLost { .. } if auto => {
                "it took it and does not list it".to_owned()
            }
            _ => return Err(error),
        };
        let place = to.place();
        self.progress
            .warn(Warning::EvidenceEmbedded { place, reason });
        let written = Written::new(plan, proven, Profile::Embedded, options)?;
        let copied = to.store(&written, proven, tag, options).await?;
        self.remember(to, Profile::Embedded, options).await?;
        Ok((written, copied))
    }

    async fn recall(
        &self,
        to: &Destination,
        options: &ProviderOptions,
    ) -> Result<Option<Profile>, PublishError> {
        let Some((memory, host)) = self.memory(to, options) else {
            return Ok(None);
        };
        let path = options.memory.clone().unwrap_or_default();
        blocking(&path, move || Ok(memory.recall(&host))).await
    }

    async fn remember(
        &self,
        to: &Destination,
        profile: Profile,
        options: &ProviderOptions,
    ) -> Result<(), PublishError> {
        let Some((memory, host)) = self.memory(to, options) else {
            return Ok(());
        };
        let path = options.memory.clone().unwrap_or_default();
        let keep = move || {
            memory.remember(&host, profile);
            Ok(())
        };
        blocking(&path, keep).await
    }

    /// What is kept about the registry. A directory needs no memory.
    fn memory(
        &self,
        to: &Destination,
        options: &ProviderOptions,
    ) -> Option<(ProfileMemory, String)> {
        let Address::Registry(reference) = &to.address else {
            return None;
        };
        let (path, now) = (options.memory.clone()?, options.now?);
        let memory = ProfileMemory::new(self.files.clone(), path, now);
        Some((memory, reference.host.to_string()))
    }
}

impl Destination {
    /// Stores a version that is complete, and gives it its tag when its evidence is there. `None` for a
    /// plan.
    async fn store(
        &self,
        written: &Written<'_>,
        proven: &[Proven],
        (tag, rule): (Tag, TagRule),
        options: &ProviderOptions,
    ) -> Result<Option<CopyReport>, PublishError> {
        let index = &written.artifact.index;
        let staging = stage(written, proven, options);
        let explained = |error| self.explain(error, &tag, index.digest());
        let Some(writer) = self.writer() else {
            return Ok(None);
        };
        if written.attached.is_empty() || !self.is_registry() {
            let copied = self.complete(staging, vec![(tag.clone(), rule)]).await;
            return copied.map_err(explained);
        }
        let copied = match self.complete(staging, Vec::new()).await {
            Ok(copied) => copied,
            // Where the index was taken, it is what follows it that was not.
            Err(CopyError::Manifests { source, .. })
                if is_refusal(&source) && self.has(index.descriptor()).await? =>
            {
                return Err(PublishError::EvidenceRefused {
                    place: self.place(),
                    source,
                });
            }
            Err(error) => return Err(explained(error)),
        };
        self.check_listed(&written.attached).await?;
        let tagged = [PutManifest::tagged(index.clone(), tag.clone(), rule)];
        let put = writer.put_manifests(&tagged).await;
        put.map_err(|source| {
            explained(CopyError::Manifests {
                place: writer.place().clone(),
                source: Box::new(source),
            })
        })?;
        Ok(copied)
    }

    /// Checks that the registry lists what it took.
    pub(super) async fn check_listed(&self, attached: &[Attached<'_>]) -> Result<(), PublishError> {
        let unlisted = self.unlisted(attached).await?;
        if unlisted.is_empty() {
            return Ok(());
        }
        let lost = attached.iter();
        let lost = lost.filter(|attached| unlisted.contains(attached.manifest.digest()));
        Err(PublishError::EvidenceLost {
            place: self.place(),
            lost: lost
                .map(|attached| (attached.attachment.kind, attached.manifest.digest().clone()))
                .collect(),
        })
    }

    /// The evidence that the registry does not list, whether or not it has it. A directory reckons its
    /// list from what it has.
    pub(super) async fn unlisted(
        &self,
        attached: &[Attached<'_>],
    ) -> Result<HashSet<Digest>, PublishError> {
        let mut unlisted: HashSet<Digest> = HashSet::new();
        let Some(reader) = self.reader().filter(|_| self.is_registry()) else {
            return Ok(unlisted);
        };
        let mut asked: HashSet<&Digest> = HashSet::new();
        for of in attached {
            unlisted.insert(of.manifest.digest().clone());
        }
        for of in attached {
            let Some(subject) = of.manifest.subject() else {
                continue;
            };
            if !asked.insert(&subject.digest) {
                continue;
            }
            let listed = reader.referrers(subject, None).await;
            for found in listed.map_err(|error| self.failed(error))? {
                unlisted.remove(&found.digest);
            }
        }
        Ok(unlisted)
    }

    /// Whether the registry lists evidence only where whoever stores it says so.
    pub(super) async fn lists_by_hand(
        &self,
        attached: &[Attached<'_>],
    ) -> Result<bool, PublishError> {
        match self.reader() {
            Some(reader) if !attached.is_empty() => {
                let finds = reader.finds_referrers().await;
                finds
                    .map(|finds| !finds)
                    .map_err(|error| self.failed(error))
            }
            _ => Ok(false),
        }
    }

    /// Adds to what is lost the evidence that is there and not listed: storing it again lists it.
    pub(super) async fn add_unlisted(
        &self,
        lost: &mut Lost,
        attached: &[Attached<'_>],
    ) -> Result<(), PublishError> {
        // What is missing altogether is stored, and listed then.
        let there = |digest: &Digest| !lost.manifests.contains(digest);
        let unlisted: Vec<Digest> = self
            .unlisted(attached)
            .await?
            .into_iter()
            .filter(there)
            .collect();
        lost.manifests.extend(unlisted);
        Ok(())
    }
}

/// Whether a registry said that it does not take something as it is, and will not later.
fn is_refusal(error: &StoreError) -> bool {
    let StoreError::Remote(error) = error else {
        return false;
    };
    // A list of referrers that does not keep what is written to it is told as a malformed answer.
    matches!(
        error.as_ref(),
        RemoteError::Refused { .. }
            | RemoteError::Unsupported { .. }
            | RemoteError::Malformed { .. }
    )
}

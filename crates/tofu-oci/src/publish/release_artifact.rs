//! From packages that are all right to the artifact that is copied.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use tofu_oci_store::{Blob, CopyReport, Put, StagedRepository};
use tofu_oci_trust::VerifiedPackage;
use tofu_oci_types::artifact::{
    Attachment, PackageDraft, Profile, ProviderArtifact, ReleaseDraft, Timestamp,
};
use tofu_oci_types::oci::{Descriptor, Digest, Manifest};
use tofu_oci_types::tofu::Platform;

use super::beside::Beside;
use super::destination::{Destination, Staging};
use super::options::jobs;
use super::package::CheckedZip;
use super::provider::ProviderPlan;
use super::{ProviderOptions, PublishError, PublishedAttachment, PublishedPackage};

/// A package whose content is all right.
pub(super) struct Proven {
    pub(super) platform: Platform,
    pub(super) zip: Arc<CheckedZip>,
    pub(super) package: VerifiedPackage,
    pub(super) put: Option<Put>,
}

/// An attachment with its subject.
pub(super) struct Attached<'a> {
    pub(super) platform: Option<&'a Platform>,
    pub(super) attachment: &'a Attachment,
    pub(super) manifest: Manifest,
}

pub(super) fn draft(
    plan: &ProviderPlan,
    proven: &[Proven],
    options: &ProviderOptions,
) -> ReleaseDraft {
    ReleaseDraft {
        version: plan.release.name.version().clone(),
        source: plan.release.source.clone(),
        protocols: plan.beside.protocols.clone(),
        packages: proven
            .iter()
            .map(|package| package.draft(options.created))
            .collect(),
        created: options.created,
        annotations: options.annotations.clone(),
        profile: options.profile,
    }
}

/// Gives the attachments their subjects.
pub(super) fn attach<'a>(
    beside: &'a Beside,
    artifact: &ProviderArtifact,
    proven: &[Proven],
    options: &ProviderOptions,
) -> Vec<Attached<'a>> {
    if options.profile == Profile::Plain {
        return Vec::new();
    }
    let newest = proven
        .iter()
        .filter_map(|package| package.zip.created())
        .max();
    let created = options.created.or(newest);
    let subject = |platform: Option<&Platform>| {
        let target = artifact
            .targets
            .iter()
            .find(|target| Some(&target.platform) == platform);
        let manifest = target.map_or(&artifact.index, |target| &target.manifest);
        manifest.descriptor().clone()
    };
    beside
        .attachments
        .iter()
        .map(|(platform, attachment)| Attached {
            manifest: attachment.write(&subject(platform.as_ref()), created),
            platform: platform.as_ref(),
            attachment,
        })
        .collect()
}

/// The attachments that are not there yet.
pub(super) async fn missing(
    to: &Destination,
    attached: &[Attached<'_>],
) -> Result<HashSet<Digest>, PublishError> {
    let mut missing = HashSet::new();
    for attachment in attached {
        if !to.has(attachment.manifest.descriptor()).await? {
            missing.insert(attachment.manifest.digest().clone());
        }
    }
    Ok(missing)
}

/// Everything of the version that is a manifest, children before parents, subjects before referrers.
pub(super) fn manifests(artifact: &ProviderArtifact, attached: &[Attached<'_>]) -> Vec<Manifest> {
    let targets = artifact.targets.iter().map(|target| &target.manifest);
    targets
        .chain([&artifact.index])
        .chain(attached.iter().map(|attachment| &attachment.manifest))
        .cloned()
        .collect()
}

/// Puts manifests and content where the copy finds them. A new version's packages are there already.
pub(super) fn stage(
    artifact: &ProviderArtifact,
    attached: &[Attached<'_>],
    proven: &[Proven],
    options: &ProviderOptions,
) -> Staging {
    let mut staged = StagedRepository::new();
    for target in &artifact.targets {
        staged.add_blob(&target.config, Blob::Bytes(target.config_bytes.clone()));
        staged.add_manifest(target.manifest.clone());
    }
    staged.add_manifest(artifact.index.clone());
    for package in proven {
        let layer = package.layer();
        let content = Blob::File {
            file: Arc::clone(&package.zip.file),
            range: 0..layer.size,
        };
        staged.add_blob(&layer, content);
    }
    let empty = Descriptor::empty();
    staged.add_blob(&empty, Blob::Bytes(Bytes::from_static(b"{}")));
    for attachment in attached {
        for layer in &attachment.attachment.layers {
            staged.add_blob(&layer.descriptor(), Blob::Bytes(layer.content.clone()));
        }
        staged.add_manifest(attachment.manifest.clone());
    }
    Staging {
        staged,
        root: artifact.index.clone(),
        present: proven
            .iter()
            .map(|package| package.package.digest().clone())
            .collect(),
        jobs: jobs(options.jobs),
    }
}

pub(super) fn sent(proven: &[Proven]) -> u64 {
    let sent = proven
        .iter()
        .filter(|package| package.put == Some(Put::Uploaded));
    sent.map(|package| package.package.size()).sum()
}

/// How many bytes the files of the missing attachments have.
pub(super) fn weight(attached: &[Attached<'_>], missing: &HashSet<Digest>) -> u64 {
    let missing = attached
        .iter()
        .filter(|a| missing.contains(a.manifest.digest()));
    let layers = missing.flat_map(|attached| &attached.attachment.layers);
    layers.map(|layer| layer.content.len() as u64).sum()
}

impl Proven {
    pub(super) fn layer(&self) -> Descriptor {
        self.zip.layer(self.package.digest().clone())
    }

    pub(super) fn draft(&self, created: Option<Timestamp>) -> PackageDraft {
        PackageDraft {
            platform: self.platform.clone(),
            filename: self.zip.filename.clone(),
            digest: self.package.digest().clone(),
            size: self.package.size(),
            h1: Some(self.package.h1().clone()),
            created: created.or_else(|| self.zip.created()),
        }
    }

    pub(super) fn report(&self) -> PublishedPackage {
        PublishedPackage {
            platform: self.platform.clone(),
            filename: self.zip.filename.clone(),
            digest: self.package.digest().clone(),
            size: self.package.size(),
            h1: self.package.h1().clone(),
            put: self.put,
        }
    }
}

impl Attached<'_> {
    pub(super) fn report(&self, copied: Option<&CopyReport>) -> PublishedAttachment {
        let layers = self.attachment.layers.iter();
        let put = copied.and_then(|report| {
            let mut manifests = report.manifests.iter();
            manifests.find(|(manifest, _)| manifest.digest == *self.manifest.digest())
        });
        PublishedAttachment {
            kind: self.attachment.kind,
            platform: self.platform.cloned(),
            filenames: layers.map(|layer| layer.filename.clone()).collect(),
            digest: self.manifest.digest().clone(),
            put: put.map(|(_, put)| *put),
        }
    }
}

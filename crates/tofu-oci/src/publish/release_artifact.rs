//! From packages that are all right to the artifact that is copied.

use std::sync::Arc;

use bytes::Bytes;
use tofu_oci_store::{Blob, CopyReport, Put, Referrers, StagedRepository};
use tofu_oci_trust::VerifiedPackage;
use tofu_oci_types::artifact::{
    Attachment, PackageDraft, Profile, ProviderArtifact, ReleaseDraft, Timestamp,
};
use tofu_oci_types::oci::{Descriptor, Manifest};
use tofu_oci_types::tofu::Platform;

use super::beside::Beside;
use super::destination::Staging;
use super::evidence::Written;
use super::options::jobs;
use super::package::CheckedZip;
use super::provider::ProviderPlan;
use super::{ProviderOptions, PublishedAttachment, PublishedPackage};

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
    profile: Profile,
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
        profile,
        evidence: plan.beside.attachments.clone(),
    }
}

/// Gives the attachments their subjects.
pub(super) fn attach<'a>(
    beside: &'a Beside,
    artifact: &ProviderArtifact,
    proven: &[Proven],
    created: Option<Timestamp>,
) -> Vec<Attached<'a>> {
    let newest = proven
        .iter()
        .filter_map(|package| package.zip.created())
        .max();
    let created = created.or(newest);
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

/// Everything of the version that is a manifest, children before parents, subjects before referrers.
pub(super) fn manifests(written: &Written<'_>) -> Vec<Manifest> {
    let (artifact, attached) = (&written.artifact, &written.attached);
    let targets = artifact.targets.iter().map(|target| &target.manifest);
    targets
        .chain([&artifact.index])
        .chain(attached.iter().map(|attachment| &attachment.manifest))
        .cloned()
        .collect()
}

/// Puts manifests and content where the copy finds them. A new version's packages are there already.
pub(super) fn stage(
    written: &Written<'_>,
    proven: &[Proven],
    options: &ProviderOptions,
) -> Staging {
    let artifact = &written.artifact;
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
    // Handles only: what no manifest lists is not sent.
    for (_, attachment) in &written.beside.attachments {
        for layer in &attachment.layers {
            staged.add_blob(&layer.descriptor(), Blob::Bytes(layer.content.clone()));
        }
    }
    for attached in &written.attached {
        staged.add_manifest(attached.manifest.clone());
    }
    Staging {
        staged,
        root: artifact.index.clone(),
        referrers: match written.attached.is_empty() {
            true => Referrers::None,
            false => Referrers::All,
        },
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

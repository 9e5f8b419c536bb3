//! A provider's release, written as index and target manifests.

use bytes::Bytes;

use super::{
    ArtifactError, Attachment, PACKAGE_LAYER, PROVIDER, PROVIDER_TARGET, Timestamp, UserAnnotations,
};
use super::{annotation, embedded};
use crate::oci::{
    Annotations, Descriptor, Digest, ImageManifest, Index, Manifest, MediaType, OciPlatform, json,
};
use crate::tofu::{PackageHash, Platform, ProviderAddr, Version};

/// How much of our own goes beside the packages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Profile {
    /// Annotations on the index, evidence as referrers.
    #[default]
    Referrers,
    /// Annotations on the index, evidence as layers of every target manifest, after its package: for
    /// registries that refuse our types, or lose referrers.
    Embedded,
    /// Nothing of ours: the bytes that the documented ORAS commands give.
    Plain,
}

/// One platform's package, as it enters an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageDraft {
    /// The platform.
    pub platform: Platform,
    /// The name of the zip.
    pub filename: String,
    /// The sha256 digest of the zip, which is the lock file's `zh:` hash.
    pub digest: Digest,
    /// The length of the zip, in bytes.
    pub size: u64,
    /// The `h1:` hash of the unpacked package.
    pub h1: Option<PackageHash>,
    /// When the package was made.
    pub created: Option<Timestamp>,
}

/// A release, before it is an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseDraft {
    /// The version.
    pub version: Version,
    /// The source address, where the publisher says it.
    pub source: Option<ProviderAddr>,
    /// The plugin protocol versions, ascending, where they are known.
    pub protocols: Vec<String>,
    /// The packages; the order does not matter.
    pub packages: Vec<PackageDraft>,
    /// When the release was made; without it the newest of its packages.
    pub created: Option<Timestamp>,
    /// What the publisher adds.
    pub annotations: UserAnnotations,
    /// How much of our own is written.
    pub profile: Profile,
    /// The evidence beside the packages, with the platform that it is about; only the profile
    /// [`Embedded`](Profile::Embedded) makes it part of the artifact.
    pub evidence: Vec<(Option<Platform>, Attachment)>,
}

/// One platform's manifest with the configuration that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetManifest {
    /// The platform.
    pub platform: Platform,
    /// The manifest.
    pub manifest: Manifest,
    /// The configuration's descriptor.
    pub config: Descriptor,
    /// The configuration's bytes.
    pub config_bytes: Bytes,
}

/// A release as an artifact: what is pushed beside the packages themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderArtifact {
    /// The index, which the version tag names.
    pub index: Manifest,
    /// The target manifests, in the order of the index: by `os`, then by architecture.
    pub targets: Vec<TargetManifest>,
}

impl ProviderArtifact {
    /// Writes a release. The same draft gives the same bytes everywhere.
    ///
    /// # Errors
    ///
    /// [`ArtifactError`] for a release without packages, or with two for one platform; for evidence
    /// that is too much to be part of a manifest.
    pub fn write(draft: &ReleaseDraft) -> Result<Self, ArtifactError> {
        let mut packages: Vec<&PackageDraft> = draft.packages.iter().collect();
        packages.sort_by(|a, b| a.platform.cmp(&b.platform));
        for pair in packages.windows(2) {
            if let [a, b] = pair
                && a.platform == b.platform
            {
                return Err(ArtifactError::Duplicate {
                    platform: a.platform.clone(),
                    first: a.filename.clone(),
                    second: b.filename.clone(),
                });
            }
        }
        if packages.is_empty() {
            return Err(ArtifactError::Empty);
        }
        let targets = packages.iter().map(|package| target(package, draft));
        let targets = targets.collect::<Result<Vec<TargetManifest>, ArtifactError>>()?;
        let entries = packages
            .iter()
            .zip(&targets)
            .map(|(package, target)| entry(package, target, draft.profile))
            .collect();
        let index = Manifest::from_index(&Index {
            artifact_type: Some(PROVIDER),
            manifests: entries,
            subject: None,
            annotations: index_annotations(draft),
        });
        Ok(Self { index, targets })
    }
}

fn target(package: &PackageDraft, draft: &ReleaseDraft) -> Result<TargetManifest, ArtifactError> {
    let platform = package.platform.to_oci();
    // Two text fields always write.
    let config_bytes = Bytes::from(json::to_go_json(&platform).unwrap_or_default());
    let config = Descriptor::of(MediaType::IMAGE_CONFIG, &config_bytes);
    let mut layer = Descriptor::new(PACKAGE_LAYER, package.digest.clone(), package.size);
    layer
        .annotations
        .insert(annotation::TITLE.to_owned(), package.filename.clone());
    let mut annotations = Annotations::new();
    if let Some(created) = package.created {
        annotations.insert(annotation::CREATED.to_owned(), created.to_string());
    }
    let mut layers = vec![layer];
    if draft.profile == Profile::Embedded {
        layers.extend(embedded::layers(&package.platform, &draft.evidence)?);
    }
    let manifest = Manifest::from_image(&ImageManifest {
        artifact_type: Some(PROVIDER_TARGET),
        config: config.clone(),
        layers,
        subject: None,
        annotations,
    });
    Ok(TargetManifest {
        platform: package.platform.clone(),
        manifest,
        config,
        config_bytes,
    })
}

fn entry(package: &PackageDraft, target: &TargetManifest, profile: Profile) -> Descriptor {
    let OciPlatform {
        architecture, os, ..
    } = package.platform.to_oci();
    let mut annotations = Annotations::new();
    if profile != Profile::Plain {
        let mut put = |key: &str, value: String| annotations.insert(key.to_owned(), value);
        put(annotation::PACKAGE_DIGEST, package.digest.to_string());
        put(annotation::PACKAGE_FILENAME, package.filename.clone());
        put(annotation::PACKAGE_SIZE, package.size.to_string());
        if let Some(h1) = &package.h1 {
            put(annotation::PACKAGE_H1, h1.to_string());
        }
    }
    Descriptor {
        annotations,
        platform: Some(OciPlatform {
            architecture,
            os,
            ..OciPlatform::default()
        }),
        artifact_type: Some(PROVIDER_TARGET),
        ..target.manifest.descriptor().clone()
    }
}

fn index_annotations(draft: &ReleaseDraft) -> Annotations {
    let mut annotations = draft.annotations.as_map().clone();
    if draft.profile == Profile::Plain {
        return annotations;
    }
    let mut put = |key: &str, value: String| annotations.insert(key.to_owned(), value);
    put(annotation::VERSION, draft.version.to_string());
    let newest = draft.packages.iter().filter_map(|p| p.created).max();
    if let Some(created) = draft.created.or(newest) {
        put(annotation::CREATED, created.to_string());
    }
    if let Some(source) = &draft.source {
        let (namespace, kind) = (source.namespace(), source.kind());
        put(annotation::TITLE, format!("{namespace}/{kind}"));
        let hostname = source.hostname().as_str();
        put(
            annotation::PROVIDER_SOURCE,
            format!("{hostname}/{namespace}/{kind}"),
        );
    }
    if !draft.protocols.is_empty() {
        put(annotation::PROTOCOLS, draft.protocols.join(","));
    }
    annotations
}

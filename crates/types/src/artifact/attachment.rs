//! Attachments: what stands beside a release as referrers.
//!
//! Each is an image manifest with a subject, an empty configuration and titled layers, so that
//! other OCI tools show and fetch it.

use bytes::Bytes;

use super::{
    CYCLONEDX, JSON, PACKAGE_HASHES, PGP_KEYS, PGP_SIGNATURE, REGISTRY_MANIFEST, SHASUMS, SPDX,
    TEXT,
};
use super::{Timestamp, annotation};
use crate::oci::{Annotations, Descriptor, ImageManifest, Manifest, MediaType};

/// What an attachment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttachmentKind {
    /// The checksums file, its signatures and the keys.
    Shasums,
    /// The registry manifest, which states the plugin protocols.
    RegistryManifest,
    /// An SPDX document.
    Spdx,
    /// A CycloneDX document.
    CycloneDx,
    /// The hashes of all packages.
    PackageHashes,
}

impl AttachmentKind {
    /// The artifact type.
    pub fn artifact_type(self) -> MediaType {
        match self {
            Self::Shasums => SHASUMS,
            Self::RegistryManifest => REGISTRY_MANIFEST,
            Self::Spdx => SPDX,
            Self::CycloneDx => CYCLONEDX,
            Self::PackageHashes => PACKAGE_HASHES,
        }
    }

    /// The kind of an artifact type, parameters aside.
    pub fn of(artifact_type: &MediaType) -> Option<Self> {
        [
            Self::Shasums,
            Self::RegistryManifest,
            Self::Spdx,
            Self::CycloneDx,
            Self::PackageHashes,
        ]
        .into_iter()
        .find(|kind| kind.artifact_type().as_str() == artifact_type.essence())
    }

    /// The kind of a manifest that refers to another: what it says it is, and where that says nothing, as in
    /// manifests of older tools, what its only layer is.
    pub fn of_manifest(manifest: &Manifest) -> Option<Self> {
        let said = manifest.artifact_type()?;
        let image = manifest.as_image()?;
        if let Some(kind) = Self::of(said) {
            return Some(kind);
        }
        let [layer] = image.layers.as_slice() else {
            return None;
        };
        // How a checksums file is attached where signatures are attached to it in turn.
        let title = layer.annotations.get(annotation::TITLE);
        let list = title.is_some_and(|title| title.ends_with("_SHA256SUMS"));
        if list && is_text(said) {
            return Some(Self::Shasums);
        }
        match says_nothing(said) {
            true => Self::of(&layer.media_type),
            false => None,
        }
    }

    /// Whether a manifest that is listed under `artifact_type` may be an attachment, so that it is worth
    /// reading.
    pub fn may_be(artifact_type: Option<&MediaType>) -> bool {
        artifact_type
            .is_none_or(|kind| Self::of(kind).is_some() || is_text(kind) || says_nothing(kind))
    }

    /// Whether `layer` is the only or first layer of a document of this kind.
    pub fn begins_with(self, layer: &Descriptor) -> bool {
        let list = self == Self::Shasums && is_text(&layer.media_type);
        list || self.layer_type().as_str() == layer.media_type.essence()
    }

    /// The longest file of this kind that is read, in bytes.
    pub fn limit(self) -> u64 {
        match self {
            Self::Shasums | Self::PackageHashes => 4 << 20,
            Self::RegistryManifest => 1 << 20,
            Self::Spdx | Self::CycloneDx => 32 << 20,
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shasums => "checksums file",
            Self::RegistryManifest => "registry manifest",
            Self::Spdx => "SPDX SBOM",
            Self::CycloneDx => "CycloneDX SBOM",
            Self::PackageHashes => "package hashes",
        }
    }

    /// The type of this kind's only or first layer.
    pub fn layer_type(self) -> MediaType {
        match self {
            Self::Shasums => TEXT,
            Self::RegistryManifest => JSON,
            Self::Spdx => SPDX,
            Self::CycloneDx => CYCLONEDX,
            Self::PackageHashes => PACKAGE_HASHES,
        }
    }
}

/// Types that tools give to a manifest, or to its configuration, when they mean nothing by it.
fn says_nothing(kind: &MediaType) -> bool {
    *kind == MediaType::EMPTY
        || *kind == MediaType::IMAGE_CONFIG
        || kind.essence() == "application/vnd.unknown.config.v1+json"
        || kind.essence() == "application/vnd.unknown.artifact.v1"
}

/// Types under which a checksums file is attached by itself.
fn is_text(kind: &MediaType) -> bool {
    matches!(kind.essence(), "text/plain" | "text/plain+sha256sum")
}

/// One file of an attachment. Small: evidence is kept in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentLayer {
    /// The type of the file.
    pub media_type: MediaType,
    /// The name of the file, without directories.
    pub filename: String,
    /// The content, byte for byte as found.
    pub content: Bytes,
}

impl AttachmentLayer {
    /// A detached OpenPGP signature.
    pub fn signature(filename: String, content: Bytes) -> Self {
        Self {
            media_type: PGP_SIGNATURE,
            filename,
            content,
        }
    }

    /// An OpenPGP public key.
    pub fn key(filename: String, content: Bytes) -> Self {
        Self {
            media_type: PGP_KEYS,
            filename,
            content,
        }
    }

    /// The layer's descriptor, with the file name as its title.
    pub fn descriptor(&self) -> Descriptor {
        let mut descriptor = Descriptor::of(self.media_type.clone(), &self.content);
        descriptor
            .annotations
            .insert(annotation::TITLE.to_owned(), self.filename.clone());
        descriptor
    }
}

/// An attachment, before it has a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What it is.
    pub kind: AttachmentKind,
    /// Its files, in order.
    pub layers: Vec<AttachmentLayer>,
    /// Further annotations: platform, key ids.
    pub annotations: Annotations,
}

impl Attachment {
    /// Writes the manifest that refers to `subject`.
    pub fn write(&self, subject: &Descriptor, created: Option<Timestamp>) -> Manifest {
        let mut annotations = self.annotations.clone();
        if let Some(created) = created {
            annotations.insert(annotation::CREATED.to_owned(), created.to_string());
        }
        Manifest::from_image(&ImageManifest {
            artifact_type: Some(self.kind.artifact_type()),
            config: Descriptor::empty(),
            layers: self
                .layers
                .iter()
                .map(AttachmentLayer::descriptor)
                .collect(),
            subject: Some(subject.plain()),
            annotations,
        })
    }
}

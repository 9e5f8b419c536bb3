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

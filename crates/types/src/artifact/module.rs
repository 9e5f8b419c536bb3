//! A module package: one image manifest with one zip.

use super::annotation;
use super::provider_index::{image, package_layer};
use super::{ArtifactError, MODULE_PACKAGE, PACKAGE_LAYER, Profile, Timestamp, UserAnnotations};
use crate::oci::{Annotations, Descriptor, Digest, ImageManifest, Manifest};
use crate::tofu::{ModuleAddr, Version};

/// A module, before it is an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleDraft {
    /// The version, where the module is published under one.
    pub version: Option<Version>,
    /// The registry address that the module answers to, where the publisher says it.
    pub source: Option<ModuleAddr>,
    /// The name of the zip: `NAME-VERSION.zip`.
    pub filename: String,
    /// The digest of the zip.
    pub digest: Digest,
    /// The length of the zip, in bytes.
    pub size: u64,
    /// When the module was made.
    pub created: Option<Timestamp>,
    /// What the publisher adds.
    pub annotations: UserAnnotations,
    /// How much of our own is written.
    pub profile: Profile,
}

/// A module as an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleArtifact {
    /// The manifest, which the version tag names.
    pub manifest: Manifest,
}

impl ModuleArtifact {
    /// Writes a module. The same draft gives the same bytes everywhere.
    pub fn write(draft: &ModuleDraft) -> Self {
        let mut layer = Descriptor::new(PACKAGE_LAYER, draft.digest.clone(), draft.size);
        layer
            .annotations
            .insert(annotation::TITLE.to_owned(), draft.filename.clone());
        let mut annotations: Annotations = draft.annotations.as_map().clone();
        let mut put = |key: &str, value: String| annotations.insert(key.to_owned(), value);
        if let Some(created) = draft.created {
            put(annotation::CREATED, created.to_string());
        }
        if draft.profile != Profile::Plain {
            if let Some(version) = &draft.version {
                put(annotation::VERSION, version.to_string());
            }
            if let Some(source) = &draft.source {
                let (host, namespace) = (source.hostname().as_str(), source.namespace());
                let value = format!("{host}/{namespace}/{}/{}", source.name(), source.system());
                put(annotation::MODULE_SOURCE, value);
            }
        }
        Self {
            manifest: Manifest::from_image(&ImageManifest {
                artifact_type: Some(MODULE_PACKAGE),
                config: Descriptor::empty(),
                layers: vec![layer],
                subject: None,
                annotations,
            }),
        }
    }
}

/// A module's manifest, read as OpenTofu reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleManifest {
    /// The package.
    pub package: Descriptor,
    /// The name of the zip, as written; not yet safe as a file name.
    pub filename: Option<String>,
    /// The version that an annotation states.
    pub version: Option<String>,
}

impl ModuleManifest {
    /// Reads a manifest.
    ///
    /// # Errors
    ///
    /// [`ArtifactError`] where it is not a module package with one zip.
    pub fn read(manifest: &Manifest) -> Result<Self, ArtifactError> {
        let image = image(manifest, &MODULE_PACKAGE)?;
        let package = package_layer(image)?;
        Ok(Self {
            filename: package.annotations.get(annotation::TITLE).cloned(),
            version: image.annotations.get(annotation::VERSION).cloned(),
            package: package.clone(),
        })
    }
}

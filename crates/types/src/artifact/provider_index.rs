//! A provider's index and target manifests, read as OpenTofu reads them.

use super::annotation;
use super::{ArtifactError, PACKAGE_LAYER, PROVIDER, PROVIDER_TARGET};
use crate::oci::{Algorithm, Descriptor, Digest, ImageManifest, Manifest, MediaType};
use crate::tofu::{PackageHash, Platform};

/// What the annotations of an entry say about its package. Hints: the target manifest decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageHints {
    /// The name of the zip.
    pub filename: Option<String>,
    /// The digest of the zip.
    pub digest: Option<Digest>,
    /// The length of the zip, in bytes.
    pub size: Option<u64>,
    /// The `h1:` hash of the unpacked package.
    pub h1: Option<PackageHash>,
}

/// One package that an index lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    /// The platform, where ours can express it; such as `windows` with a version it cannot.
    pub platform: Option<Platform>,
    /// The target manifest.
    pub descriptor: Descriptor,
    /// What the annotations say.
    pub hints: PackageHints,
}

/// A provider's index, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderIndex {
    entries: Vec<IndexEntry>,
    last_other: Option<MediaType>,
    other: usize,
}

impl ProviderIndex {
    /// Reads an index. Entries that are not provider packages are passed over.
    ///
    /// # Errors
    ///
    /// [`ArtifactError`] where it is not a provider's index, or where one entry is broken in a way
    /// that makes OpenTofu refuse the whole index.
    pub fn read(manifest: &Manifest) -> Result<Self, ArtifactError> {
        let media_type = manifest.media_type();
        if *media_type == MediaType::IMAGE_MANIFEST {
            return Err(ArtifactError::NotAnIndex);
        }
        let index = match manifest.as_index() {
            Some(index) if *media_type == MediaType::IMAGE_INDEX => index,
            _ => return Err(ArtifactError::MediaType(media_type.clone())),
        };
        if manifest.declared_media_type().is_none() {
            return Err(ArtifactError::Undeclared);
        }
        if index.artifact_type.as_ref() != Some(&PROVIDER) {
            return Err(ArtifactError::ArtifactType {
                found: index.artifact_type.clone(),
                expected: PROVIDER,
            });
        }
        let mut read = Self {
            entries: Vec::new(),
            last_other: None,
            other: 0,
        };
        for descriptor in &index.manifests {
            if descriptor.artifact_type.as_ref() != Some(&PROVIDER_TARGET) {
                read.other += 1;
                read.last_other = descriptor.artifact_type.clone().or(read.last_other);
                continue;
            }
            read.entries.push(entry(descriptor)?);
        }
        Ok(read)
    }

    /// The packages, in the order of the index.
    pub fn entries(&self) -> &[IndexEntry] {
        &self.entries
    }

    /// How many entries are not provider packages; a writer must not make such an index.
    pub fn other_entries(&self) -> usize {
        self.other
    }

    /// The platforms, sorted, each once.
    pub fn platforms(&self) -> Vec<Platform> {
        let mut platforms: Vec<_> = self
            .entries
            .iter()
            .filter_map(|e| e.platform.clone())
            .collect();
        platforms.sort();
        platforms.dedup();
        platforms
    }

    /// The package for `platform`.
    ///
    /// # Errors
    ///
    /// [`ArtifactError`] where there is none, or more than one.
    pub fn select(&self, platform: &Platform) -> Result<&IndexEntry, ArtifactError> {
        let mut found = self
            .entries
            .iter()
            .filter(|e| e.platform.as_ref() == Some(platform));
        match (found.next(), found.next()) {
            (Some(entry), None) => Ok(entry),
            (Some(_), Some(_)) => Err(ArtifactError::PlatformAmbiguous {
                platform: platform.clone(),
            }),
            (None, _) if self.entries.is_empty() => Err(ArtifactError::NoPackages {
                last: self.last_other.clone(),
            }),
            (None, _) => Err(ArtifactError::PlatformMissing {
                platform: platform.clone(),
                available: self.platforms(),
            }),
        }
    }
}

impl IndexEntry {
    /// The package that this entry's manifest holds.
    ///
    /// # Errors
    ///
    /// [`ArtifactError`] where the manifest is not a provider target, where its package is not
    /// one sha256 zip, or where an annotation of the entry contradicts it.
    pub fn package<'a>(&self, manifest: &'a Manifest) -> Result<&'a Descriptor, ArtifactError> {
        let image = image(manifest, &PROVIDER_TARGET)?;
        let layer = package_layer(image)?;
        if layer.digest.algorithm() != Algorithm::Sha256 {
            return Err(ArtifactError::PackageDigest {
                digest: layer.digest.clone(),
            });
        }
        if let (Some(found), Some(expected)) = (&layer.platform, &self.platform)
            && Platform::from_oci(found).as_ref() != Some(expected)
        {
            return Err(ArtifactError::PackagePlatform {
                found: format!("{}_{}", found.os, found.architecture),
                expected: expected.clone(),
            });
        }
        let mismatch = |key, annotated: String, found: String| {
            Err(ArtifactError::AnnotationMismatch {
                key,
                annotated,
                found,
            })
        };
        match &self.hints.digest {
            Some(digest) if *digest != layer.digest => mismatch(
                annotation::PACKAGE_DIGEST,
                digest.to_string(),
                layer.digest.to_string(),
            ),
            _ => match self.hints.size {
                Some(size) if size != layer.size => mismatch(
                    annotation::PACKAGE_SIZE,
                    size.to_string(),
                    layer.size.to_string(),
                ),
                _ => Ok(layer),
            },
        }
    }
}

fn entry(descriptor: &Descriptor) -> Result<IndexEntry, ArtifactError> {
    if descriptor.media_type != MediaType::IMAGE_MANIFEST {
        return Err(ArtifactError::EntryMediaType {
            digest: descriptor.digest.clone(),
            found: descriptor.media_type.clone(),
        });
    }
    let platform = descriptor
        .platform
        .as_ref()
        .ok_or_else(|| ArtifactError::EntryPlatform {
            digest: descriptor.digest.clone(),
        })?;
    let hint = |key: &str| descriptor.annotations.get(key);
    Ok(IndexEntry {
        platform: Platform::from_oci(platform),
        hints: PackageHints {
            filename: hint(annotation::PACKAGE_FILENAME).cloned(),
            digest: hint(annotation::PACKAGE_DIGEST).and_then(|text| text.parse().ok()),
            size: hint(annotation::PACKAGE_SIZE).and_then(|text| text.parse().ok()),
            h1: hint(annotation::PACKAGE_H1).and_then(|text| text.parse().ok()),
        },
        descriptor: descriptor.clone(),
    })
}

/// The image manifest of the artifact type `expected`, under the rules that targets and modules
/// share.
pub(super) fn image<'a>(
    manifest: &'a Manifest,
    expected: &MediaType,
) -> Result<&'a ImageManifest, ArtifactError> {
    let media_type = manifest.media_type();
    if *media_type == MediaType::IMAGE_INDEX {
        return Err(ArtifactError::NotAnImage);
    }
    let image = match manifest.as_image() {
        Some(image) if *media_type == MediaType::IMAGE_MANIFEST => image,
        _ => return Err(ArtifactError::MediaType(media_type.clone())),
    };
    if manifest.declared_media_type().is_none() {
        return Err(ArtifactError::Undeclared);
    }
    if image.artifact_type.as_ref() != Some(expected) {
        return Err(ArtifactError::ArtifactType {
            found: image.artifact_type.clone(),
            expected: expected.clone(),
        });
    }
    Ok(image)
}

/// The one layer of a target or module manifest that is the package.
///
/// # Errors
///
/// [`ArtifactError`] where none or several are.
pub fn package_layer(image: &ImageManifest) -> Result<&Descriptor, ArtifactError> {
    let mut packages = image
        .layers
        .iter()
        .filter(|layer| layer.media_type == PACKAGE_LAYER);
    match (packages.next(), packages.count()) {
        (Some(layer), 0) => Ok(layer),
        (Some(_), more) => Err(ArtifactError::PackageLayers { count: more + 1 }),
        (None, _) => Err(ArtifactError::NoPackageLayer {
            found: image
                .layers
                .iter()
                .map(|layer| layer.media_type.clone())
                .collect(),
        }),
    }
}

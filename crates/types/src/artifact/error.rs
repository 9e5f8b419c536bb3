//! Why a manifest is not the artifact that it should be.

use crate::oci::{Digest, MediaType};
use crate::tofu::Platform;

/// A manifest that is not the provider or module that was asked for.
///
/// The rules are OpenTofu's, in the order in which it applies them, so that what we accept is what
/// it accepts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArtifactError {
    /// An image manifest stands where a provider's index should.
    #[error(
        "the tag names a single image manifest, and a provider is an index of several platforms"
    )]
    NotAnIndex,
    /// An index stands where a module's manifest should.
    #[error("the tag names an image index, and a module package is an image manifest")]
    NotAnImage,
    /// The media type is neither an OCI image manifest nor an OCI image index.
    #[error("the media type {0:?} is neither an OCI image manifest nor an OCI image index")]
    MediaType(MediaType),
    /// The body does not state its media type, which OpenTofu insists on.
    #[error("the manifest does not state its media type in its body")]
    Undeclared,
    /// The artifact is something else.
    #[error("{}, expected {expected:?}", stated(.found.as_ref()))]
    ArtifactType {
        /// What it is, if anything.
        found: Option<MediaType>,
        /// What it should be.
        expected: MediaType,
    },
    /// An entry for a provider package is not an image manifest.
    #[error("the entry {digest} of the index is a provider package of media type {found:?}")]
    EntryMediaType {
        /// The entry.
        digest: Digest,
        /// Its media type.
        found: MediaType,
    },
    /// An entry for a provider package has no platform.
    #[error("the entry {digest} of the index is a provider package without a platform")]
    EntryPlatform {
        /// The entry.
        digest: Digest,
    },
    /// Nothing in the index is a provider package.
    #[error("the index lists no provider package")]
    NoPackages {
        /// The artifact type of the last entry that had one.
        last: Option<MediaType>,
    },
    /// The index has packages, but not for this platform.
    #[error("there is no package for {platform}, only for {}", listed(.available))]
    PlatformMissing {
        /// The platform asked for.
        platform: Platform,
        /// Those that there are, sorted.
        available: Vec<Platform>,
    },
    /// The index has two packages for one platform.
    #[error("the index lists more than one package for {platform}")]
    PlatformAmbiguous {
        /// The platform.
        platform: Platform,
    },
    /// No layer is a package.
    #[error(
        "no layer of the manifest is a package of type {:?}",
        super::PACKAGE_LAYER
    )]
    NoPackageLayer {
        /// The types of the layers there are.
        found: Vec<MediaType>,
    },
    /// More than one layer is a package.
    #[error("{count} layers of the manifest are packages, expected one")]
    PackageLayers {
        /// How many.
        count: usize,
    },
    /// The package's digest is not sha256, so it cannot be in a lock file.
    #[error("the package has the digest {digest}, expected sha256")]
    PackageDigest {
        /// The digest.
        digest: Digest,
    },
    /// The package says that it is for another platform than its entry.
    #[error("the package is for {found}, its entry in the index for {expected}")]
    PackagePlatform {
        /// What the layer says.
        found: String,
        /// What the index says.
        expected: Platform,
    },
    /// An annotation says something else than the content that it describes.
    #[error("the annotation {key:?} says {annotated:?}, the content is {found:?}")]
    AnnotationMismatch {
        /// The annotation.
        key: &'static str,
        /// Its value.
        annotated: String,
        /// What is true.
        found: String,
    },
    /// A release without packages cannot be written.
    #[error("a release needs at least one package")]
    Empty,
    /// Two packages of one release are for one platform.
    #[error("{first:?} and {second:?} are both for {platform}")]
    Duplicate {
        /// The platform.
        platform: Platform,
        /// One file.
        first: String,
        /// The other.
        second: String,
    },
    /// There is more evidence than one manifest takes.
    #[error(
        "the manifest for {platform} would get {count} files of evidence, it takes {}",
        super::EMBEDDED_LAYERS
    )]
    EmbeddedLayers {
        /// The platform.
        platform: Platform,
        /// How many files there are.
        count: usize,
    },
    /// A file of evidence is longer than one that is part of a manifest may be.
    #[error(
        "{filename:?} has {size} bytes, evidence inside a manifest has at most {}",
        super::EMBEDDED_LIMIT
    )]
    EmbeddedSize {
        /// The file.
        filename: String,
        /// Its length in bytes.
        size: u64,
    },
}

impl ArtifactError {
    /// Whether another source may be asked: only a missing platform says "no such thing".
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::PlatformMissing { .. })
    }
}

fn listed(platforms: &[Platform]) -> String {
    let names: Vec<_> = platforms.iter().map(ToString::to_string).collect();
    names.join(", ")
}

fn stated(found: Option<&MediaType>) -> String {
    match found {
        Some(found) => format!("the artifact type is {found:?}"),
        None => "there is no artifact type".to_owned(),
    }
}

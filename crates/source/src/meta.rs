//! What a source claims about packages, before anything is fetched.

use std::fmt;
use std::sync::Arc;

use tofu_oci_store::Repository;
use tofu_oci_types::artifact::Timestamp;
use tofu_oci_types::oci::{Descriptor, Digest};
use tofu_oci_types::tofu::{PackageHash, Platform, ProviderAddr, Version};

use crate::evidence::Beside;

/// The versions of a provider that a source has, ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VersionList {
    /// The versions, ascending, each once.
    pub versions: Vec<Version>,
    /// Tags that OpenTofu takes for a version and then cannot find, because they are not written
    /// in the canonical form.
    pub misleading: Vec<String>,
}

/// Where the bytes of a package are. Plain data: fetching knows what to do with it.
#[derive(Clone)]
pub enum Location {
    /// A blob of a repository.
    Blob {
        /// The repository.
        repository: Arc<dyn Repository>,
        /// The blob.
        descriptor: Descriptor,
    },
}

impl Location {
    /// The digest that the bytes must have.
    pub fn digest(&self) -> &Digest {
        match self {
            Self::Blob { descriptor, .. } => &descriptor.digest,
        }
    }

    /// The length that the bytes must have.
    pub fn size(&self) -> u64 {
        match self {
            Self::Blob { descriptor, .. } => descriptor.size,
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blob {
                repository,
                descriptor,
            } => {
                write!(f, "{}@{}", repository.place(), descriptor.digest)
            }
        }
    }
}

/// What a source claims about one package.
#[derive(Debug, Clone)]
pub struct PackageMeta {
    /// The provider.
    pub provider: ProviderAddr,
    /// The version.
    pub version: Version,
    /// The platform.
    pub platform: Platform,
    /// The name of the zip: display only, not safe as a path.
    pub filename: String,
    /// Where the zip is.
    pub location: Location,
    /// The `h1:` hash that the source reports. Never enough by itself.
    pub reported_h1: Option<PackageHash>,
}

/// One version of a provider, as a source has it.
#[derive(Debug, Clone)]
pub struct Release {
    /// The index that describes the release.
    pub index: Descriptor,
    /// The packages asked for, in the order asked.
    pub packages: Vec<PackageMeta>,
    /// Every platform that there is, sorted.
    pub platforms: Vec<Platform>,
    /// When the release was made, if it says so.
    pub created: Option<Timestamp>,
    /// Where its evidence is; nothing where the source keeps none.
    pub beside: Option<Beside>,
}

//! Why a package could not be found or fetched.

use std::path::PathBuf;

use tofu_oci_store::StoreError;
use tofu_oci_trust::TrustError;
use tofu_oci_types::ParseError;
use tofu_oci_types::artifact::ArtifactError;
use tofu_oci_types::tofu::syntax::SourceRange;
use tofu_oci_types::tofu::{Collision, Platform, ProviderAddr, Version};

/// What went wrong between asking a source and having a verified package.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The source does not have the provider.
    #[error("{provider} is not in {place}")]
    UnknownProvider {
        /// The provider.
        provider: ProviderAddr,
        /// Where it was looked for.
        place: String,
        /// What the place said.
        #[source]
        source: StoreError,
    },
    /// The source has the provider, but not this version.
    #[error("{provider} {version} is not in {place}")]
    UnknownVersion {
        /// The provider.
        provider: ProviderAddr,
        /// The version.
        version: Version,
        /// Where it was looked for.
        place: String,
        /// What the place said.
        #[source]
        source: StoreError,
    },
    /// None of several sources has the provider, or none is for it.
    #[error("{}", nowhere(.provider, .places))]
    Nowhere {
        /// The provider.
        provider: ProviderAddr,
        /// Where it was looked for; nowhere, where no source is for it.
        places: Vec<String>,
    },
    /// The installation method that is for the provider is one whose packages cannot be read.
    #[error("{provider} would come from the {method} block at {at}, whose packages cannot be read")]
    UnsupportedMethod {
        /// The provider.
        provider: ProviderAddr,
        /// The name of the method.
        method: &'static str,
        /// The block.
        at: Box<SourceRange>,
    },
    /// The provider's address has no place under the repository template.
    #[error("{provider} has no repository under the template")]
    Unmappable {
        /// The provider.
        provider: ProviderAddr,
        /// Why.
        #[source]
        source: ParseError,
    },
    /// Two providers have one repository under the template.
    #[error("the repository template does not tell providers apart")]
    Collision {
        /// Both providers and their repository.
        #[from]
        source: Collision,
    },
    /// The version cannot be written as a tag.
    #[error("{provider} {version} has no tag")]
    Untaggable {
        /// The provider.
        provider: ProviderAddr,
        /// The version.
        version: Version,
        /// Why.
        #[source]
        source: ParseError,
    },
    /// The release lacks a platform.
    #[error("{provider} {version} has no package for {platform}")]
    PlatformMissing {
        /// The provider.
        provider: ProviderAddr,
        /// The version.
        version: Version,
        /// The platform asked for.
        platform: Platform,
        /// Where the release is, with its digest.
        place: String,
        /// Those that it has.
        available: Vec<Platform>,
    },
    /// What stands under the version's tag is not a provider.
    #[error("{subject} in {place} is not what it should be")]
    Artifact {
        /// What was read.
        subject: String,
        /// Where.
        place: String,
        /// What is wrong with it.
        #[source]
        source: Box<ArtifactError>,
    },
    /// A module package that its source does not have.
    #[error("the module package {at} is not in {place}")]
    UnknownModule {
        /// Tag or digest.
        at: String,
        /// Where it was looked for.
        place: String,
        /// What the place said.
        #[source]
        source: StoreError,
    },
    /// Reading from the source failed.
    #[error("cannot read {subject} from {place}")]
    Read {
        /// What was read.
        subject: String,
        /// Where.
        place: String,
        /// What failed.
        #[source]
        source: StoreError,
    },
    /// The package is not what it should be, or nobody trusted vouches for it.
    #[error("the package {subject} is refused")]
    Refused {
        /// The package.
        subject: String,
        /// Why.
        #[source]
        source: Box<TrustError>,
    },
    /// Writing the unpacked package failed.
    #[error("cannot unpack {subject} into {}", .path.display())]
    Unpack {
        /// The package.
        subject: String,
        /// The directory.
        path: PathBuf,
        /// What failed.
        #[source]
        source: std::io::Error,
    },
    /// A worker stopped without an answer.
    #[error("the work on {subject} was cut off")]
    Interrupted {
        /// The package.
        subject: String,
    },
}

impl SourceError {
    /// Whether a registry would have had to be asked, and nothing may go over the network.
    pub fn is_offline(&self) -> bool {
        match self {
            Self::UnknownProvider { source, .. }
            | Self::UnknownVersion { source, .. }
            | Self::UnknownModule { source, .. }
            | Self::Read { source, .. } => matches!(source, StoreError::Offline { .. }),
            _ => false,
        }
    }

    /// Whether the place said "no such thing". Only then may another source be asked.
    pub fn is_absent(&self) -> bool {
        matches!(
            self,
            Self::UnknownProvider { .. }
                | Self::Nowhere { .. }
                | Self::UnknownVersion { .. }
                | Self::PlatformMissing { .. }
                | Self::UnknownModule { .. }
        )
    }
}

fn nowhere(provider: &ProviderAddr, places: &[String]) -> String {
    if places.is_empty() {
        return format!("no installation method is for {provider}");
    }
    format!("{provider} is in none of {}", places.join(", "))
}

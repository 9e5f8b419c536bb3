//! Why something could not be verified, or is not what it should be.

use std::io;
use std::path::PathBuf;

use tofu_oci_source::SourceError;
use tofu_oci_source::evidence::EvidenceError;
use tofu_oci_trust::policy::Refusal;
use tofu_oci_trust::shasums::ShasumsError;
use tofu_oci_types::tofu::{Platform, ProviderAddr, Version};

use crate::inspect::{InspectError, PullError};
use crate::install::InstallError;

/// What is not as it should be, and what kept us from knowing.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The release could not be read, or is none.
    #[error(transparent)]
    Release(#[from] PullError),
    /// The repository could not be read.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// The lock file could not be read.
    #[error(transparent)]
    LockFile(Box<InstallError>),
    /// There is no lock file.
    #[error("there is no lock file {path:?}")]
    NoLockFile {
        /// The file.
        path: PathBuf,
    },
    /// The source has no such release, or could not be asked.
    #[error("cannot look up {provider} {version}")]
    Source {
        /// The provider.
        provider: ProviderAddr,
        /// The version that is locked.
        version: Version,
        /// What failed.
        #[source]
        source: Box<SourceError>,
    },
    /// What lies beside a release could not be read, or is no evidence of it.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// A package is not let in.
    #[error(transparent)]
    Refused {
        /// Why.
        source: Refusal,
    },
    /// A checksums file disagrees with the packages that it lies beside.
    #[error("the checksums file {filename:?} does not fit the packages")]
    Shasums {
        /// Its name.
        filename: String,
        /// Why.
        #[source]
        source: ShasumsError,
    },
    /// A package could not be read, or its content is not what it should be.
    #[error(transparent)]
    Content(Box<SourceError>),
    /// A file or directory of an installed package cannot be read.
    #[error("cannot read {path:?}")]
    Read {
        /// The path.
        path: PathBuf,
        /// What failed.
        #[source]
        source: io::Error,
    },
    /// An installed package has another hash than the lock file has recorded.
    #[error("{path:?} is not the package that the lock file has recorded for {provider} {version}")]
    Differs {
        /// The directory.
        path: PathBuf,
        /// The provider.
        provider: ProviderAddr,
        /// The version.
        version: Version,
    },
    /// The lock file has no hash that an unpacked package can be compared with.
    #[error("the lock file has no h1 hash of {provider} {version}")]
    NoHash {
        /// The provider.
        provider: ProviderAddr,
        /// The version.
        version: Version,
    },
    /// The lock file names a package, and it is not installed.
    #[error("{provider} {version} is locked, and not installed{}", on(.platform.as_ref()))]
    Missing {
        /// The provider.
        provider: ProviderAddr,
        /// The version.
        version: Version,
        /// The platform; `None` where it is there for none.
        platform: Option<Platform>,
    },
    /// An installed module has another hash than the module lock file has recorded.
    #[error("{path:?} is not the package that the module lock file has recorded for {module}")]
    ModuleDiffers {
        /// The directory.
        path: PathBuf,
        /// The module.
        module: String,
    },
    /// Clients take a module from another directory than the one of its package.
    #[error("modules.json has {module} in {dir:?}, which is not where its package is")]
    ModuleElsewhere {
        /// The module.
        module: String,
        /// The directory, as `modules.json` has it.
        dir: String,
    },
    /// The module lock file names a module, and it is not installed.
    #[error("{module} is locked, and not installed")]
    ModuleMissing {
        /// The module.
        module: String,
    },
    /// A module is installed that could be locked, and is not.
    #[error("{module} is installed from {source_text:?}, and is not in the module lock file")]
    ModuleUnlocked {
        /// The module.
        module: String,
        /// Its source.
        source_text: String,
    },
}

impl From<InstallError> for VerifyError {
    fn from(error: InstallError) -> Self {
        Self::LockFile(Box::new(error))
    }
}

fn on(platform: Option<&Platform>) -> String {
    platform.map_or_else(String::new, |platform| format!(" for {platform}"))
}

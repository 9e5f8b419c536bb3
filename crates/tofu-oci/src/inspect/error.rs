//! Why something could not be listed, shown or pulled.

use std::io;
use std::path::PathBuf;

use tofu_oci_source::evidence::EvidenceError;
use tofu_oci_store::StoreError;
use tofu_oci_trust::policy::Refusal;
use tofu_oci_trust::shasums::ShasumsError;
use tofu_oci_types::artifact::ArtifactError;
use tofu_oci_types::oci::{Digest, MediaType};
use tofu_oci_types::tofu::Platform;

/// What went wrong while looking into a repository.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The repository cannot be opened or read.
    #[error("cannot read {what} of {place}")]
    Read {
        /// What was read.
        what: String,
        /// The repository.
        place: String,
        /// What failed.
        #[source]
        source: StoreError,
    },
    /// A directory cannot be read.
    #[error("cannot read {path:?}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What failed.
        #[source]
        source: io::Error,
    },
    /// A directory holds no image layout.
    #[error("{path:?} is no image layout, and no directory of them")]
    NoLayouts {
        /// The directory.
        path: PathBuf,
    },
    /// The address names neither tag nor digest, and nothing in the repository is the obvious one.
    #[error("{place} has no version to choose")]
    NoVersion {
        /// The repository.
        place: String,
    },
}

/// What went wrong while writing a release back as files.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The repository could not be read.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// What lies beside the release could not be read, or is no evidence of it.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// What the address names is neither a provider's release nor a module.
    #[error("{place} is neither a provider nor a module: it is {found:?}")]
    NotAPackage {
        /// What was pulled.
        place: String,
        /// Its artifact type.
        found: Option<MediaType>,
    },
    /// The release has no package that could be written.
    #[error("{place} has no package that can be written")]
    NoPackages {
        /// What was pulled.
        place: String,
    },
    /// A manifest has another length than the index says.
    #[error("the manifest {digest} of {place} has {got} bytes, and the index says {expected}")]
    TargetSize {
        /// What was pulled.
        place: String,
        /// The manifest.
        digest: Digest,
        /// The length that the index says, in bytes.
        expected: u64,
        /// The length that it has, in bytes.
        got: u64,
    },
    /// The artifact is broken.
    #[error("{place} is not what it should be")]
    Artifact {
        /// What was pulled.
        place: String,
        /// What is wrong.
        #[source]
        source: Box<ArtifactError>,
    },
    /// A platform that was asked for is missing.
    #[error("{place} has no package for {}, only for {}", listed(.missing), listed(.available))]
    PlatformMissing {
        /// What was pulled.
        place: String,
        /// The platforms, sorted.
        missing: Vec<Platform>,
        /// The platforms that there are, sorted.
        available: Vec<Platform>,
    },
    /// A file name that could lead anywhere.
    #[error("the file name {filename:?} of {digest} is refused: {problem}")]
    Filename {
        /// The name.
        filename: String,
        /// The content.
        digest: Digest,
        /// What is wrong with it: lower case, no full stop.
        problem: &'static str,
    },
    /// Two contents of one name.
    #[error("{first} and {second} are both called {filename:?}")]
    Collision {
        /// The name.
        filename: String,
        /// One content.
        first: Digest,
        /// The other.
        second: Digest,
    },
    /// The checksums file disagrees with the packages that it lies beside.
    #[error("the checksums file {filename:?} does not fit the packages")]
    Shasums {
        /// Its name.
        filename: String,
        /// Why.
        #[source]
        source: ShasumsError,
    },
    /// A package is not let in.
    #[error(transparent)]
    Refused {
        /// Why.
        source: Refusal,
    },
    /// A file is there, and it is another one.
    #[error("{path:?} is there already, with other content")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Something that is no file is in the place of one.
    #[error("{path:?} is not a file")]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// A file cannot be written.
    #[error("cannot write {path:?}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What failed.
        #[source]
        source: io::Error,
    },
    /// Several files failed, each for its own reason.
    #[error("{} files failed", .0.len())]
    Several(Vec<PullError>),
}

impl PullError {
    pub(super) fn all(mut errors: Vec<Self>) -> Result<(), Self> {
        match errors.len() {
            0 => Ok(()),
            1 => errors.pop().map_or(Ok(()), Err),
            _ => Err(Self::Several(errors)),
        }
    }
}

fn listed(platforms: &[Platform]) -> String {
    let texts: Vec<String> = platforms.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

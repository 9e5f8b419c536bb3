//! Why a publish stopped.

use std::fmt;
use std::io;
use std::path::PathBuf;

use tofu_oci_store::{CopyError, StoreError};
use tofu_oci_trust::TrustError;
use tofu_oci_trust::pgp::{PgpError, SignatureProblem};
use tofu_oci_trust::shasums::ShasumsError;
use tofu_oci_trust::zip_writer::WriteZipError;
use tofu_oci_types::ParseError;
use tofu_oci_types::artifact::{ArtifactError, AttachmentKind};
use tofu_oci_types::oci::{Digest, MediaType, RepositoryName, Tag};
use tofu_oci_types::tofu::{Platform, ProviderAddr, RegistryManifestError, Version};

use super::SignError;

/// What went wrong while publishing. No tag was changed, unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// A file or directory cannot be read.
    #[error("cannot read {path:?}")]
    Read {
        /// The path.
        path: PathBuf,
        /// What failed.
        #[source]
        source: io::Error,
    },
    /// Nothing to publish.
    #[error("there is no provider package in {path:?}")]
    NoPackages {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file that has no place in a release.
    #[error("{path:?} is neither a zip nor another file of a provider's release")]
    NotOfARelease {
        /// The file.
        path: PathBuf,
    },
    /// A name like that of a file of a release, with something wrong in it.
    #[error("the file {path:?} has a name that clients could not ask for")]
    Filename {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: ParseError,
    },
    /// A zip whose name does not say what it is, and nothing else does.
    #[error(
        "the name of {path:?} does not say what it is, and {} not given",
        Missing(.missing)
    )]
    Unnamed {
        /// The zip.
        path: PathBuf,
        /// What is not given.
        missing: Vec<Given>,
    },
    /// A zip whose name does not say what it is, among others.
    #[error("the name of {path:?} does not say what it is, and it is not the only package")]
    UnnamedAmongOthers {
        /// The zip.
        path: PathBuf,
    },
    /// Packages of several providers.
    #[error("there are packages of several providers: {}", .found.join(", "))]
    SeveralProviders {
        /// The providers, sorted.
        found: Vec<String>,
    },
    /// Packages of another provider than the source address says.
    #[error("the packages are of {}, not of {expected}", .found.join(", "))]
    OtherProvider {
        /// The source address.
        expected: ProviderAddr,
        /// The providers found, sorted.
        found: Vec<String>,
    },
    /// Packages of several versions.
    #[error("there are packages of several versions: {}", listed(.found))]
    SeveralVersions {
        /// The versions, ascending.
        found: Vec<Version>,
    },
    /// No package of the version asked for.
    #[error("there is no package of version {version}, only of {}", listed(.found))]
    VersionMissing {
        /// The version.
        version: Version,
        /// The versions found, ascending.
        found: Vec<Version>,
    },
    /// No package for a platform asked for.
    #[error("there is no package for {}, only for {}", listed(.missing), listed(.available))]
    PlatformMissing {
        /// The platforms, sorted.
        missing: Vec<Platform>,
        /// The platforms found, sorted.
        available: Vec<Platform>,
    },
    /// Two packages for one platform.
    #[error("{first:?} and {second:?} are both for {platform}")]
    DuplicatePlatform {
        /// The platform.
        platform: Platform,
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// Two different files that a release has once.
    #[error("{first:?} and {second:?} are both the {what} of the release")]
    DuplicateFile {
        /// What they are.
        what: &'static str,
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// A zip that is refused.
    #[error("the zip {path:?} is refused")]
    Package {
        /// The zip.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<TrustError>,
    },
    /// The checksums file is refused, or does not cover the release.
    #[error("the checksums file {path:?} is refused")]
    Shasums {
        /// The checksums file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ShasumsError,
    },
    /// A signature of the checksums file that clients could not use.
    #[error("the signature {path:?} is refused")]
    Signature {
        /// The signature.
        path: PathBuf,
        /// Why.
        #[source]
        source: PgpError,
    },
    /// A signature of the checksums file that the keys beside it show to be none.
    #[error("the signature {path:?} is not good")]
    SignatureRefused {
        /// The signature.
        path: PathBuf,
        /// Why.
        #[source]
        source: SignatureProblem,
    },
    /// The checksums file could not be signed.
    #[error("the checksums file cannot be signed")]
    Sign {
        /// Why.
        #[source]
        source: SignError,
    },
    /// Signatures or keys without anything that is signed.
    #[error("{path:?} belongs to a checksums file, and there is none")]
    NoShasums {
        /// The signature or key.
        path: PathBuf,
    },
    /// A file that is not a public key.
    #[error("the key {path:?} is refused")]
    Key {
        /// The key.
        path: PathBuf,
        /// Why.
        #[source]
        source: PgpError,
    },
    /// A key file that would be kept as binary; clients and registries take armored ones.
    #[error("the key {path:?} is not in its text form")]
    KeyNotArmored {
        /// The key.
        path: PathBuf,
    },
    /// A registry manifest that says nothing clients could use.
    #[error("the registry manifest {path:?} is refused")]
    RegistryManifest {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: RegistryManifestError,
    },
    /// A file that is no SBOM of a format that we know.
    #[error("the SBOM {path:?} is refused: {reason}")]
    Sbom {
        /// The file.
        path: PathBuf,
        /// Why: lower case, no full stop.
        reason: &'static str,
    },
    /// An SBOM of a package that is not there.
    #[error("the SBOM {path:?} is for {platform}, and the release has {}", listed(.available))]
    SbomPlatform {
        /// The file.
        path: PathBuf,
        /// Its platform.
        platform: Platform,
        /// The platforms of the release, sorted.
        available: Vec<Platform>,
    },
    /// The address has a digest, which cannot be chosen.
    #[error("the address names the digest {digest}, and publishing makes its own")]
    DigestGiven {
        /// The digest.
        digest: Digest,
    },
    /// The address has a tag that is not the one of the version.
    #[error("the address has the tag {:?}, and version {version} is published as {:?}", .tag.as_str(), .expected.as_str())]
    OtherTag {
        /// The tag of the address.
        tag: Tag,
        /// The version.
        version: Version,
        /// Its tag.
        expected: Tag,
    },
    /// The address has a tag that stands for no version.
    #[error("the tag {:?} is not one of a version", .tag.as_str())]
    NotAVersion {
        /// The tag.
        tag: Tag,
        /// Why.
        #[source]
        source: ParseError,
    },
    /// Nothing says which version it is.
    #[error("nothing says which version is published")]
    NoVersion,
    /// The version has no tag.
    #[error("the version {version} cannot be written as a tag")]
    Untaggable {
        /// The version.
        version: Version,
        /// Why.
        #[source]
        source: ParseError,
    },
    /// The repository has a version that differs in build metadata only.
    #[error("{place} has the version {existing}, and no client can tell {version} from it")]
    Twin {
        /// The repository.
        place: String,
        /// The version.
        version: Version,
        /// The version that is there.
        existing: Version,
    },
    /// The repository holds something else than what is published.
    #[error("{place} holds something else: {:?} is {found}", .tag.as_str())]
    MixedRepository {
        /// The repository.
        place: String,
        /// A version that it has.
        tag: Tag,
        /// The artifact type of that version.
        found: MediaType,
    },
    /// The directory holds repositories, and none is named.
    #[error("{path:?} is a directory of repositories, and none is named")]
    NameMissing {
        /// The directory.
        path: PathBuf,
        /// A repository that it holds.
        example: RepositoryName,
    },
    /// A repository is named below a directory that is itself one.
    #[error("{path:?} is itself one repository, and has no repository {name} below it")]
    NameBelowLayout {
        /// The directory.
        path: PathBuf,
        /// The name.
        name: RepositoryName,
    },
    /// The version is there with other content.
    #[error("the tag {:?} of {place} is {existing}, and would become {new}", .tag.as_str())]
    VersionExists {
        /// The repository.
        place: String,
        /// The tag.
        tag: Tag,
        /// What it stands for.
        existing: Digest,
        /// What was to be published.
        new: Digest,
    },
    /// The destination cannot be read.
    #[error("cannot read from {place}")]
    Destination {
        /// The repository.
        place: String,
        /// What failed.
        #[source]
        source: StoreError,
    },
    /// A file could not be sent.
    #[error("cannot put {path:?} into {place}")]
    Send {
        /// The file.
        path: PathBuf,
        /// The repository.
        place: String,
        /// What failed.
        #[source]
        source: StoreError,
    },
    /// Manifests, or what belongs to them, could not be stored.
    #[error("cannot complete the artifact in {place}")]
    Store {
        /// The repository.
        place: String,
        /// What failed.
        #[source]
        source: Box<CopyError>,
    },
    /// The registry takes packages, and no manifests that refer to them. The tag is not set.
    #[error("{place} takes the packages of the release, and refuses the evidence beside them")]
    EvidenceRefused {
        /// The repository.
        place: String,
        /// What it said.
        #[source]
        source: Box<StoreError>,
    },
    /// The registry took evidence, and does not list it afterwards. The tag of a new version is not set.
    #[error("{place} took evidence of the release and does not list it: {}", documents(.lost))]
    EvidenceLost {
        /// The repository.
        place: String,
        /// What it does not list.
        lost: Vec<(AttachmentKind, Digest)>,
    },
    /// What was published does not come back. The tag is set.
    #[error("{place} does not give back what was published as {:?}: it has {}", .tag.as_str(), or_nothing(.found.as_ref()))]
    ReadBack {
        /// The repository.
        place: String,
        /// The tag.
        tag: Tag,
        /// What it stands for now.
        found: Option<Digest>,
    },
    /// What was put together is no artifact that clients accept.
    #[error("the release cannot be written as an artifact")]
    Artifact {
        /// Why.
        #[from]
        source: ArtifactError,
    },
    /// A module directory has nothing to pack.
    #[error("the module {path:?} has no files to publish")]
    EmptyModule {
        /// The directory.
        path: PathBuf,
    },
    /// A link that leads out of the module.
    #[error("the link {path:?} leads out of the module")]
    LinkOutside {
        /// The link.
        path: PathBuf,
    },
    /// A link to something that no package holds.
    #[error("the link {path:?} leads to a file that no module package holds")]
    LinkToExcluded {
        /// The link.
        path: PathBuf,
    },
    /// Directories nest too deeply, or there are too many files.
    #[error("the module has too many files, or directories that nest too deeply, in {path:?}")]
    ModuleTooLarge {
        /// The directory.
        path: PathBuf,
    },
    /// The module's zip could not be made.
    #[error("cannot pack {path:?}")]
    Pack {
        /// The file that was packed.
        path: PathBuf,
        /// What failed.
        #[source]
        source: WriteZipError,
    },
    /// The place for temporary files cannot be written.
    #[error("cannot write a temporary file in {path:?}")]
    Scratch {
        /// The directory.
        path: PathBuf,
        /// What failed.
        #[source]
        source: io::Error,
    },
    /// A link into itself.
    #[error("the link {path:?} leads to a directory that contains it")]
    LinkCycle {
        /// The link.
        path: PathBuf,
    },
    /// Something that is neither file, directory nor link.
    #[error("{path:?} is neither a file nor a directory")]
    SpecialFile {
        /// The path.
        path: PathBuf,
    },
    /// A name that cannot stand in a zip.
    #[error("the name of {path:?} cannot stand in a zip")]
    UnpackableName {
        /// The path.
        path: PathBuf,
    },
    /// A worker stopped without an answer.
    #[error("the work on {path:?} was cut off")]
    Interrupted {
        /// The file.
        path: PathBuf,
    },
    /// Several files failed, each for its own reason.
    #[error("{} files are refused", .0.len())]
    Several(Vec<PublishError>),
}

impl PublishError {
    /// One error of those that occurred, or all of them.
    pub(super) fn all(mut errors: Vec<Self>) -> Result<(), Self> {
        match errors.len() {
            0 => Ok(()),
            1 => errors.pop().map_or(Ok(()), Err),
            _ => Err(Self::Several(errors)),
        }
    }
}

/// What a name should have said, and an option can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// The source address.
    Source,
    /// The version.
    Version,
    /// The one platform.
    Platform,
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "its source address",
            Self::Version => "its version",
            Self::Platform => "its one platform",
        })
    }
}

struct Missing<'a>(&'a [Given]);

impl fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.0.len() == 1 { "is" } else { "are" };
        write!(
            f,
            "{} {verb}",
            listed(self.0).replacen(", ", " and ", usize::MAX)
        )
    }
}

fn listed<T: fmt::Display>(items: &[T]) -> String {
    let texts: Vec<String> = items.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

fn documents(lost: &[(AttachmentKind, Digest)]) -> String {
    let texts = lost
        .iter()
        .map(|(kind, digest)| format!("the {} {digest}", kind.name()));
    texts.collect::<Vec<_>>().join(", ")
}

fn or_nothing(digest: Option<&Digest>) -> String {
    digest.map_or_else(|| "no such tag".to_owned(), ToString::to_string)
}

//! What a publish did.

use tofu_oci_store::Put;
use tofu_oci_types::artifact::{AttachmentKind, Profile};
use tofu_oci_types::oci::{Address, Digest, Tag};
use tofu_oci_types::tofu::{PackageHash, Platform, Version};

use super::SigningKey;

/// What publishing came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishOutcome {
    /// The version is new, or was replaced.
    Published,
    /// The version was there, and something beside it was added.
    Completed,
    /// Everything was there already.
    Unchanged,
    /// Nothing was written, because only the plan was asked for; `Published` would have come of it.
    Planned,
}

/// One package of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedPackage {
    /// The platform.
    pub platform: Platform,
    /// The name of the zip.
    pub filename: String,
    /// The digest of the zip: the lock file's `zh:` hash.
    pub digest: Digest,
    /// The length of the zip, in bytes.
    pub size: u64,
    /// The hash of the unpacked package.
    pub h1: PackageHash,
    /// Whether its bytes were sent; `None` where nothing was to be sent.
    pub put: Option<Put>,
}

/// Something beside the packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedAttachment {
    /// What it is.
    pub kind: AttachmentKind,
    /// The platform that it is about; `None` for the whole release.
    pub platform: Option<Platform>,
    /// Its files.
    pub filenames: Vec<String>,
    /// The digest of its manifest; of its first file, where it is inside the target manifests.
    pub digest: Digest,
    /// Whether it was stored; `None` where it was there already, or nothing was to be written.
    pub put: Option<Put>,
}

/// A signature that would be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedSignature {
    /// The checksums file that would be signed.
    pub list: String,
    /// The name that the signature would get.
    pub filename: String,
    /// The key that would sign.
    pub key: SigningKey,
}

/// What publishing a provider came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderReport {
    /// The repository.
    pub address: Address,
    /// The version.
    pub version: Version,
    /// Its tag.
    pub tag: Tag,
    /// The digest of the index.
    pub digest: Digest,
    /// Where evidence is.
    pub profile: Profile,
    /// What came of it.
    pub outcome: PublishOutcome,
    /// The index that the tag stood for before it was moved.
    pub replaced: Option<Digest>,
    /// The packages, by platform.
    pub packages: Vec<PublishedPackage>,
    /// What is beside them.
    pub attachments: Vec<PublishedAttachment>,
    /// How many bytes of files were sent; for a plan, at most would be.
    pub bytes: u64,
    /// What would be signed, for a plan. Everything above is reckoned without the signature: the digest of the
    /// checksums file's attachment, and with the profile `Embedded` that of the index, will be others.
    pub to_sign: Option<PlannedSignature>,
}

/// What happened to the tag `latest` of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LatestChange {
    /// It stands for this version now; for a plan, it would.
    Moved,
    /// It stood for this version already.
    Unchanged,
    /// A newer version, or a pre-release, so it was left alone.
    NotNewest,
    /// It was to be left alone.
    Left,
    /// It could not be moved; a warning says why.
    Failed,
}

/// What publishing a module came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleReport {
    /// The repository.
    pub address: Address,
    /// The version.
    pub version: Version,
    /// Its tag.
    pub tag: Tag,
    /// The digest of the manifest that the tag stands for; with it a source is pinned.
    pub digest: Digest,
    /// What came of it.
    pub outcome: PublishOutcome,
    /// The manifest that the tag stood for before it was moved.
    pub replaced: Option<Digest>,
    /// The name of the zip.
    pub filename: String,
    /// The length of the zip, in bytes.
    pub size: u64,
    /// The hash of the module's tree.
    pub h1: PackageHash,
    /// How many files the zip has.
    pub files: usize,
    /// What happened to `latest`.
    pub latest: LatestChange,
    /// How many bytes of files were sent; for a plan, at most would be.
    pub bytes: u64,
}

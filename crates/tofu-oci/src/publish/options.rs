//! What a publish is asked to do.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use tofu_oci_types::artifact::{Profile, Timestamp, UserAnnotations};
use tofu_oci_types::tofu::{ModuleAddr, Platform, ProviderAddr, Version};

use super::Gpg;
use crate::default_jobs;
use crate::install::Writes;

/// What happens where a version's tag stands for something else already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Existing {
    /// The version stays as it is, and publishing fails.
    #[default]
    Keep,
    /// The tag is moved. Everybody who locked the version fails from then on.
    Replace,
}

/// Whether the tag `latest` of a module follows its newest stable version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Latest {
    /// It does; it never moves backwards.
    #[default]
    Follow,
    /// It stays as it is.
    Leave,
}

/// How it is decided where evidence goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileChoice {
    /// As the profile says.
    Given(Profile),
    /// As referrers, where the registry takes and lists them; else inside the target manifests. What a
    /// registry does is found out when the first evidence is sent, before the tag is given, and remembered for
    /// 30 days.
    Auto,
}

impl Default for ProfileChoice {
    fn default() -> Self {
        Self::Given(Profile::default())
    }
}

/// How a provider's release is published.
#[derive(Debug, Clone, Default)]
pub struct ProviderOptions {
    /// The provider's source address. Without it the artifact does not say it.
    pub source: Option<ProviderAddr>,
    /// The version, where files do not tell it, or where there are several.
    pub version: Option<Version>,
    /// Only these platforms; all that there are when empty.
    pub platforms: Vec<Platform>,
    /// Files with public keys that are kept beside the checksums file.
    pub keys: Vec<PathBuf>,
    /// Who signs the checksums file, which is made where there is none.
    pub sign_with: Option<Gpg>,
    /// The time, by which signatures are judged; without it none is of the future and no key has
    /// expired since.
    pub now: Option<Timestamp>,
    /// When the release was made; without it the times in the zips.
    pub created: Option<Timestamp>,
    /// What is added to the index.
    pub annotations: UserAnnotations,
    /// How much of our own is written, and where.
    pub profile: ProfileChoice,
    /// The file in which it is remembered, for 30 days, which registries take evidence as referrers; without it, or
    /// without [`now`](Self::now), each publish finds out again.
    pub memory: Option<PathBuf>,
    /// What happens to a version that is there.
    pub existing: Existing,
    /// Whether the plan is carried out.
    pub writes: Writes,
    /// How many packages are worked on at once; `None` is [`default_jobs`](crate::default_jobs).
    pub jobs: Option<NonZeroUsize>,
}

/// How a module is published.
#[derive(Debug, Clone)]
pub struct ModuleOptions {
    /// The address that the module has in a module registry.
    pub source: Option<ModuleAddr>,
    /// The version, where the address has no tag.
    pub version: Option<Version>,
    /// When the module was made; without it the times in a zip, and nothing for a directory.
    pub created: Option<Timestamp>,
    /// What is added to the manifest.
    pub annotations: UserAnnotations,
    /// How much of our own is written.
    pub profile: Profile,
    /// What happens to a version that is there.
    pub existing: Existing,
    /// What happens to the tag `latest`.
    pub latest: Latest,
    /// Whether the plan is carried out.
    pub writes: Writes,
    /// Where a zip may be kept while it is sent. The directory exists.
    pub scratch: PathBuf,
}

impl ModuleOptions {
    /// The defaults, with a directory for files that live as long as the run.
    pub fn new(scratch: impl Into<PathBuf>) -> Self {
        Self {
            source: None,
            version: None,
            created: None,
            annotations: UserAnnotations::default(),
            profile: Profile::default(),
            existing: Existing::default(),
            latest: Latest::default(),
            writes: Writes::default(),
            scratch: scratch.into(),
        }
    }
}

/// How many packages are worked on at once.
pub(super) fn jobs(wanted: Option<NonZeroUsize>) -> NonZeroUsize {
    wanted.unwrap_or_else(default_jobs)
}

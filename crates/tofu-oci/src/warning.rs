//! What deserves attention without stopping an operation.

use std::fmt;
use std::path::PathBuf;

use tofu_oci_types::oci::{Digest, Tag};
use tofu_oci_types::tofu::lock_file::LockWarning;
use tofu_oci_types::tofu::{ProviderAddr, Version};

/// Something that the user should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// A tag that OpenTofu takes for a version and then cannot find.
    MisleadingTag {
        /// The provider.
        provider: ProviderAddr,
        /// The tag.
        tag: String,
    },
    /// Something odd in the lock file.
    LockFile(LockWarning),
    /// A lock entry of Terraform's registry counts for the same provider of OpenTofu's.
    LockPredecessor {
        /// The entry in the file.
        old: ProviderAddr,
        /// The provider that it counts for.
        new: ProviderAddr,
    },
    /// A lock entry had only `h1:` hashes, which an OCI mirror cannot be checked against.
    ZipHashAdded {
        /// The provider.
        provider: ProviderAddr,
        /// The version.
        version: Version,
    },
    /// The lock file has hashes for some platforms only.
    IncompleteLock {
        /// The providers.
        providers: Vec<ProviderAddr>,
    },
    /// A package has something that clients may read differently.
    Package {
        /// The file.
        filename: String,
        /// What it is: lower case, no full stop.
        problem: String,
    },
    /// None of the keys at hand made a signature, so nobody knows whether it is good.
    UncheckedSignature {
        /// The file.
        filename: String,
    },
    /// A signature that is good and has something odd.
    Signature {
        /// The file.
        filename: String,
        /// What it is: lower case, no full stop.
        problem: String,
    },
    /// A proof that does not count, or has something odd.
    Proof {
        /// What it should prove something about.
        subject: String,
        /// What it is: lower case, no full stop.
        problem: String,
    },
    /// A tag that clients take for a version, which they then ask for under another tag.
    UnreachableTag {
        /// The tag.
        tag: Tag,
        /// The version that they take it for.
        version: Version,
    },
    /// A tag with a `v` before the version, which clients therefore do not see.
    InvisibleTag {
        /// The tag.
        tag: Tag,
        /// The version that it is meant for.
        version: Version,
    },
    /// Clients take some providers from directories, whatever is installed.
    DevOverrides {
        /// The providers and their directories, by source address.
        overrides: Vec<(ProviderAddr, PathBuf)>,
    },
    /// An SBOM that is likely of something else, or of no use.
    Sbom {
        /// The file.
        filename: String,
        /// What it is: lower case, no full stop.
        problem: String,
    },
    /// A registry does not keep evidence as referrers, so it became part of the target manifests.
    EvidenceEmbedded {
        /// The repository.
        place: String,
        /// What the registry did.
        reason: String,
    },
    /// Something is listed beside a release and is no manifest, so that it counts for nothing.
    EvidencePassedOver {
        /// What it is, and where: lower case, no full stop.
        problem: String,
    },
    /// An installed module is not what the module lock file has recorded.
    ModuleChanged {
        /// The module.
        module: String,
        /// The directory of its package, relative to the root module.
        dir: String,
    },
    /// A tag stands for another module package than the one that is locked, and was installed.
    ModuleTagMoved {
        /// The module.
        module: String,
        /// The tag.
        tag: Tag,
        /// What it stands for now.
        now: Digest,
    },
    /// Modules are locked, and this one cannot be.
    ModuleUnlocked {
        /// The module.
        module: String,
        /// Its source.
        source: String,
    },
    /// Packages are installed without the cache.
    CacheUnusable {
        /// The cache.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Others may change packages in the cache, so that they are hashed whenever they are used.
    CacheShared {
        /// The cache.
        path: PathBuf,
    },
    /// The directory of the cache's stamps is not used.
    StampsUnusable {
        /// The directory.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A package in the cache was not what it should be, and was put aside.
    Quarantined {
        /// The package.
        package: String,
        /// Where it is now.
        path: PathBuf,
        /// What was wrong with it.
        reason: String,
    },
    /// Another process puts a package into the plugin cache, and it is waited for.
    PluginCacheBusy {
        /// The lock.
        path: PathBuf,
    },
    /// The tag `latest` could not be moved.
    LatestTag {
        /// Why.
        reason: String,
    },
}

impl Warning {
    /// What reading evidence passed over.
    pub(crate) fn passed_over(error: &tofu_oci_source::evidence::EvidenceError) -> Self {
        Self::EvidencePassedOver {
            problem: chain(error),
        }
    }

    /// A stable name for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::MisleadingTag { .. } => "misleading-tag",
            Self::LockFile(_) => "lock-file",
            Self::LockPredecessor { .. } => "lock-predecessor",
            Self::ZipHashAdded { .. } => "zip-hash-added",
            Self::IncompleteLock { .. } => "incomplete-lock",
            Self::Package { .. } => "package",
            Self::UncheckedSignature { .. } => "unchecked-signature",
            Self::Signature { .. } => "signature",
            Self::Proof { .. } => "proof",
            Self::UnreachableTag { .. } => "unreachable-tag",
            Self::InvisibleTag { .. } => "invisible-tag",
            Self::DevOverrides { .. } => "dev-overrides",
            Self::Sbom { .. } => "sbom",
            Self::EvidenceEmbedded { .. } => "evidence-embedded",
            Self::EvidencePassedOver { .. } => "evidence-passed-over",
            Self::ModuleChanged { .. } => "module-changed",
            Self::ModuleTagMoved { .. } => "module-tag-moved",
            Self::ModuleUnlocked { .. } => "module-unlocked",
            Self::CacheUnusable { .. } => "cache-unusable",
            Self::CacheShared { .. } => "cache-shared",
            Self::StampsUnusable { .. } => "stamps-unusable",
            Self::Quarantined { .. } => "quarantined",
            Self::PluginCacheBusy { .. } => "plugin-cache-busy",
            Self::LatestTag { .. } => "latest-tag",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MisleadingTag { provider, tag } => write!(
                f,
                "the tag {tag:?} of {provider} is not a version in its canonical form; OpenTofu lists it and then cannot find it"
            ),
            Self::LockFile(warning) => warning.fmt(f),
            Self::LockPredecessor { old, new } => {
                write!(f, "the lock entry of {old} counts for {new} as well")
            }
            Self::ZipHashAdded { provider, version } => write!(
                f,
                "the lock entry of {provider} {version} had no zip hash; it was checked by its content, and the zip hash was added"
            ),
            Self::IncompleteLock { providers } => {
                let names: Vec<String> = providers
                    .iter()
                    .map(|p| p.for_display().to_string())
                    .collect();
                write!(
                    f,
                    "the lock file has hashes for the installed platforms only: {}",
                    names.join(", ")
                )
            }
            Self::Package { filename, problem } | Self::Sbom { filename, problem } => {
                write!(f, "{filename:?}: {problem}")
            }
            Self::UncheckedSignature { filename } => write!(
                f,
                "the signature {filename:?} was made by none of the keys that are published with it"
            ),
            Self::Signature { filename, problem } => {
                write!(f, "the signature {filename:?}: {problem}")
            }
            Self::Proof { subject, problem } => write!(f, "{subject}: {problem}"),
            Self::UnreachableTag { tag, version } => write!(
                f,
                "clients take the tag {:?} for the version {version}, and then find no tag of that version",
                tag.as_str()
            ),
            Self::InvisibleTag { tag, version } => write!(
                f,
                "clients do not see the version {version} under the tag {:?}, because of the \"v\"",
                tag.as_str()
            ),
            Self::DevOverrides { overrides } => {
                let all: Vec<String> = overrides
                    .iter()
                    .map(|(provider, dir)| {
                        format!("{} ({})", provider.for_display(), dir.display())
                    })
                    .collect();
                write!(
                    f,
                    "the CLI configuration has development overrides, which clients use in place of what is installed: {}",
                    all.join(", ")
                )
            }
            Self::EvidenceEmbedded { place, reason } => write!(
                f,
                "the evidence of the release goes into the manifests of its packages, because {place} does not keep it beside them: {reason}"
            ),
            Self::EvidencePassedOver { problem } => write!(f, "{problem}; it was passed over"),
            Self::ModuleChanged { module, dir } => write!(
                f,
                "{dir} is not the package that the module lock file has recorded for {module}; it is fetched again"
            ),
            Self::ModuleTagMoved { module, tag, now } => write!(
                f,
                "{module} was installed as it is locked; the tag {:?} stands for {now} by now",
                tag.as_str()
            ),
            Self::ModuleUnlocked { module, source } => write!(
                f,
                "{module} is not in the module lock file: {source:?} is not in an OCI registry"
            ),
            Self::CacheUnusable { path, reason } => write!(
                f,
                "the package cache {} cannot be used fully: {reason}",
                path.display()
            ),
            Self::CacheShared { path } => write!(
                f,
                "others may change packages in the cache {}, so that they are hashed and copied whenever they are used",
                path.display()
            ),
            Self::StampsUnusable { path, reason } => write!(
                f,
                "the state directory {} is not used, so that packages in the cache are hashed whenever they are used: {reason}",
                path.display()
            ),
            Self::Quarantined {
                package,
                path,
                reason,
            } => write!(
                f,
                "the package {package} in the cache was not used and put aside, to {}: {reason}",
                path.display()
            ),
            Self::PluginCacheBusy { path } => write!(
                f,
                "waiting for another process, which has the lock {} of the plugin cache",
                path.display()
            ),
            Self::LatestTag { reason } => write!(f, "the tag latest was not moved: {reason}"),
        }
    }
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

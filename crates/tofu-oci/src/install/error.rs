//! Why an install stopped.

use std::io;
use std::path::PathBuf;

use tofu_oci_source::SourceError;
use tofu_oci_source::evidence::EvidenceError;
use tofu_oci_trust::TrustError;
use tofu_oci_trust::policy::Refusal;
use tofu_oci_types::oci::{Digest, Tag};
use tofu_oci_types::tofu::config::{ConfigErrors, Requirement};
use tofu_oci_types::tofu::lock_file::LockFileError;
use tofu_oci_types::tofu::module_lock::ModuleLockError;
use tofu_oci_types::tofu::syntax::SourceRange;
use tofu_oci_types::tofu::{ModuleRecordsError, PackageHash, Platform, ProviderAddr, Version};

use super::Subdirectory;
use super::tree::module_name;
use crate::cache::LinkMode;

/// What went wrong in an install. Whatever was in place stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The files of a module cannot be read.
    #[error("cannot read {module} in {}", .path.display())]
    ReadModule {
        /// The module.
        module: String,
        /// Its directory.
        path: PathBuf,
        /// What failed.
        #[source]
        source: io::Error,
    },
    /// The configuration has errors.
    #[error("the configuration has errors")]
    Configuration {
        /// The errors, with their places.
        #[source]
        source: Box<ConfigErrors>,
    },
    /// A file beside the configuration cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What failed.
        #[source]
        source: io::Error,
    },
    /// The lock file has errors.
    #[error("the lock file {} has errors", .path.display())]
    LockFile {
        /// The file.
        path: PathBuf,
        /// The errors, with their places.
        #[source]
        source: Box<LockFileError>,
    },
    /// `modules.json` has errors.
    #[error("the module records {} cannot be understood", .path.display())]
    Records {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: ModuleRecordsError,
    },
    /// Module calls nest too deeply.
    #[error("the module calls nest too deeply at {path}")]
    ModuleDepth {
        /// Where.
        path: String,
    },
    /// A local source leads out of the package that the calling module is in.
    #[error("{module} at {at}: the source {source_text:?} leads out of the module package")]
    ModuleEscapes {
        /// The module.
        module: String,
        /// The source.
        source_text: String,
        /// The call.
        at: Box<SourceRange>,
    },
    /// A local source names no directory.
    #[error("{module} at {at}: there is no directory {}", .path.display())]
    ModuleDirectory {
        /// The module.
        module: String,
        /// The directory.
        path: PathBuf,
        /// The call.
        at: Box<SourceRange>,
    },
    /// A source of a kind that is not fetched here.
    #[error("{module} at {at}: the source {source_text:?} is neither local nor in an OCI registry")]
    ModuleKind {
        /// The module.
        module: String,
        /// The source.
        source_text: String,
        /// The call.
        at: Box<SourceRange>,
    },
    /// A module package has no such subdirectory, or several.
    #[error("{module}: the subdirectory {pattern:?} of its package {}", match .problem {
        Subdirectory::Absent => "does not exist",
        Subdirectory::Several => "matches several directories",
    })]
    ModuleSubdirectory {
        /// The module.
        module: String,
        /// The subdirectory, perhaps a pattern.
        pattern: String,
        /// What is wrong.
        problem: Subdirectory,
    },
    /// A module package cannot be fetched.
    #[error("cannot install {module}, called at {at}")]
    Module {
        /// The module.
        module: String,
        /// The call.
        at: Box<SourceRange>,
        /// What failed.
        #[source]
        source: Box<SourceError>,
    },
    /// The module lock file has errors.
    #[error("the module lock file {} cannot be used", .path.display())]
    ModuleLock {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: ModuleLockError,
    },
    /// The module lock file may not change, and would have to.
    #[error("the module lock file does not fit the configuration: {}", unlocked(.module, .source_text, .locked.as_deref()))]
    ModuleNotLocked {
        /// The module.
        module: String,
        /// The source that it is called with.
        source_text: String,
        /// The source that it is locked for; `None` where it is not locked.
        locked: Option<String>,
    },
    /// The module lock file may not change, and has modules that are not called.
    #[error("the module lock file does not fit the configuration: it has, without need, {}", .modules.join(", "))]
    ModuleLockUnneeded {
        /// Locked, not called.
        modules: Vec<String>,
    },
    /// The manifest that is locked for a module has another package than was locked with it.
    #[error("the package of {module} is not the one that the module lock file has recorded")]
    ModuleLockMismatch {
        /// The module.
        module: String,
        /// The manifest.
        manifest: Digest,
        /// The hash that is locked.
        locked: PackageHash,
        /// The hash of the package.
        actual: PackageHash,
    },
    /// The manifest that is locked for a module is gone, and its tag stands for another.
    #[error("{module}, called at {at}, is locked at a manifest that is gone, and its tag {:?} has moved", .tag.as_str())]
    ModuleMoved {
        /// The module.
        module: String,
        /// The call.
        at: Box<SourceRange>,
        /// The tag.
        tag: Tag,
        /// What it stood for when it was locked.
        locked: Digest,
        /// What it stands for now.
        now: Digest,
    },
    /// The versions of a provider cannot be listed.
    #[error("cannot choose a version of {}, {}", .requirement.addr, asked(.requirement))]
    Versions {
        /// What is required, and by whom.
        requirement: Box<Requirement>,
        /// What failed.
        #[source]
        source: Box<SourceError>,
    },
    /// No version satisfies everybody.
    #[error("no version of {} satisfies {}; there {}", .requirement.addr, asked(.requirement), offered(.available))]
    NoVersion {
        /// What is required, and by whom.
        requirement: Box<Requirement>,
        /// The versions there are, ascending.
        available: Vec<Version>,
    },
    /// The locked version does not satisfy the configuration any more.
    #[error("{} is locked at {version}, which does not satisfy {}", .requirement.addr, asked(.requirement))]
    LockedVersion {
        /// The locked version.
        version: Version,
        /// What is required, and by whom.
        requirement: Box<Requirement>,
    },
    /// The locked version is not there any more.
    #[error("the locked version {version} of {provider} is no longer available")]
    LockedVersionGone {
        /// The provider.
        provider: ProviderAddr,
        /// The version.
        version: Version,
        /// What the source said.
        #[source]
        source: Box<SourceError>,
    },
    /// The package that is offered is not one that the lock file knows.
    #[error(
        "{provider} {version} for {platform} is not the package that the lock file has recorded"
    )]
    LockMismatch {
        /// The provider.
        provider: ProviderAddr,
        /// The version.
        version: Version,
        /// The platform.
        platform: Platform,
        /// Both sides' hashes.
        #[source]
        source: Box<TrustError>,
    },
    /// The evidence of a release could not be read, or is none of it.
    #[error("the evidence of {provider} {version} cannot be used")]
    Evidence {
        /// The provider.
        provider: ProviderAddr,
        /// The version.
        version: Version,
        /// What is wrong.
        #[source]
        source: Box<EvidenceError>,
    },
    /// Packages of a release are not let in.
    #[error("{provider} {version} for {} is refused", joined(.platforms))]
    Refused {
        /// The provider.
        provider: ProviderAddr,
        /// The version.
        version: Version,
        /// The platforms, in their order; at least one.
        platforms: Vec<Platform>,
        /// Why.
        #[source]
        source: Box<Refusal>,
    },
    /// The lock file may not change, and does not name the providers required.
    #[error("the lock file does not fit the configuration: {}", unfit(.missing, .unneeded))]
    LockIncomplete {
        /// Required, not locked.
        missing: Vec<ProviderAddr>,
        /// Locked, not required.
        unneeded: Vec<ProviderAddr>,
    },
    /// Finding or fetching a provider failed.
    #[error(transparent)]
    Source(Box<SourceError>),
    /// The plugin cache cannot be used.
    #[error("cannot put a package into the plugin cache at {}", .path.display())]
    PluginCache {
        /// The place of the package.
        path: PathBuf,
        /// What failed.
        #[source]
        source: io::Error,
    },
    /// The plugin cache has another package than the one that was fetched.
    #[error("the plugin cache has something else at {} than the package of {provider} {version}", .path.display())]
    PluginCacheConflict {
        /// The provider.
        provider: ProviderAddr,
        /// The version.
        version: Version,
        /// The place of the package.
        path: PathBuf,
        /// The hash of what is there, where it can be hashed.
        there: Option<PackageHash>,
        /// The hash of the package that was fetched.
        fetched: PackageHash,
    },
    /// Something could not be put into its place.
    #[error("cannot write {}", .path.display())]
    Place {
        /// The place.
        path: PathBuf,
        /// What failed.
        #[source]
        source: io::Error,
    },
    /// A package cannot get from the cache into its place in the way that was asked for.
    #[error("cannot {} {}", linking(.mode), .path.display())]
    Link {
        /// The place.
        path: PathBuf,
        /// The way.
        mode: LinkMode,
        /// What failed.
        #[source]
        source: io::Error,
    },
    /// Nothing may be fetched, and something is nowhere on this machine.
    #[error("nothing may be fetched, and this is in no cache: {}", .missing.join(", "))]
    Offline {
        /// The packages that are missing, each with who needs it.
        missing: Vec<String>,
    },
    /// A worker stopped without an answer.
    #[error("the work on {} was cut off", .path.display())]
    Interrupted {
        /// What it worked on.
        path: PathBuf,
    },
    /// Several independent failures.
    #[error("{} failures", .0.len())]
    Several(
        /// The failures, in the order of what they are about.
        Vec<InstallError>,
    ),
}

impl InstallError {
    /// No error, the one, or all of them together.
    pub(crate) fn all(mut errors: Vec<Self>) -> Result<(), Self> {
        let mut flat = Vec::new();
        for error in errors.drain(..) {
            match error {
                Self::Several(more) => flat.extend(more),
                one => flat.push(one),
            }
        }
        match (flat.pop(), flat.is_empty()) {
            (None, _) => Ok(()),
            (Some(one), true) => Err(one),
            (Some(last), false) => {
                flat.push(last);
                Err(Self::Several(flat))
            }
        }
    }
}

fn linking(mode: &LinkMode) -> &'static str {
    match mode {
        LinkMode::Clone => "clone files to",
        LinkMode::Hardlink => "link files to",
        LinkMode::Auto | LinkMode::Copy => "copy files to",
    }
}

fn asked(requirement: &Requirement) -> String {
    let who: Vec<String> = requirement
        .required_by
        .iter()
        .map(|by| {
            let constraints = by.constraints.as_deref().unwrap_or("any version");
            let path: Vec<String> = by.module.split('.').map(str::to_owned).collect();
            let module = module_name(if by.module.is_empty() { &[] } else { &path });
            format!("{constraints:?} ({module} at {})", by.at)
        })
        .collect();
    if who.is_empty() {
        return "no constraint".to_owned();
    }
    who.join(" and ")
}

fn offered(available: &[Version]) -> String {
    const SHOWN: usize = 5;
    if available.is_empty() {
        return "is no version at all".to_owned();
    }
    let newest: Vec<String> = available
        .iter()
        .rev()
        .take(SHOWN)
        .map(ToString::to_string)
        .collect();
    let more = available.len().saturating_sub(SHOWN);
    let tail = if more == 0 {
        String::new()
    } else {
        format!(" and {more} older")
    };
    format!("is {}{tail}", newest.join(", "))
}

fn joined(platforms: &[Platform]) -> String {
    let names: Vec<String> = platforms.iter().map(ToString::to_string).collect();
    names.join(", ")
}

fn unlocked(module: &str, source: &str, locked: Option<&str>) -> String {
    match locked {
        Some(locked) => format!("it has {module} for the source {locked:?}, not for {source:?}"),
        None => format!("it lacks {module}"),
    }
}

fn unfit(missing: &[ProviderAddr], unneeded: &[ProviderAddr]) -> String {
    let parts = [
        listed("it lacks ", missing),
        listed("it has, without need, ", unneeded),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join("; ")
}

fn listed(head: &str, providers: &[ProviderAddr]) -> Option<String> {
    if providers.is_empty() {
        return None;
    }
    let names: Vec<String> = providers.iter().map(ToString::to_string).collect();
    Some(format!("{head}{}", names.join(", ")))
}

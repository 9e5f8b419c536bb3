//! What came of a verification.

use std::path::PathBuf;

use tofu_oci_trust::policy::{LockStanding, Verdict};
use tofu_oci_types::oci::{Address, Digest, Tag};
use tofu_oci_types::tofu::{OciModule, PackageHash, Platform, ProviderAddr, Version};

use super::VerifyError;

/// What was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerifiedPlace {
    /// A release, or a module, in a repository.
    Release {
        /// Where, with its digest.
        address: Address,
        /// The tag that was named, or chosen.
        tag: Option<Tag>,
    },
    /// What a lock file names.
    LockFile {
        /// The lock file.
        path: PathBuf,
    },
    /// What is installed.
    Directory {
        /// The directory of the root module.
        path: PathBuf,
    },
}

/// What was looked at to know that a package is what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// The manifests that name it by its digest.
    Manifests,
    /// The package, too: every file in it.
    Content,
    /// The files that it was unpacked to.
    Files,
    /// Nothing could be.
    Nothing,
}

/// A module package that a configuration calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedModule {
    /// The calls that lead to it, as the clients name them: `module.network.module.label`.
    pub name: String,
    /// What is locked for it.
    pub source: OciModule,
}

/// One package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageReport {
    /// The provider, where its address is known.
    pub provider: Option<ProviderAddr>,
    /// The call of a module, where that is known.
    pub module: Option<VerifiedModule>,
    /// The version, where it is known.
    pub version: Option<Version>,
    /// The platform; `None` for a module.
    pub platform: Option<Platform>,
    /// The name that it must have in checksums files; `None` where it is unpacked.
    pub filename: Option<String>,
    /// The digest of its zip; `None` where it is unpacked.
    pub digest: Option<Digest>,
    /// The hash of its unpacked files, where they were read.
    pub h1: Option<PackageHash>,
    /// Its directory, where it is unpacked.
    pub dir: Option<PathBuf>,
    /// What was looked at.
    pub checked: Checked,
    /// What the lock file says; `None` where there is none.
    pub lock: Option<LockStanding>,
    /// What is proven.
    pub verdict: Verdict,
}

/// Something among installed packages that the lock file does not name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrayPackage {
    /// The file or directory.
    pub path: PathBuf,
    /// Why nobody asks for it: lower case, no full stop.
    pub reason: String,
}

/// What came of a verification.
#[derive(Debug)]
pub struct VerifyReport {
    /// What was verified.
    pub place: VerifiedPlace,
    /// The packages, by source address, version and platform; then modules, by their calls.
    pub packages: Vec<PackageReport>,
    /// What lies among installed packages and belongs to none, by path.
    pub stray: Vec<StrayPackage>,
    /// Everything that is not as it should be.
    pub failures: Vec<VerifyError>,
}

impl VerifyReport {
    pub(super) fn new(place: VerifiedPlace) -> Self {
        Self {
            place,
            packages: Vec::new(),
            stray: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// Adds a package, and its refusal to what is not as it should be, unless another package of the release was
    /// refused for the same.
    pub(super) fn add(&mut self, package: PackageReport) {
        if let Some(refusal) = &package.verdict.refusal {
            let mut told = self
                .failures
                .iter_mut()
                .filter_map(|failure| match failure {
                    VerifyError::Refused { source } => Some(source),
                    _ => None,
                });
            if !told.any(|told| told.unite(refusal)) {
                self.failures.push(VerifyError::Refused {
                    source: refusal.clone(),
                });
            }
        }
        self.packages.push(package);
    }
}

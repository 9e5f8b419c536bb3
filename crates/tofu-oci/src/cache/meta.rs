//! `meta.json`: what a package is, for people and for `list`. Nothing is decided by it.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tofu_oci_store::files::Files;
use tofu_oci_types::oci::Digest;
use tofu_oci_types::tofu::{PackageHash, Platform, ProviderAddr, Version};

/// How large the file may be, in bytes.
const LIMIT: u64 = 64 * 1024;

/// What a package is said to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Meta {
    pub(super) form: u32,
    pub(super) provider: String,
    pub(super) version: String,
    pub(super) platform: String,
    pub(super) zip: String,
    /// The length of the zip, in bytes.
    pub(super) zip_size: u64,
    pub(super) h1: String,
}

/// Which package of which release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageName {
    /// The provider.
    pub provider: ProviderAddr,
    /// The version.
    pub version: Version,
    /// The platform.
    pub platform: Platform,
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let provider = self.provider.for_display();
        write!(f, "{provider} {} {}", self.version, self.platform)
    }
}

impl Meta {
    pub(super) fn new(name: &PackageName, zip: (&Digest, u64), h1: &PackageHash) -> Self {
        Self {
            form: 1,
            provider: name.provider.to_string(),
            version: name.version.to_string(),
            platform: name.platform.to_string(),
            zip: zip.0.to_string(),
            zip_size: zip.1,
            h1: h1.to_string(),
        }
    }

    /// What stands there, if it can be understood.
    pub(super) fn read(files: &Files, entry: &Path) -> Option<Self> {
        let bytes = files.read(&path(entry), LIMIT).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// The release, if it is named in words that are understood.
    pub(super) fn name(&self) -> Option<PackageName> {
        Some(PackageName {
            provider: ProviderAddr::parse(&self.provider).ok()?,
            version: Version::canonical(&self.version).ok()?,
            platform: self.platform.parse().ok()?,
        })
    }
}

/// `ENTRY/meta.json`, whose modification time says when the package was last used.
pub(super) fn path(entry: &Path) -> PathBuf {
    entry.join("meta.json")
}

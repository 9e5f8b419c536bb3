//! A package in the cache that is proven to be what somebody wanted.

use std::fmt;

use tofu_oci_store::files::Ownership;
use tofu_oci_types::oci::Digest;
use tofu_oci_types::tofu::{PackageHash, Platform, ProviderAddr};

use super::Tree;

/// What a zip was looked into for: the executable of a provider of this type, for this platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The type.
    pub(crate) kind: String,
    /// The platform.
    pub(crate) platform: Platform,
}

impl Subject {
    pub(crate) fn of(provider: &ProviderAddr, platform: &Platform) -> Self {
        Self {
            kind: provider.kind().to_owned(),
            platform: platform.clone(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.platform)
    }
}

/// A package in the cache. Its `h1` was computed by us, from the files as they are now.
#[derive(Debug, Clone)]
pub(crate) struct CachedPackage {
    pub(super) digest: Digest,
    pub(super) h1: PackageHash,
    /// Whether we saw that very zip unpack to this tree; else the lock file vouches for the tree alone.
    pub(super) from_zip: FromZip,
    pub(super) tree: Tree,
}

/// Whether the zip of a tree is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FromZip {
    /// We unpacked it.
    Proven,
    /// Somebody says so.
    Claimed,
}

impl CachedPackage {
    /// The hash of its tree.
    pub(crate) fn h1(&self) -> &PackageHash {
        &self.h1
    }

    /// The hashes that we computed, sorted: these may enter a lock file.
    pub(crate) fn hashes(&self) -> Vec<PackageHash> {
        let zh = self.zip().and_then(PackageHash::zh);
        let mut hashes: Vec<_> = std::iter::once(self.h1.clone()).chain(zh).collect();
        hashes.sort();
        hashes
    }

    /// The zip that we saw unpack to this tree.
    pub(crate) fn zip(&self) -> Option<&Digest> {
        match self.from_zip {
            FromZip::Proven => Some(&self.digest),
            FromZip::Claimed => None,
        }
    }

    /// Whether nobody but us and the administrator may change it.
    pub(crate) fn is_protected(&self) -> bool {
        self.tree.ownership() != Ownership::Foreign
    }
}

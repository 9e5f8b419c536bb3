//! What a lock file lets in, and what may go into one.

use std::collections::BTreeSet;

use tofu_oci_types::oci::Digest;
use tofu_oci_types::tofu::PackageHash;

use crate::{TrustError, VerifiedPackage};

/// The hashes that a lock file has for the version that is fetched.
///
/// Only `h1` and `zh` count, and one that matches is enough: the entry holds the hashes of all
/// platforms. Without a usable hash (no entry, another version, only unknown schemes) there is
/// nothing to check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockCheck {
    usable: BTreeSet<PackageHash>,
}

/// What a lock file says about a package before it is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeforeFetch {
    /// Nothing: there is no usable hash.
    Unlocked,
    /// The zip is a known one.
    Known,
    /// There are only `h1` hashes: whether it is a known package shows when it was fetched, and
    /// the entry should get the `zh` too.
    AfterFetch,
}

/// Why the lock file let a package in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockMatch {
    /// It has no usable hash for this version.
    Unlocked,
    /// It has these hashes of the package, sorted; at least one.
    Matched(Vec<PackageHash>),
}

impl LockCheck {
    /// A check against the hashes of the lock entry of exactly this version.
    pub fn of<'a>(hashes: impl IntoIterator<Item = &'a PackageHash>) -> Self {
        Self {
            usable: hashes
                .into_iter()
                .filter(|hash| hash.is_usable())
                .cloned()
                .collect(),
        }
    }

    /// A check that lets everything in: there is no entry for this version.
    pub fn unlocked() -> Self {
        Self::default()
    }

    /// The usable hashes, sorted.
    pub fn hashes(&self) -> impl Iterator<Item = &PackageHash> {
        self.usable.iter()
    }

    /// Compares the digest of the layer before anything is fetched.
    ///
    /// # Errors
    ///
    /// [`TrustError::Locked`] where the entry has `zh` hashes and this is none of them.
    pub fn before_fetch(&self, layer: &Digest) -> Result<BeforeFetch, TrustError> {
        if self.usable.is_empty() {
            return Ok(BeforeFetch::Unlocked);
        }
        let zh = PackageHash::zh(layer);
        match zh.as_ref().is_some_and(|zh| self.usable.contains(zh)) {
            true => Ok(BeforeFetch::Known),
            false if self.usable.iter().any(PackageHash::is_zh) => {
                Err(self.mismatch(zh.into_iter().collect()))
            }
            false => Ok(BeforeFetch::AfterFetch),
        }
    }

    /// Compares the hashes computed from a package.
    ///
    /// # Errors
    ///
    /// [`TrustError::Locked`] where none of them is in the entry.
    pub fn compare(&self, computed: &[PackageHash]) -> Result<LockMatch, TrustError> {
        if self.usable.is_empty() {
            return Ok(LockMatch::Unlocked);
        }
        let computed: BTreeSet<_> = computed.iter().cloned().collect();
        let matched: Vec<_> = self.usable.intersection(&computed).cloned().collect();
        match matched.is_empty() {
            true => Err(self.mismatch(computed.into_iter().collect())),
            false => Ok(LockMatch::Matched(matched)),
        }
    }

    fn mismatch(&self, actual: Vec<PackageHash>) -> TrustError {
        TrustError::Locked {
            locked: self.usable.iter().cloned().collect(),
            actual,
        }
    }
}

/// The hashes of a package that an install may record: those of an OCI mirror, so `h1` of the
/// unpacked tree and `zh` of this platform. Sorted.
///
/// Only hashes that we computed go in, and not that of an archive whose directory entries give it
/// another `h1`: `init` does not write it either. What others say goes in by policies that come
/// with their vouchers.
pub fn install_hashes(package: &VerifiedPackage) -> Vec<PackageHash> {
    let mut hashes = vec![package.h1().clone(), package.zh().clone()];
    hashes.sort();
    hashes
}

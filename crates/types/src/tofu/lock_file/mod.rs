//! `.terraform.lock.hcl`: which version of each provider was chosen, and the hashes its packages
//! may have.
//!
//! ```hcl
//! # This file is maintained automatically by "tofu init".
//! # Manual edits may be lost in future updates.
//!
//! provider "registry.opentofu.org/acme/demo" {
//!   version     = "1.2.0"
//!   constraints = "~> 1.0"
//!   hashes = [
//!     "h1:…",
//!     "zh:…",
//!   ]
//! }
//! ```
//!
//! The file is always written whole, byte for byte as `tofu init` writes it: comments of users are
//! lost, as they are there. Only the header line says which client made the file, so it is kept.
//!
//! OpenTofu documentation, "Dependency Lock File".

mod read;
mod write;

pub use read::{LockFileError, LockWarning};

use std::collections::BTreeMap;

use super::{Hostname, PackageHash, ProviderAddr, Version, VersionConstraints};

/// A dependency lock file: at most one entry a provider.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockFile {
    origin: Option<LockOrigin>,
    providers: BTreeMap<ProviderAddr, ProviderLock>,
}

/// The entry of one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderLock {
    /// The provider: neither built in nor legacy.
    pub addr: ProviderAddr,
    /// The version that was chosen.
    pub version: Version,
    /// What all modules asked for when it was chosen; information only. May be empty.
    pub constraints: VersionConstraints,
    /// The hashes of packages that are accepted, in the order of the file they were read from.
    /// Written sorted and without repetition; hashes of unknown schemes are kept.
    pub hashes: Vec<PackageHash>,
}

/// The client whose name stands in the header of a lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LockOrigin {
    /// `tofu init`
    #[default]
    Tofu,
    /// `terraform init`
    Terraform,
}

impl LockFile {
    /// A file without entries, headed for `origin`.
    pub fn new(origin: LockOrigin) -> Self {
        Self {
            origin: Some(origin),
            providers: BTreeMap::new(),
        }
    }

    /// Whose header the file has; `None` if it was read and has neither.
    pub fn origin(&self) -> Option<LockOrigin> {
        self.origin
    }

    /// Heads the file for `origin`, unless it was read with a header.
    pub fn or_origin(mut self, origin: LockOrigin) -> Self {
        self.origin = self.origin.or(Some(origin));
        self
    }

    /// The entry of a provider.
    pub fn get(&self, addr: &ProviderAddr) -> Option<&ProviderLock> {
        self.providers.get(addr)
    }

    /// Puts an entry, in place of an older one.
    pub fn set(&mut self, lock: ProviderLock) {
        self.providers.insert(lock.addr.clone(), lock);
    }

    /// Removes the entry of a provider and hands it out.
    pub fn remove(&mut self, addr: &ProviderAddr) -> Option<ProviderLock> {
        self.providers.remove(addr)
    }

    /// Keeps the entries that `keep` says yes to: what is left when a provider is no longer
    /// required.
    pub fn retain(&mut self, mut keep: impl FnMut(&ProviderLock) -> bool) {
        self.providers.retain(|_, lock| keep(lock));
    }

    /// The entries, in the order in which they are written.
    pub fn iter(&self) -> impl Iterator<Item = &ProviderLock> {
        self.providers.values()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.providers.is_empty()
    }

    /// Whether writing this file over `loaded` would change nothing that counts: the same
    /// providers with exactly the same versions and the same hashes in the same order.
    ///
    /// Constraints do not count, so an edited constraint alone never reaches the file; an unsorted
    /// or repeated hash in `loaded` does. Both are OpenTofu's rules for leaving the file alone.
    pub fn same_as(&self, loaded: &Self) -> bool {
        let same = |(a, b): (&ProviderLock, &ProviderLock)| {
            (&a.addr, &a.version, &a.hashes) == (&b.addr, &b.version, &b.hashes)
        };
        self.providers.len() == loaded.providers.len() && self.iter().zip(loaded.iter()).all(same)
    }

    /// The file with an entry for every provider of OpenTofu's registry that so far has one only
    /// for its predecessor, and the list of `predecessor => added`, sorted.
    ///
    /// A lock file of Terraform names `registry.terraform.io/hashicorp/NAME`; OpenTofu means
    /// `registry.opentofu.org/hashicorp/NAME` by the same local name. The added entries have
    /// version and constraints, but no hashes: the packages are others.
    pub fn with_predecessors(mut self) -> (Self, Vec<(ProviderAddr, ProviderAddr)>) {
        let successor = |lock: &ProviderLock| {
            let text = lock.addr.to_string();
            let name = text.strip_prefix("registry.terraform.io/hashicorp/")?;
            ProviderAddr::parse_on(&format!("hashicorp/{name}"), &Hostname::opentofu()).ok()
        };
        let mut added = Vec::new();
        for lock in self.providers.values() {
            if let Some(addr) = successor(lock)
                && !self.providers.contains_key(&addr)
            {
                added.push((lock.addr.clone(), addr));
            }
        }
        for (from, to) in &added {
            if let Some(mut lock) = self.providers.get(from).cloned() {
                lock.addr = to.clone();
                lock.hashes.clear();
                self.set(lock);
            }
        }
        (self, added)
    }
}

impl ProviderLock {
    /// The hashes that a package can be compared with: `h1` and `zh`.
    pub fn usable_hashes(&self) -> impl Iterator<Item = &PackageHash> {
        self.hashes.iter().filter(|hash| hash.is_usable())
    }
}

/// All hashes of both lists, sorted bytewise, each one once.
pub fn merge_hashes(a: &[PackageHash], b: &[PackageHash]) -> Vec<PackageHash> {
    let mut all = [a, b].concat();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests;

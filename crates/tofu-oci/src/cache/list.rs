//! What is in the cache.

use std::io;
use std::time::SystemTime;

use tofu_oci_store::files::{EntryKind, link_count};
use tofu_oci_types::oci::Digest;

use super::meta::{self, Meta};
use super::{PackageCache, PackageName, Tree, digest_of};

/// A package in the cache, as it looks without being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheEntry {
    /// The digest of its zip.
    pub digest: Digest,
    /// What it says it is.
    pub package: Option<PackageName>,
    /// Bytes of its files; 0 where it is damaged.
    pub size: u64,
    /// When it was last used, to the day.
    pub last_used: Option<SystemTime>,
    /// Whether it can be used without being read.
    pub stamped: Stamped,
    /// Whether its files have names in working directories.
    pub in_use: InUse,
}

/// Whether the stamp of a package agrees with its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamped {
    /// It does.
    Yes,
    /// It does not, or there is none: the files are hashed when they are used.
    No,
}

/// Whether files of a package are hard links into working directories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InUse {
    /// Some are: removing the package frees little.
    Linked,
    /// None is. Packages that were cloned or copied do not tell.
    Unlinked,
}

impl PackageCache {
    /// The packages in the cache, by digest. A cache that is not there has none.
    ///
    /// # Errors
    ///
    /// Of the kind `NotADirectory` where something else is in its place; else the system's.
    pub fn list(&self) -> io::Result<Vec<CacheEntry>> {
        let digests = self.digests()?;
        Ok(digests.iter().filter_map(|at| self.describe(at)).collect())
    }

    /// The digests of the packages that are there.
    pub(super) fn digests(&self) -> io::Result<Vec<Digest>> {
        let dir = self.packages();
        for above in [&self.dir, &self.root, &self.root.join("packages"), &dir] {
            if !self.is_there(above)? {
                return Ok(Vec::new());
            }
        }
        let entries = self.files.read_dir(&dir)?;
        let directories = entries.iter().filter(|e| e.kind == EntryKind::Directory);
        Ok(directories.filter_map(|e| digest_of(&e.name)).collect())
    }

    /// A package; none where it went away meanwhile.
    fn describe(&self, digest: &Digest) -> Option<CacheEntry> {
        let entry = self.entry(digest)?;
        let used = [meta::path(&entry), entry.clone()];
        let mut used = used
            .iter()
            .filter_map(|path| self.files.metadata(path).ok()?);
        let last_used = used.next()?.modified().ok();
        let tree = Tree::look(&self.files, &entry.join("tree")).ok();
        let stamp = self.stamp(digest);
        let agrees = match (&tree, &stamp) {
            (Some(tree), Some(stamp)) => stamp.agrees(tree),
            _ => false,
        };
        let linked = tree.as_ref().is_some_and(|tree| self.is_linked(tree));
        Some(CacheEntry {
            digest: digest.clone(),
            package: Meta::read(&self.files, &entry).and_then(|meta| meta.name()),
            size: tree.as_ref().map_or(0, Tree::size),
            last_used,
            stamped: if agrees { Stamped::Yes } else { Stamped::No },
            in_use: if linked {
                InUse::Linked
            } else {
                InUse::Unlinked
            },
        })
    }

    fn is_linked(&self, tree: &Tree) -> bool {
        tree.files().keys().any(|name| {
            let metadata = self.files.metadata(&tree.root().join(name));
            metadata.is_ok_and(|m| m.is_some_and(|m| link_count(&m) > 1))
        })
    }
}

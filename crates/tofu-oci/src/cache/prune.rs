//! Making room in the cache.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tofu_oci_store::files::{EntryKind, is_temporary};
use tofu_oci_types::oci::Digest;

use super::fill::remove;
use super::{CacheEntry, InUse, PackageCache, PackageName};
use crate::install::Writes;

/// Which packages go. A package goes if one of the rules says so.
#[derive(Debug, Clone, Default)]
pub struct PruneOptions {
    /// Those that were not used for so long.
    pub older_than: Option<Duration>,
    /// First what is in the quarantine, then those that were used least recently, until what is left has so many
    /// bytes, the rest of the quarantine included.
    pub max_size: Option<u64>,
    /// Those that no working directory has hard links to.
    pub unused: Unused,
    /// Whether they are removed.
    pub writes: Writes,
}

/// What happens to packages that no working directory is linked to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unused {
    /// They stay, if no other rule says otherwise.
    #[default]
    Kept,
    /// They go.
    Removed,
    /// Everything goes, linked to or not, and the quarantine and the kept evidence as well.
    AndUsed,
}

/// A package that was removed, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrunedEntry {
    /// The digest of its zip.
    pub digest: Digest,
    /// What it said it was.
    pub package: Option<PackageName>,
    /// Bytes of its files.
    pub size: u64,
    /// Where it was.
    pub from: PrunedFrom,
}

/// From where a package is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrunedFrom {
    /// From the packages that installs use.
    Packages,
    /// From the quarantine, where nobody uses it.
    Quarantine,
}

/// What pruning did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PruneReport {
    /// The packages that were removed, by digest, those of the quarantine behind the others.
    pub removed: Vec<PrunedEntry>,
    /// How many packages stay.
    pub kept: u64,
    /// Bytes of those.
    pub kept_size: u64,
    /// How many packages stay in the quarantine.
    pub quarantined: u64,
    /// Bytes of those.
    pub quarantined_size: u64,
}

impl PackageCache {
    /// Removes packages, and what stopped processes left. Installs may go on meanwhile: one that loses a package
    /// fetches it.
    ///
    /// # Errors
    ///
    /// The system's; what was removed before stays removed.
    pub fn prune(&self, options: &PruneOptions) -> io::Result<PruneReport> {
        self.check_links()?;
        let quarantined = self.quarantined()?;
        let mut entries = self.list()?;
        // The least recently used first.
        entries.sort_by_key(|entry| (entry.last_used, entry.digest.to_string()));
        let mut size: u64 = entries.iter().map(|entry| entry.size).sum();
        size += quarantined.iter().map(|entry| entry.size).sum::<u64>();
        let mut report = PruneReport::default();
        // What nobody uses makes room for what somebody may.
        for entry in quarantined {
            let large = options.max_size.is_some_and(|max| size > max);
            if large || options.unused == Unused::AndUsed {
                if options.writes == Writes::Execute {
                    remove(&self.files, &entry.path)?;
                }
                size = size.saturating_sub(entry.size);
                report.removed.push(PrunedEntry {
                    digest: entry.digest,
                    package: entry.package,
                    size: entry.size,
                    from: PrunedFrom::Quarantine,
                });
            } else {
                report.quarantined += 1;
                report.quarantined_size += entry.size;
            }
        }
        for entry in entries {
            let large = options.max_size.is_some_and(|max| size > max);
            let goes = large || self.is_to_go(&entry, options);
            if goes && self.remove_entry(&entry.digest, options.writes)? {
                size = size.saturating_sub(entry.size);
                report.removed.push(PrunedEntry {
                    digest: entry.digest,
                    package: entry.package,
                    size: entry.size,
                    from: PrunedFrom::Packages,
                });
            } else {
                report.kept += 1;
                report.kept_size += entry.size;
            }
        }
        report
            .removed
            .sort_by(|a, b| (&a.digest, a.from).cmp(&(&b.digest, b.from)));
        if options.writes == Writes::Execute {
            self.sweep();
            self.sweep_locks()?;
            self.sweep_releases(&self.root.join("releases"), 5)?;
            if options.unused == Unused::AndUsed {
                remove(&self.files, &self.quarantine_dir())?;
                remove(&self.files, &self.root.join("evidence"))?;
            }
            if let Some(stamps) = &self.stamps {
                stamps.sweep(|path| self.is_leftover(path))?;
            }
        }
        Ok(report)
    }

    fn is_to_go(&self, entry: &CacheEntry, options: &PruneOptions) -> bool {
        let old = options.older_than.is_some_and(|limit| {
            let age = |at: SystemTime| self.now.duration_since(at).unwrap_or_default();
            entry.last_used.is_some_and(|at| age(at) >= limit)
        });
        let unused = match options.unused {
            Unused::Kept => false,
            Unused::Removed => entry.in_use == InUse::Unlinked,
            Unused::AndUsed => true,
        };
        old || unused
    }

    /// Removes a package, unless somebody works on it.
    fn remove_entry(&self, digest: &Digest, writes: Writes) -> io::Result<bool> {
        let Some(entry) = self.entry(digest) else {
            return Ok(false);
        };
        if writes == Writes::DryRun {
            return Ok(true);
        }
        let Some(_lock) = self.try_lock(digest)? else {
            return Ok(false);
        };
        self.files.create_dirs(&self.new_dir())?;
        // Gone at once; whoever sweeps removes it if we are stopped.
        let aside = self.new_dir().join(digest.encoded());
        remove(&self.files, &aside)?;
        match self.files.rename(&entry, &aside) {
            // Somebody else removed it, or put it aside, since it was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            renamed => renamed?,
        }
        remove(&self.files, &aside)?;
        if let Some(stamps) = &self.stamps {
            stamps.remove_package(digest);
        }
        Ok(true)
    }

    /// Removes the lock files of packages that are not there, each while it is held.
    fn sweep_locks(&self) -> io::Result<()> {
        for path in self.children(&self.locks())? {
            self.sweep_turns(&path)?;
            let digest = path.file_name().and_then(super::digest_of);
            let gone = |digest: &Digest| {
                let entry = self.entry(digest).map(|entry| self.files.metadata(&entry));
                matches!(entry, Some(Ok(None)))
            };
            if let Some(digest) = digest.filter(gone)
                && let Some(_lock) = self.try_lock(&digest)?
            {
                self.files.remove_file(&path)?;
            }
        }
        Ok(())
    }

    /// Removes the memories of packages that are not there, and directories that become empty.
    fn sweep_releases(&self, path: &Path, depth: usize) -> io::Result<()> {
        for child in self.children(path)? {
            if depth > 1 {
                self.sweep_releases(&child, depth - 1)?;
                continue;
            }
            let there = || self.read_memory(&child).is_some_and(|zip| self.has(&zip));
            let goes = match is_temporary(&child) {
                true => self.is_leftover(&child),
                false => !there(),
            };
            if goes {
                remove(&self.files, &child)?;
            }
        }
        // Only empty ones go.
        let _ = self.files.remove_dir(path);
        Ok(())
    }

    /// Whether somebody who was stopped left the file: it was to be renamed, and nobody works on one for so long.
    fn is_leftover(&self, path: &Path) -> bool {
        const LONG: Duration = Duration::from_secs(60 * 60);
        let age = || {
            let metadata = self.files.metadata(path).ok()??;
            self.now.duration_since(metadata.modified().ok()?).ok()
        };
        is_temporary(path) && age().is_some_and(|age| age > LONG)
    }

    fn children(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        match self.files.metadata(dir)? {
            Some(metadata) if metadata.is_dir() => {
                let entries = self.files.read_dir(dir)?.into_iter();
                let known = entries.filter(|entry| entry.kind != EntryKind::Other);
                Ok(known.map(|entry| dir.join(entry.name)).collect())
            }
            _ => Ok(Vec::new()),
        }
    }
}

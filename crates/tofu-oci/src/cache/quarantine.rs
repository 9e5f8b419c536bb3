//! Packages that are not what they should be, put where nobody uses them and somebody can look at them.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tofu_oci_store::files::EntryKind;
use tofu_oci_types::oci::Digest;

use super::meta::{self, Meta};
use super::{PackageCache, PackageName, Tree, digest_of};
use crate::Warning;

/// How many times one package may be put aside.
const TIMES: u32 = 1000;

/// A package that was put aside.
#[derive(Debug)]
pub(super) struct QuarantinedEntry {
    /// The digest of the zip that it should have been.
    pub(super) digest: Digest,
    /// Where it is.
    pub(super) path: PathBuf,
    /// What it says it is.
    pub(super) package: Option<PackageName>,
    /// Bytes of its files.
    pub(super) size: u64,
    /// When it was last used.
    pub(super) last_used: Option<SystemTime>,
}

impl PackageCache {
    pub(super) fn quarantine_dir(&self) -> PathBuf {
        self.root.join("quarantine")
    }

    /// What was put aside, what was used least recently first.
    pub(super) fn quarantined(&self) -> io::Result<Vec<QuarantinedEntry>> {
        let dir = self.quarantine_dir();
        if !self.is_there(&dir)? {
            return Ok(Vec::new());
        }
        let mut quarantined = Vec::new();
        for entry in self.files.read_dir(&dir)? {
            let name = Path::new(&entry.name).file_stem().and_then(digest_of);
            let Some(digest) = name.filter(|_| entry.kind == EntryKind::Directory) else {
                continue;
            };
            let path = dir.join(&entry.name);
            let mut used = [meta::path(&path), path.clone()]
                .into_iter()
                .filter_map(|path| self.files.metadata(&path).ok()?);
            // Somebody else may have removed it meanwhile.
            let Some(metadata) = used.next() else {
                continue;
            };
            quarantined.push(QuarantinedEntry {
                digest,
                package: Meta::read(&self.files, &path).and_then(|meta| meta.name()),
                size: self.size_below(&path),
                last_used: metadata.modified().ok(),
                path,
            });
        }
        quarantined.sort_by(|a, b| (a.last_used, &a.path).cmp(&(b.last_used, &b.path)));
        Ok(quarantined)
    }

    /// Bytes of all files below `dir`, as far as they can be looked at; it may be anything but a package.
    fn size_below(&self, dir: &Path) -> u64 {
        let (mut size, mut open) = (0_u64, vec![dir.to_owned()]);
        while let Some(dir) = open.pop() {
            for entry in self.files.read_dir(&dir).unwrap_or_default() {
                let path = dir.join(&entry.name);
                match entry.kind {
                    EntryKind::Directory => open.push(path),
                    EntryKind::File | EntryKind::Other => {
                        let metadata = self.files.metadata(&path).ok().flatten();
                        size = size.saturating_add(metadata.map_or(0, |m| m.len()));
                    }
                }
            }
        }
        size
    }

    /// Puts the package aside and says so, unless somebody else works on it at the moment, or has replaced what was
    /// `seen`: its tree, or nothing where that is not one of a package.
    pub(super) fn quarantine(&self, digest: &Digest, seen: Option<&Tree>, reason: &str) {
        let Ok(Some(_lock)) = self.try_lock(digest) else {
            return;
        };
        let entry = self.entry(digest);
        let same = match entry.map(|entry| Tree::look(&self.files, &entry.join("tree"))) {
            Some(Ok(there)) => seen == Some(&there),
            Some(Err(error)) => seen.is_none() && error.kind() == io::ErrorKind::InvalidData,
            None => false,
        };
        if same {
            // What cannot be moved is not believed either.
            let _ = self.quarantine_locked(digest, reason);
        }
    }

    /// As [`quarantine`](Self::quarantine), for the holder of the package's lock.
    pub(super) fn quarantine_locked(&self, digest: &Digest, reason: &str) -> io::Result<PathBuf> {
        let entry = self.entry(digest).ok_or(io::ErrorKind::InvalidInput)?;
        let name = Meta::read(&self.files, &entry).and_then(|meta| meta.name());
        let dir = self.quarantine_dir();
        self.files.create_dirs(&dir)?;
        let mut free = None;
        for n in 0..TIMES {
            let path = dir.join(format!("{}.{n}", digest.encoded()));
            if self.files.metadata(&path)?.is_none() {
                free = Some(path);
                break;
            }
        }
        let path = free.ok_or(io::ErrorKind::AlreadyExists)?;
        self.files.rename(&entry, &path)?;
        if let Some(stamps) = &self.stamps {
            stamps.remove_package(digest);
        }
        self.progress.warn(Warning::Quarantined {
            package: name.map_or_else(|| digest.to_string(), |name| name.to_string()),
            path: path.clone(),
            reason: reason.to_owned(),
        });
        Ok(path)
    }
}

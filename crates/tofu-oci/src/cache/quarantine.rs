//! Packages that are not what they should be, put where nobody uses them and somebody can look at them.

use std::io;
use std::path::PathBuf;

use tofu_oci_types::oci::Digest;

use super::meta::Meta;
use super::{PackageCache, Tree};
use crate::Warning;

/// How many times one package may be put aside.
const TIMES: u32 = 1000;

impl PackageCache {
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
        let dir = self.root.join("quarantine");
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

//! The place beside an installation where it is prepared.
//!
//! ```text
//! DATA/.tofu-oci/lock        held by the one install that runs in this data directory
//! DATA/.tofu-oci/new/N/      a package that is being unpacked
//! DATA/.tofu-oci/old/N/      a package that was replaced, on its way out
//! ```
//!
//! It lies in the data directory, so that a finished package is one rename away from its place.
//! What a killed run left there is removed by the next one.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tofu_oci_store::files::{FileLock, Files, Sync};

/// The staging directory of one run; it removes itself.
#[derive(Debug)]
pub(crate) struct Staging {
    files: Files,
    root: PathBuf,
    next: AtomicU64,
    _lock: FileLock,
}

impl Staging {
    /// Takes the staging directory below `data_dir`; waits for another run in the same place.
    pub(crate) fn open(files: &Files, data_dir: &Path) -> io::Result<Self> {
        // What power loss takes away here is repaired by the next run: nothing is worth waiting for the disk.
        let files = &files.clone().with_sync(Sync::Off);
        let root = data_dir.join(".tofu-oci");
        files.create_dirs(&root)?;
        // Whoever made a link of it, it was not us; what it leads to is not ours to tidy up.
        if !files.metadata(&root)?.is_some_and(|there| there.is_dir()) {
            let text = format!("`{}` is not a directory", root.display());
            return Err(io::Error::new(io::ErrorKind::NotADirectory, text));
        }
        let lock = files.lock(&root.join("lock"))?;
        let staging = Self {
            files: files.clone(),
            root,
            next: AtomicU64::new(0),
            _lock: lock,
        };
        for leftover in ["new", "old"] {
            let path = staging.root.join(leftover);
            if files.metadata(&path)?.is_some() {
                files.remove_tree(&path)?;
            }
            files.create_dir(&path)?;
        }
        Ok(staging)
    }

    /// A path for a package that is going to be unpacked.
    pub(crate) fn fresh(&self) -> PathBuf {
        self.numbered("new")
    }

    fn numbered(&self, kind: &str) -> PathBuf {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.root.join(kind).join(number.to_string())
    }

    /// Refuses a way from the data directory down to `dir` that leads through a link: what lies behind it is not
    /// ours to replace. The data directory itself may be a link, because it is named by the user.
    pub(crate) fn check_way(&self, dir: &Path) -> io::Result<()> {
        let data_dir = self.root.parent().unwrap_or(&self.root);
        let Ok(below) = dir.strip_prefix(data_dir) else {
            return Ok(());
        };
        let mut way = data_dir.to_owned();
        for name in below {
            way.push(name);
            match self.files.metadata(&way)? {
                None => break,
                Some(there) if there.is_dir() => {}
                Some(_) => {
                    let text = format!("`{}` is not a directory", way.display());
                    return Err(io::Error::new(io::ErrorKind::NotADirectory, text));
                }
            }
        }
        Ok(())
    }

    /// Puts the directory `from` at `place`, whatever is there: old or new, never in between. A link at `place` is
    /// replaced itself, one on the way there is refused.
    pub(crate) fn place(&self, from: &Path, place: &Path) -> io::Result<()> {
        if let Some(parent) = place.parent() {
            self.check_way(parent)?;
            self.files.create_dirs(parent)?;
        }
        let occupied = match self.files.metadata(place)? {
            None => return self.files.rename(from, place),
            Some(metadata) => metadata,
        };
        if occupied.is_dir() {
            match self.files.exchange(from, place) {
                Ok(()) => return self.files.remove_tree(from),
                // Any other failure is one: two renames would leave nothing for a moment.
                Err(error) if error.kind() != io::ErrorKind::Unsupported => return Err(error),
                Err(_) => {}
            }
        }
        // A link into somebody's cache, or a system without exchange: the link itself goes, not
        // what it points to.
        let old = self.numbered("old");
        self.files.rename(place, &old)?;
        self.files.rename(from, place)?;
        if occupied.is_dir() {
            self.files.remove_tree(&old)
        } else {
            self.files.remove_file(&old)
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // The lock file stays: removing it would let two runs hold two locks.
        let _ = self.files.remove_tree(&self.root.join("new"));
        let _ = self.files.remove_tree(&self.root.join("old"));
    }
}

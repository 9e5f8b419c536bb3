//! Unpacked packages that all working directories of a user share.
//!
//! ```text
//! CACHE/v1/packages/sha256/HEX/tree/…     an unpacked package, by the digest of its zip
//! CACHE/v1/packages/sha256/HEX/meta.json  what it is, for people
//! CACHE/v1/releases/HOST/NAMESPACE/TYPE/VERSION/OS_ARCH    which zip that package is
//! CACHE/v1/evidence/HOST/NAMESPACE/TYPE/VERSION            its checksums files with signatures and keys
//! CACHE/v1/locks/HEX                      held by whoever makes, replaces or removes that package
//! CACHE/v1/locks/set-HEX                  held by whoever installs that set of packages and lacks some of them
//! CACHE/v1/new/HEX/                       a package that is being made by the holder of the lock
//! CACHE/v1/quarantine/HEX.N/              a package that was not what it should have been
//! STATE/v1/packages/CACHE/HEX             the stamp of that package in that cache
//! STATE/v1/places/HEX                     the stamp of a package directory in a working directory
//! ```
//!
//! Whatever lies in `CACHE` is a hint: a cache is restored by build servers, shared by users, part of images. What
//! counts is the *stamp*, which this user wrote where only this user writes, after the tree was hashed: the `h1`, the
//! zip it came from, and the state of every file. Where stamp and files agree nothing is read; where they do not the
//! tree is hashed again, and compared with hashes that we computed or that a lock file has. Nothing in `meta.json` is
//! ever compared with anything.
//!
//! Whoever holds no lock may read at any time. An entry appears and disappears by a rename, so that it is whole or not
//! there; a process that is killed leaves something below `new/`, which the next one sweeps. Nothing here is forced to
//! the disk: what a power failure takes away fails its stamp.

mod entry;
mod evidence;
mod fill;
mod find;
mod link;
mod list;
mod meta;
mod place;
mod prune;
mod quarantine;
mod release;
mod stamp;
mod tree;
mod verify;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use tofu_oci_store::files::{Files, Sync};
use tofu_oci_types::oci::{Algorithm, Digest};

pub(crate) use entry::{CachedPackage, Subject};
pub(crate) use fill::Turn;
pub(crate) use find::{Completeness, Wanted};
pub use link::LinkMode;
pub(crate) use link::PlaceError;
pub use list::{CacheEntry, InUse, Stamped};
pub use meta::PackageName;
pub use prune::{PruneOptions, PruneReport, PrunedEntry, PrunedFrom, Unused};
pub(crate) use tree::Tree;
pub use verify::{PutAside, Verdict, VerifiedEntry};

use crate::{Progress, Warning};
use stamp::StampStore;

/// Where the cache lies, and what time it is.
#[derive(Debug, Clone)]
pub struct CacheOptions {
    /// The directory of the cache. It is made when it is needed.
    pub dir: PathBuf,
    /// The directory of the stamps, which must be outside of the cache. It is made with the first stamp. Without one every package is hashed
    /// whenever it is used.
    pub state: Option<PathBuf>,
    /// Now, from which ages are reckoned.
    pub now: SystemTime,
}

/// The shared cache of unpacked packages.
#[derive(Debug)]
pub struct PackageCache {
    files: Files,
    dir: PathBuf,
    root: PathBuf,
    stamps: Option<StampStore>,
    now: SystemTime,
    progress: Progress,
    told: AtomicBool,
    told_of_stamps: AtomicBool,
    shared: AtomicBool,
    swept: AtomicBool,
    /// Whether the file system clones files, once that was asked.
    clones: OnceLock<bool>,
    /// Whether a clone failed: the next one would, too.
    no_clones: AtomicBool,
}

impl PackageCache {
    /// The cache at `options.dir`. Nothing is made yet, in neither directory.
    ///
    /// A directory of stamps that others may write to is not used; `progress` is warned of it.
    pub fn open(files: &Files, options: CacheOptions, progress: Progress) -> Self {
        let files = files.clone().with_sync(Sync::Off);
        let stamps = options.state.and_then(|state| {
            StampStore::open(&files, &state, &options.dir)
                .inspect_err(|problem| {
                    progress.warn(Warning::StampsUnusable {
                        path: state.clone(),
                        reason: problem.to_string(),
                    });
                })
                .ok()
        });
        Self {
            files,
            root: options.dir.join("v1"),
            dir: options.dir,
            stamps,
            now: options.now,
            progress,
            told: AtomicBool::new(false),
            told_of_stamps: AtomicBool::new(false),
            shared: AtomicBool::new(false),
            swept: AtomicBool::new(false),
            clones: OnceLock::new(),
            no_clones: AtomicBool::new(false),
        }
    }

    /// The directory of the cache.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Warns, once, that packages are installed without the cache.
    pub(crate) fn unusable(&self, reason: &dyn std::fmt::Display) {
        if !self.told.swap(true, Ordering::Relaxed) {
            self.progress.warn(Warning::CacheUnusable {
                path: self.dir.clone(),
                reason: reason.to_string(),
            });
        }
    }

    /// Warns, once, that a stamp could not be written.
    fn unstamped(&self, stamps: &StampStore, reason: &dyn std::fmt::Display) {
        if !self.told_of_stamps.swap(true, Ordering::Relaxed) {
            self.progress.warn(Warning::StampsUnusable {
                path: stamps.dir().to_owned(),
                reason: reason.to_string(),
            });
        }
    }

    /// Whether there is a cache: a directory, or a link to one.
    ///
    /// # Errors
    ///
    /// Of the kind `NotADirectory` where something else is there; else the system's.
    pub fn exists(&self) -> io::Result<bool> {
        self.is_there(&self.dir)
    }

    fn is_there(&self, dir: &Path) -> io::Result<bool> {
        let metadata = match self.files.metadata(dir)? {
            Some(metadata) if metadata.is_symlink() => match self.files.canonicalize(dir) {
                Ok(target) => self.files.metadata(&target)?,
                Err(_) => Some(metadata),
            },
            metadata => metadata,
        };
        match metadata {
            None => Ok(false),
            Some(metadata) if metadata.is_dir() => Ok(true),
            Some(_) => {
                let text = format!("`{}` is not a directory", dir.display());
                Err(io::Error::new(io::ErrorKind::NotADirectory, text))
            }
        }
    }

    fn packages(&self) -> PathBuf {
        self.root.join("packages").join("sha256")
    }

    /// The directory of a package. None for a digest of another kind: clients take no such layers.
    fn entry(&self, digest: &Digest) -> Option<PathBuf> {
        let usual = digest.algorithm() == Algorithm::Sha256;
        usual.then(|| self.packages().join(digest.encoded()))
    }

    /// Refuses a cache with a link in place of one of our directories: whoever made it wants something changed or
    /// removed that is not the cache's. Reading by way of one does no harm.
    fn check_links(&self) -> io::Result<()> {
        let packages = self.packages();
        let above = packages.parent().map(Path::to_owned);
        let ours = [
            self.root.clone(),
            packages,
            self.new_dir(),
            self.locks(),
            self.quarantine_dir(),
        ];
        for dir in ours.into_iter().chain(above) {
            if self
                .files
                .metadata(&dir)?
                .is_some_and(|there| !there.is_dir())
            {
                let text = format!("`{}` is not a directory", dir.display());
                return Err(io::Error::new(io::ErrorKind::NotADirectory, text));
            }
        }
        Ok(())
    }

    fn new_dir(&self) -> PathBuf {
        self.root.join("new")
    }

    fn locks(&self) -> PathBuf {
        self.root.join("locks")
    }
}

/// The digest that a file name stands for.
fn digest_of(name: &std::ffi::OsStr) -> Option<Digest> {
    format!("sha256:{}", name.to_str()?).parse().ok()
}

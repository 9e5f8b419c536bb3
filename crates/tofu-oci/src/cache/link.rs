//! From the cache into a working directory.

use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;

use tofu_oci_store::files::{FileMode, FileState, Ownership};
use tofu_oci_trust::h1::H1Builder;
use tofu_oci_types::oci::Hasher;

use super::tree::{changed, read};
use super::{CachedPackage, PackageCache};

/// How the files of a package get from the cache into a working directory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LinkMode {
    /// By clone where the file system can, else by hard link where nobody else may change the entry, else by copy.
    #[default]
    Auto,
    /// They share their bytes until one is written to.
    Clone,
    /// They are the same files.
    Hardlink,
    /// They have bytes of their own.
    Copy,
}

/// Whether a package in its place is the cache's own files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Linked {
    /// All of them.
    All,
    /// Some have bytes of their own.
    NotAll,
}

impl Linked {
    /// Whether the stamp of the cache describes the place as well.
    pub(crate) fn is_all(self) -> bool {
        self == Self::All
    }
}

/// How one file was put.
enum Put {
    Linked,
    Apart,
    /// Copied from an entry that others may change; with the hash of what was copied.
    Hashed(Hasher),
}

/// Why a package is not in its place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    /// The package in the cache is not the one any more that was found.
    #[error("the package in the cache changed")]
    Changed(#[source] io::Error),
    /// The way that was asked for is none here.
    #[error("the files cannot be linked")]
    Link(#[source] io::Error),
    /// The place cannot be written to.
    #[error("cannot write")]
    Write(#[source] io::Error),
}

impl PackageCache {
    /// Puts the files of a package into the new directory `into`.
    ///
    /// Each file is compared with what was looked at when the package was found: on the open file where bytes are
    /// taken, on the new name where there is one. An entry that others may change is hashed while it is copied.
    pub(crate) fn place(
        &self,
        package: &CachedPackage,
        into: &Path,
        mode: LinkMode,
    ) -> Result<Linked, PlaceError> {
        self.files.create_dir(into).map_err(PlaceError::Write)?;
        for dir in package.tree.dirs() {
            let made = self.files.create_dir(&into.join(dir));
            made.map_err(PlaceError::Write)?;
        }
        let (mut copied, mut linked) = (H1Builder::new(), Linked::All);
        for (name, state) in package.tree.files() {
            let file = Placing {
                cache: self,
                ownership: package.tree.ownership(),
                from: &package.tree.root().join(name),
                state,
                to: &into.join(name),
            };
            match file.put(mode)? {
                Put::Linked => {}
                Put::Apart => linked = Linked::NotAll,
                Put::Hashed(hasher) => {
                    linked = Linked::NotAll;
                    copied.add(name, hasher.finish());
                }
            }
        }
        if package.tree.ownership() == Ownership::Foreign && copied.finish() != package.h1 {
            return Err(PlaceError::Changed(changed()));
        }
        Ok(linked)
    }
}

impl PackageCache {
    /// Whether it is worth trying. A try opens the file, and on most file systems it fails.
    fn can_clone(&self) -> bool {
        let can = || self.files.can_clone(&self.dir).unwrap_or(false);
        !self.no_clones.load(Ordering::Relaxed) && *self.clones.get_or_init(can)
    }
}

/// One file on its way.
struct Placing<'a> {
    cache: &'a PackageCache,
    ownership: Ownership,
    from: &'a Path,
    state: &'a FileState,
    to: &'a Path,
}

impl Placing<'_> {
    fn put(&self, mode: LinkMode) -> Result<Put, PlaceError> {
        match mode {
            LinkMode::Copy => self.copy(),
            LinkMode::Clone => {
                self.guarded(Ownership::Root)?;
                self.clone().map(|()| Put::Apart)
            }
            LinkMode::Hardlink => {
                self.guarded(Ownership::Ours)?;
                self.link().map(|()| Put::Linked)
            }
            LinkMode::Auto => self.any(),
        }
    }

    fn any(&self) -> Result<Put, PlaceError> {
        if self.ownership <= Ownership::Root && self.cache.can_clone() {
            match self.clone() {
                Err(PlaceError::Link(_)) => self.cache.no_clones.store(true, Ordering::Relaxed),
                other => return other.map(|()| Put::Apart),
            }
        }
        if self.ownership == Ownership::Ours {
            match self.link() {
                Err(PlaceError::Link(_)) => {}
                other => return other.map(|()| Put::Linked),
            }
        }
        self.copy()
    }

    /// Refuses an entry that others than these may change.
    fn guarded(&self, at_most: Ownership) -> Result<(), PlaceError> {
        if self.ownership <= at_most {
            return Ok(());
        }
        Err(PlaceError::Link(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "somebody else may change the package in the cache",
        )))
    }

    fn clone(&self) -> Result<(), PlaceError> {
        let from = self.cache.files.open(self.from);
        let from = from.map_err(PlaceError::Changed)?;
        let state = self.cache.files.state_of(&from);
        if state.map_err(PlaceError::Changed)? != *self.state {
            return Err(PlaceError::Changed(changed()));
        }
        let cloned = self.cache.files.clone_file(&from, self.to, self.mode());
        cloned.map_err(PlaceError::Link)
    }

    fn link(&self) -> Result<(), PlaceError> {
        match self.cache.files.hard_link(self.from, self.to) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(PlaceError::Changed(error));
            }
            Err(error) => return Err(PlaceError::Link(error)),
        }
        let there = self.cache.files.state(self.to);
        match there.map_err(PlaceError::Write)? {
            Some(there) if there == *self.state => Ok(()),
            _ => Err(PlaceError::Changed(changed())),
        }
    }

    fn copy(&self) -> Result<Put, PlaceError> {
        let files = &self.cache.files;
        let mut hasher = (self.ownership == Ownership::Foreign).then(Hasher::sha256);
        let created = files.create_new(self.to, self.mode());
        let mut target = created.map_err(PlaceError::Write)?;
        let mut failed = None;
        let copied = read(files, self.from, self.state, |bytes| {
            if let Some(hasher) = &mut hasher {
                hasher.update(bytes);
            }
            target.write_all(bytes).map_err(|error| {
                let kind = error.kind();
                failed = Some(error);
                kind.into()
            })
        });
        match (failed, copied) {
            (Some(error), _) => Err(PlaceError::Write(error)),
            (None, Err(error)) => Err(PlaceError::Changed(error)),
            (None, Ok(())) => Ok(hasher.map_or(Put::Apart, Put::Hashed)),
        }
    }

    fn mode(&self) -> FileMode {
        match self.state.is_executable() {
            true => FileMode::Executable,
            false => FileMode::Plain,
        }
    }
}

//! Stamps: what we hashed, and how the files looked then.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tofu_oci_store::files::{AtomicFile, FileMode, FileState, Files, Ownership, is_temporary};
use tofu_oci_types::oci::Digest;
use tofu_oci_types::tofu::PackageHash;

use super::entry::Subject;
use super::{CachedPackage, Tree};

/// How large a stamp may be, in bytes.
const LIMIT: u64 = 16 * 1024 * 1024;

/// The form of stamps.
const FORM: u32 = 1;

/// Why a directory of stamps is not used.
#[derive(Debug, thiserror::Error)]
pub(super) enum StateProblem {
    #[error("others may write to it, or it belongs to somebody else")]
    NotPrivate,
    #[error("it is not a directory")]
    NotADirectory,
    #[error("it lies within the cache, whose content proves nothing")]
    WithinCache,
    #[error(transparent)]
    System(#[from] io::Error),
}

/// One tree that was hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    form: u32,
    h1: String,
    /// The zip that we saw unpack to this tree.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    zip: Option<String>,
    /// What the zip was looked into for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    subjects: Vec<String>,
    /// The directory, where its path does not follow from the name of the stamp.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    place: Option<PathBuf>,
    files: BTreeMap<String, FileState>,
}

impl Stamp {
    /// The stamp of a tree that was just hashed, or unpacked while it was hashed.
    pub(super) fn of(h1: &PackageHash, tree: &Tree) -> Self {
        Self {
            form: FORM,
            h1: h1.to_string(),
            zip: None,
            subjects: Vec::new(),
            place: None,
            files: tree.files().clone(),
        }
    }

    /// The stamp of a package in the cache; what was known about the same content before stays known.
    pub(super) fn of_package(
        package: &CachedPackage,
        subject: &Subject,
        before: Option<&Self>,
    ) -> Self {
        let mut stamp = Self::of(&package.h1, &package.tree).unpacked_from(package.zip());
        if let Some(before) = before.filter(|before| before.h1 == stamp.h1) {
            stamp.subjects.clone_from(&before.subjects);
        }
        let subject = subject.to_string();
        if !stamp.subjects.contains(&subject) {
            stamp.subjects.push(subject);
        }
        stamp
    }

    /// The hash of the tree.
    pub(super) fn h1(&self) -> Option<PackageHash> {
        self.h1.parse().ok()
    }

    /// Whether we saw the zip with this digest unpack to the tree.
    pub(super) fn is_from(&self, digest: &Digest) -> bool {
        self.zip.as_deref() == Some(digest.as_str())
    }

    /// The zip that we saw unpack to the tree.
    pub(super) fn zip(&self) -> Option<Digest> {
        self.zip.as_deref()?.parse().ok()
    }

    /// The same, of a tree that we saw a zip unpack to.
    pub(super) fn unpacked_from(mut self, zip: Option<&Digest>) -> Self {
        self.zip = zip.map(ToString::to_string);
        self
    }

    /// Whether the zip was looked into for this.
    pub(super) fn is_for(&self, subject: &Subject) -> bool {
        self.subjects.contains(&subject.to_string())
    }

    /// Whether the tree has the same files in the same states.
    pub(super) fn describes(&self, tree: &Tree) -> bool {
        self.files == *tree.files()
    }

    /// Whether nobody changed anything in the tree since, nor could have without a trace.
    pub(super) fn agrees(&self, tree: &Tree) -> bool {
        tree.ownership() != Ownership::Foreign && self.describes(tree)
    }
}

/// The directory of stamps.
#[derive(Debug)]
pub(super) struct StampStore {
    files: Files,
    dir: PathBuf,
    cache: PathBuf,
    root: PathBuf,
    /// The stamps of the packages in this very cache: others may have the same ones.
    packages: PathBuf,
}

impl StampStore {
    /// Makes sure that the directory is ours alone. One that is not there is made with the first stamp.
    pub(super) fn open(files: &Files, dir: &Path, cache: &Path) -> Result<Self, StateProblem> {
        if dir.starts_with(cache) {
            return Err(StateProblem::WithinCache);
        }
        let root = dir.join("v1");
        let name = Digest::of(cache.as_os_str().as_encoded_bytes());
        let name: String = name.encoded().chars().take(16).collect();
        let store = Self {
            files: files.clone(),
            dir: dir.to_owned(),
            cache: cache.to_owned(),
            packages: root.join("packages").join(name),
            root,
        };
        if let Some(metadata) = files.metadata(dir)? {
            store.check(metadata)?;
        }
        Ok(store)
    }

    /// Refuses a directory that is not ours alone.
    fn check(&self, metadata: Metadata) -> Result<(), StateProblem> {
        let real = self.files.canonicalize(&self.dir)?;
        let metadata = match metadata.is_symlink() {
            true => self.files.metadata(&real)?,
            false => Some(metadata),
        };
        match metadata {
            Some(metadata) if metadata.is_dir() => {
                if Ownership::of(&metadata) != Ownership::Ours {
                    return Err(StateProblem::NotPrivate);
                }
            }
            _ => return Err(StateProblem::NotADirectory),
        }
        // The same by way of links. A cache that is not there has nothing within.
        match self.files.canonicalize(&self.cache) {
            Ok(cache) if real.starts_with(&cache) => Err(StateProblem::WithinCache),
            _ => Ok(()),
        }
    }

    /// Makes the directory if it is not there.
    fn make(&self) -> io::Result<()> {
        if self.files.metadata(&self.dir)?.is_none() {
            if let Some(parent) = self.dir.parent() {
                self.files.create_dirs(parent)?;
            }
            make(&self.files, &self.dir)?;
        }
        match self.files.metadata(&self.dir)? {
            // Somebody else may have made it just now.
            Some(metadata) => self.check(metadata).map_err(io::Error::other),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// The directory.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    fn package(&self, digest: &Digest) -> PathBuf {
        self.packages.join(digest.encoded())
    }

    fn place(&self, dir: &Path) -> PathBuf {
        let name = Digest::of(dir.as_os_str().as_encoded_bytes());
        self.root.join("places").join(name.encoded())
    }

    /// The stamp of a package in the cache. One that cannot be read is none.
    pub(super) fn of_package(&self, digest: &Digest) -> Option<Stamp> {
        self.read(&self.package(digest))
    }

    /// The stamp of a package directory, whose path is absolute and without links.
    pub(super) fn of_place(&self, dir: &Path) -> Option<Stamp> {
        self.read(&self.place(dir))
            .filter(|stamp| stamp.place.as_deref() == Some(dir))
    }

    fn read(&self, path: &Path) -> Option<Stamp> {
        let bytes = self.files.read(path, LIMIT).ok()?;
        let stamp: Stamp = serde_json::from_slice(&bytes).ok()?;
        (stamp.form == FORM).then_some(stamp)
    }

    pub(super) fn write_package(&self, digest: &Digest, stamp: &Stamp) -> io::Result<()> {
        self.write(&self.package(digest), stamp)
    }

    pub(super) fn write_place(&self, dir: &Path, mut stamp: Stamp) -> io::Result<()> {
        stamp.place = Some(dir.to_owned());
        stamp.subjects.clear();
        self.write(&self.place(dir), &stamp)
    }

    fn write(&self, path: &Path, stamp: &Stamp) -> io::Result<()> {
        let bytes = serde_json::to_vec(stamp)?;
        let write = || {
            let mut file = AtomicFile::create_with(&self.files, path, FileMode::Private)?;
            file.write_all(&bytes)?;
            file.move_into_place().map(drop)
        };
        match (write(), path.parent()) {
            (Err(error), Some(dir)) if error.kind() == io::ErrorKind::NotFound => {
                self.make()?;
                make(&self.files, &self.root)?;
                if dir == self.packages {
                    make(&self.files, &self.root.join("packages"))?;
                }
                make(&self.files, dir)?;
                write()
            }
            (result, _) => result,
        }
    }

    /// Forgets a package.
    pub(super) fn remove_package(&self, digest: &Digest) {
        // A stamp without its package says nothing.
        let _ = self.files.remove_file(&self.package(digest));
    }

    /// Forgets the package directories that are not there any more, and removes what `is_leftover`.
    pub(super) fn sweep(&self, is_leftover: impl Fn(&Path) -> bool) -> io::Result<()> {
        for path in self.within(&self.packages)? {
            if is_leftover(&path) {
                self.files.remove_file(&path)?;
            }
        }
        for path in self.within(&self.root.join("places"))? {
            let there = self
                .read(&path)
                .and_then(|stamp| stamp.place)
                .is_some_and(|place| self.files.metadata(&place).is_ok_and(|m| m.is_some()));
            let goes = match is_temporary(&path) {
                true => is_leftover(&path),
                false => !there,
            };
            if goes {
                self.files.remove_file(&path)?;
            }
        }
        Ok(())
    }

    fn within(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        if self.files.metadata(dir)?.is_none() {
            return Ok(Vec::new());
        }
        let entries = self.files.read_dir(dir)?.into_iter();
        Ok(entries.map(|entry| dir.join(entry.name)).collect())
    }
}

fn make(files: &Files, dir: &Path) -> io::Result<()> {
    match files.create_private_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

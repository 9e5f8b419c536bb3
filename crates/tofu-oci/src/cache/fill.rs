//! Putting a package into the cache.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tofu_oci_source::Fetched;
use tofu_oci_store::files::{AtomicFile, FileLock, Files, Ownership};
use tofu_oci_types::oci::Digest;
use tokio::sync::oneshot;

use super::entry::FromZip;
use super::meta::{self, Meta};
use super::{CachedPackage, PackageCache, PackageName, Subject, Tree, digest_of};

/// The beginning of the names of locks that are about sets of packages.
const SET: &str = "set-";

/// Whether somebody else installed the same packages just now.
#[derive(Debug)]
pub(crate) enum Turn {
    /// Nobody did. Others wait while this is held.
    First(FileLock),
    /// Somebody did, and was waited for.
    Later,
}

/// The right to make one package: nobody else makes, replaces or removes it meanwhile.
#[derive(Debug)]
pub(crate) struct Filling {
    cache: Arc<PackageCache>,
    digest: Digest,
    staging: PathBuf,
    _lock: FileLock,
}

impl PackageCache {
    /// Waits until nobody makes the package, and takes the right to. Whoever waited finds it made, mostly.
    ///
    /// # Errors
    ///
    /// Where the cache cannot be written to.
    pub(crate) async fn begin(self: &Arc<Self>, digest: &Digest) -> io::Result<Filling> {
        self.entry(digest).ok_or(io::ErrorKind::Unsupported)?;
        self.check_links()?;
        self.files.create_dirs(&self.packages())?;
        self.files.create_dirs(&self.new_dir())?;
        let lock = match self.try_lock(digest)? {
            Some(lock) => lock,
            None => self.wait(digest).await?,
        };
        if !self.swept.swap(true, Ordering::Relaxed) {
            self.sweep();
        }
        let staging = self.new_dir().join(digest.encoded());
        remove(&self.files, &staging)?;
        self.files.create_dir(&staging)?;
        Ok(Filling {
            cache: Arc::clone(self),
            digest: digest.clone(),
            staging,
            _lock: lock,
        })
    }

    /// Waits on a thread of its own: one that is not waited for when the run is cut off.
    async fn wait(&self, digest: &Digest) -> io::Result<FileLock> {
        let (tell, told) = oneshot::channel();
        let (files, path) = (self.files.clone(), self.lock_path(digest));
        std::thread::Builder::new()
            .name("package lock".to_owned())
            .spawn(move || {
                // Nobody is there any more to take it: it is given back.
                let _ = tell.send(lock(&files, &path));
            })?;
        told.await.map_err(io::Error::other)?
    }

    fn lock_path(&self, digest: &Digest) -> PathBuf {
        self.locks().join(digest.encoded())
    }

    /// The lock of a package, unless somebody holds it.
    pub(super) fn try_lock(&self, digest: &Digest) -> io::Result<Option<FileLock>> {
        self.check_links()?;
        self.files.create_dirs(&self.locks())?;
        let path = self.lock_path(digest);
        loop {
            match self.files.try_lock(&path)? {
                Some(lock) if !is_at(&self.files, &lock, &path)? => {}
                lock => return Ok(lock),
            }
        }
    }

    /// Lets one process at a time install this set of packages: whoever comes later waits, and finds them.
    ///
    /// # Errors
    ///
    /// Where the cache cannot be written to.
    pub(crate) fn take_turn(&self, set: &Digest) -> io::Result<Turn> {
        self.check_links()?;
        self.files.create_dirs(&self.locks())?;
        let path = self.locks().join(format!("{SET}{}", set.encoded()));
        if let Some(held) = self.files.try_lock(&path)?
            && is_at(&self.files, &held, &path)?
        {
            return Ok(Turn::First(held));
        }
        // Given back at once: if the first one failed, everybody tries at the same time.
        lock(&self.files, &path).map(|_| Turn::Later)
    }

    /// Removes the locks of sets that nobody holds.
    pub(super) fn sweep_turns(&self, path: &Path) -> io::Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(SET)
            && let Some(held) = self.files.try_lock(path)?
            && is_at(&self.files, &held, path)?
        {
            self.files.remove_file(path)?;
        }
        Ok(())
    }

    /// Removes what stopped processes left below `new/`.
    pub(super) fn sweep(&self) {
        let Ok(entries) = self
            .check_links()
            .and_then(|()| self.files.read_dir(&self.new_dir()))
        else {
            return;
        };
        for entry in entries {
            let lock = digest_of(&entry.name).map(|digest| self.try_lock(&digest));
            if let None | Some(Ok(Some(_))) = lock {
                let _ = remove(&self.files, &self.new_dir().join(&entry.name));
            }
        }
    }
}

impl Filling {
    /// Where the package is to be unpacked: a directory that is not there.
    pub(crate) fn tree(&self) -> PathBuf {
        self.staging.join("tree")
    }

    /// Makes what was unpacked at [`tree`](Self::tree) the cache's.
    ///
    /// # Errors
    ///
    /// The system's; then the cache has the package as it had it before, or not at all.
    pub(crate) fn keep(self, fetched: Fetched, name: &PackageName) -> io::Result<CachedPackage> {
        let (cache, files) = (&self.cache, &self.cache.files);
        let entry = cache
            .entry(&self.digest)
            .ok_or(io::ErrorKind::Unsupported)?;
        let mut tree = Tree::look(files, fetched.path())?;
        if tree.ownership() == Ownership::Foreign {
            tree.protect(files)?;
            tree = Tree::look(files, fetched.path())?;
        }
        let package = CachedPackage {
            digest: self.digest.clone(),
            h1: fetched.package().h1().clone(),
            from_zip: FromZip::Proven,
            tree: tree.moved(entry.join("tree")),
        };
        let meta = Meta::new(name, (&self.digest, fetched.package().size()), &package.h1);
        let bytes = serde_json::to_vec_pretty(&meta)?;
        AtomicFile::write(files, &meta::path(&self.staging), &bytes)?;
        self.make_room(&entry, &package)?;
        let subject = Subject::of(&name.provider, &name.platform);
        // First: an entry without a stamp could not be believed.
        cache.write_stamp(&package, &subject, cache.stamp(&self.digest).as_ref());
        // It is the cache's from here on, even where the rename fails: the next one sweeps.
        let _ = fetched.into_path();
        files.rename(&self.staging, &entry)?;
        cache.remember(name, &package);
        Ok(package)
    }

    /// Takes away what lies there and could not be proven.
    fn make_room(&self, entry: &Path, package: &CachedPackage) -> io::Result<()> {
        let (cache, files) = (&self.cache, &self.cache.files);
        if files.metadata(entry)?.is_none() {
            return Ok(());
        }
        let there = Tree::look(files, &entry.join("tree")).and_then(|tree| tree.hash(files));
        match there {
            Ok(h1) if h1 == package.h1 => remove(files, entry),
            Ok(h1) => cache
                .quarantine_locked(
                    &self.digest,
                    &format!("its tree has the hash {h1}, not {}", package.h1),
                )
                .map(drop),
            // Half of one: there is nothing to be looked at.
            Err(error) if error.kind() == io::ErrorKind::NotFound => remove(files, entry),
            Err(error) => cache
                .quarantine_locked(&self.digest, &error.to_string())
                .map(drop),
        }
    }
}

impl Drop for Filling {
    fn drop(&mut self) {
        // Nothing is there where it was kept.
        let _ = remove(&self.cache.files, &self.staging);
    }
}

/// Waits for the lock at `path`. A lock file that was removed meanwhile is nobody's.
fn lock(files: &Files, path: &Path) -> io::Result<FileLock> {
    loop {
        let lock = files.lock(path)?;
        if is_at(files, &lock, path)? {
            return Ok(lock);
        }
    }
}

fn is_at(files: &Files, lock: &FileLock, path: &Path) -> io::Result<bool> {
    Ok(files.state(path)? == Some(files.state_of(lock.file())?))
}

/// Removes whatever is at `path`.
pub(super) fn remove(files: &Files, path: &Path) -> io::Result<()> {
    let removed = match files.metadata(path)? {
        None => Ok(()),
        Some(metadata) if metadata.is_dir() => files.remove_tree(path),
        Some(_) => files.remove_file(path),
    };
    match removed {
        // Somebody else was faster.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

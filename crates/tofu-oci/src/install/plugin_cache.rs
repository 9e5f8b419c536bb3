//! The plugin cache of the clients: packages that all configurations of a user share.
//!
//! ```text
//! CACHE/HOST/NAMESPACE/TYPE/VERSION/OS_ARCH/                 a package
//! CACHE/HOST/NAMESPACE/TYPE/VERSION/OS_ARCH.lock             locked by whoever puts it there
//! CACHE/HOST/NAMESPACE/TYPE/VERSION/.tofu-oci-OS-ARCH/       a package that we unpack
//! DATA/providers/HOST/NAMESPACE/TYPE/VERSION/OS_ARCH         a link to the first of them
//! ```
//!
//! A package that is there is used where the lock file has its hash. Otherwise it is fetched as if
//! it were not there, and what is there has to be the same: others may be using it, so it is neither
//! changed nor removed. OpenTofu takes the same locks; Terraform takes none.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tofu_oci_source::Fetched;
use tofu_oci_store::files::{EntryKind, FileMode, Files, RecordLock};
use tofu_oci_trust::evidence::install_hashes;
use tofu_oci_types::tofu::{PackageHash, Platform};

use super::execute::{Worker, ended};
use super::providers::{FinishedPackage, PackageAction, PackageOrigin, PlannedPackage};
use super::select::Selected;
use super::staging::Staging;
use super::{InstallError, InstallOptions, tree_hash};
use crate::{Progress, Warning};

/// After this time it is told that somebody has the lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long one try for a lock is after the other. Nothing waits inside the system: such a wait
/// could not be interrupted.
const PAUSE: Duration = Duration::from_millis(50);

/// The place of one package in the plugin cache.
#[derive(Debug, Clone)]
pub(crate) struct PluginEntry {
    files: Files,
    /// The directory of the version.
    dir: PathBuf,
    platform: Platform,
}

/// The same, while nobody else puts anything there.
struct HeldEntry<'a> {
    entry: &'a PluginEntry,
    _lock: RecordLock,
}

impl PluginEntry {
    /// The place, where there is a plugin cache.
    pub(crate) fn find(
        files: &Files,
        options: &InstallOptions,
        selected: &Selected,
        platform: &Platform,
    ) -> Option<Self> {
        let cache = options.plugin_cache.as_ref()?;
        Some(Self {
            files: files.clone(),
            dir: cache
                .join(selected.requirement.addr.to_string())
                .join(selected.version.to_string()),
            platform: platform.clone(),
        })
    }

    /// The directory of the package.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.join(self.platform.to_string())
    }

    /// Whether a package is there that the lock file has.
    pub(crate) async fn is_locked(&self, locked: &[PackageHash]) -> bool {
        if !locked.iter().any(PackageHash::is_h1) {
            return false;
        }
        // What cannot be hashed is none of them.
        self.hash().await.is_some_and(|h1| locked.contains(&h1))
    }

    /// The hash of what is there.
    async fn hash(&self) -> Option<PackageHash> {
        let (files, path) = (self.files.clone(), self.path());
        tokio::task::spawn_blocking(move || {
            files.metadata(&path).ok()??;
            tree_hash::h1_of_tree(&files, &path).ok()
        })
        .await
        .ok()?
    }

    fn failed(&self, source: std::io::Error) -> InstallError {
        InstallError::PluginCache {
            path: self.path(),
            source,
        }
    }

    /// Waits until nobody else puts a package there.
    async fn hold(&self, progress: &Progress) -> Result<HeldEntry<'_>, InstallError> {
        let failed = |source| self.failed(source);
        self.files.create_dirs(&self.dir).map_err(failed)?;
        let path = self.dir.join(format!("{}.lock", self.platform));
        let lock = wait(&self.files, &path, PATIENCE, progress).await;
        Ok(HeldEntry {
            entry: self,
            _lock: lock.map_err(failed)?,
        })
    }

    /// Puts a link to the package into its place, or a copy where links cannot be made.
    fn link(&self, staging: &Staging, place: &Path) -> Result<(), InstallError> {
        let fresh = staging.fresh();
        let path = self.path();
        let made = match self.files.symlink_dir(&path, &fresh) {
            Ok(()) => Ok(()),
            Err(_) => copy(&self.files, &path, &fresh),
        };
        made.and_then(|()| staging.place(&fresh, place))
            .map_err(|source| InstallError::Place {
                path: place.to_owned(),
                source,
            })
    }
}

impl HeldEntry<'_> {
    /// A new directory for what is unpacked. What a killed run left is removed first.
    fn fresh(&self) -> Result<PathBuf, InstallError> {
        let entry = self.entry;
        let beside = self.beside();
        let made = (|| {
            if entry.files.metadata(&beside)?.is_some() {
                entry.files.remove_tree(&beside)?;
            }
            entry.files.create_dir(&beside)
        })();
        made.map_err(|source| entry.failed(source))?;
        Ok(beside.join("new"))
    }

    /// No client takes this for a platform.
    fn beside(&self) -> PathBuf {
        let platform = self.entry.platform.to_string().replace('_', "-");
        self.entry.dir.join(format!(".tofu-oci-{platform}"))
    }

    /// Puts a package there, unless it is there already.
    async fn put(&self, fetched: Fetched, planned: &PlannedPackage) -> Result<(), InstallError> {
        let (entry, path) = (self.entry, self.entry.path());
        let failed = |source| entry.failed(source);
        let put = match entry.files.metadata(&path).map_err(failed)? {
            None => true,
            // What OpenTofu leaves when it is killed early.
            Some(there) => {
                there.is_dir() && entry.files.read_dir(&path).map_err(failed)?.is_empty()
            }
        };
        if put {
            return entry
                .files
                .rename(&fetched.into_path(), &path)
                .map_err(failed);
        }
        let there = entry.hash().await;
        if there.as_ref() == Some(fetched.package().h1()) {
            return Ok(());
        }
        Err(InstallError::PluginCacheConflict {
            provider: planned.provider.clone(),
            version: planned.version.clone(),
            path,
            there,
            fetched: fetched.package().h1().clone(),
        })
    }
}

impl Drop for HeldEntry<'_> {
    fn drop(&mut self) {
        // The next run removes what this one could not.
        let _ = self.entry.files.remove_tree(&self.beside());
    }
}

/// Puts a planned package into the plugin cache, where it is not there, and a link into its place.
pub(crate) async fn finish(
    entry: &PluginEntry,
    mut planned: PlannedPackage,
    worker: &Worker<'_>,
) -> Result<FinishedPackage, InstallError> {
    let staging = &worker.workshop.staging;
    let Some(meta) = planned.meta.clone() else {
        entry.link(staging, &planned.place)?;
        return Ok(FinishedPackage {
            planned,
            computed: Vec::new(),
            origin: PackageOrigin::PluginCache,
        });
    };
    let held = entry.hold(&worker.workshop.progress).await?;
    // Somebody may have put it there since it was planned. Which zip it was is not known.
    if worker.options.judge.is_none() && entry.is_locked(&planned.locked).await {
        entry.link(staging, &planned.place)?;
        planned.action = PackageAction::Linked;
        planned.meta = None;
        return Ok(FinishedPackage {
            planned,
            computed: Vec::new(),
            origin: PackageOrigin::PluginCache,
        });
    }
    let (fetched, task) = worker.fetch(&planned, &meta, held.fresh()?).await?;
    let computed = install_hashes(fetched.package());
    held.put(fetched, &planned).await?;
    entry.link(staging, &planned.place)?;
    ended(task);
    Ok(FinishedPackage {
        planned,
        computed,
        origin: PackageOrigin::Source,
    })
}

/// Waits for a lock, and tells after a while that it does.
async fn wait(
    files: &Files,
    path: &Path,
    patience: Duration,
    progress: &Progress,
) -> std::io::Result<RecordLock> {
    let mut left = Some(patience);
    loop {
        if let Some(lock) = files.try_lock_record(path)? {
            return Ok(lock);
        }
        if left == Some(Duration::ZERO) {
            let path = path.to_owned();
            progress.warn(Warning::PluginCacheBusy { path });
        }
        left = match left {
            None | Some(Duration::ZERO) => None,
            Some(left) => Some(left.saturating_sub(PAUSE)),
        };
        tokio::time::sleep(PAUSE).await;
    }
}

/// Copies a package, with the executable bits of its files.
fn copy(files: &Files, from: &Path, to: &Path) -> std::io::Result<()> {
    files.create_dir(to)?;
    for entry in files.read_dir(from)? {
        let (from, to) = (from.join(&entry.name), to.join(&entry.name));
        if entry.kind == EntryKind::Directory {
            copy(files, &from, &to)?;
            continue;
        }
        let source = files.open(&from)?;
        let mode = FileMode::of_copy(&source.metadata()?);
        let mut target = files.create_new(&to, mode)?;
        copy_bytes(source, &mut target)?;
    }
    Ok(())
}

fn copy_bytes(
    mut source: impl std::io::Read,
    target: &mut tofu_oci_store::files::FileWriter,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let length = source.read(&mut buffer)?;
        match buffer.get(..length) {
            None | Some([]) => return Ok(()),
            Some(bytes) => target.write_all(bytes)?,
        }
    }
}

#[cfg(test)]
mod tests;

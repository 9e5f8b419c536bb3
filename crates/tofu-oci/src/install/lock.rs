//! The lock file of a configuration: read before an install, written after it.

use std::io;
use std::path::{Path, PathBuf};

use tofu_oci_store::files::{AtomicFile, Files};
use tofu_oci_types::tofu::config::Requirement;
use tofu_oci_types::tofu::lock_file::{LockOrigin, LockWarning, merge_hashes};
use tofu_oci_types::tofu::{LockFile, ProviderLock};

use super::providers::FinishedPackage;
use super::{InstallError, InstallOptions, LockMode};
use crate::{Progress, Warning};

/// How large a lock file may be, in bytes.
const LIMIT: u64 = 16 * 1024 * 1024;

/// The lock file as it was found.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) path: PathBuf,
    /// What the file says; `None` where there is no file.
    pub(crate) file: Option<LockFile>,
    /// What counts for selection: the file, with entries that OpenTofu would add to it.
    pub(crate) lock: LockFile,
}

/// What an install did to the lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockChange {
    /// It says the same as before.
    Unchanged,
    /// It was made.
    Created,
    /// It was changed.
    Updated,
    /// It would have got more hashes, and may not be changed.
    Withheld,
}

/// The content of a lock file; `None` where there is none. A link is followed, as the clients do.
pub(super) fn read_if_there(files: &Files, path: &Path) -> io::Result<Option<Vec<u8>>> {
    let read = files
        .canonicalize(path)
        .and_then(|real| files.read(&real, LIMIT));
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// Reads a lock file; `None` where there is none.
pub(crate) fn read_lock_file(
    files: &Files,
    path: &Path,
) -> Result<Option<(LockFile, Vec<LockWarning>)>, InstallError> {
    let failed = |source| InstallError::Read {
        path: path.to_owned(),
        source,
    };
    let Some(bytes) = read_if_there(files, path).map_err(failed)? else {
        return Ok(None);
    };
    let text = String::from_utf8(bytes).map_err(|_| {
        failed(io::Error::new(
            io::ErrorKind::InvalidData,
            "the file is not UTF-8",
        ))
    })?;
    let read = LockFile::read(&text).map_err(|source| InstallError::LockFile {
        path: path.to_owned(),
        source: Box::new(source),
    })?;
    Ok(Some(read))
}

pub(crate) fn load(
    files: &Files,
    options: &InstallOptions,
    progress: &Progress,
) -> Result<Loaded, InstallError> {
    let path = options.dir.join(".terraform.lock.hcl");
    let Some((file, warnings)) = read_lock_file(files, &path)? else {
        return Ok(Loaded {
            path,
            file: None,
            lock: LockFile::new(options.origin),
        });
    };
    for warning in warnings {
        progress.warn(Warning::LockFile(warning));
    }
    let mut lock = file.clone().or_origin(options.origin);
    if options.origin == LockOrigin::Tofu {
        let (with, moved) = lock.with_predecessors();
        lock = with;
        for (old, new) in moved {
            progress.warn(Warning::LockPredecessor { old, new });
        }
    }
    Ok(Loaded {
        path,
        file: Some(file),
        lock,
    })
}

/// Refuses a locked install whose lock file does not name exactly the providers required.
pub(crate) fn check_locked(
    loaded: &Loaded,
    options: &InstallOptions,
    requirements: &[Requirement],
) -> Result<(), InstallError> {
    if options.lock != LockMode::Locked {
        return Ok(());
    }
    let file = loaded.file.clone().unwrap_or_default();
    let required = || requirements.iter().filter(|r| !r.addr.is_builtin());
    let missing: Vec<_> = required()
        .filter(|r| file.get(&r.addr).is_none())
        .map(|r| r.addr.clone())
        .collect();
    let unneeded: Vec<_> = file
        .iter()
        .filter(|lock| required().all(|r| r.addr != lock.addr))
        .map(|lock| lock.addr.clone())
        .collect();
    if missing.is_empty() && unneeded.is_empty() {
        return Ok(());
    }
    Err(InstallError::LockIncomplete { missing, unneeded })
}

/// The lock file after an install: what `init` would write. As there, a list that is believed gives the hashes of the
/// zips of all platforms.
pub(crate) fn updated(
    loaded: &Loaded,
    requirements: &[Requirement],
    finished: &[FinishedPackage],
) -> LockFile {
    let mut lock = loaded.lock.clone();
    lock.retain(|entry| requirements.iter().any(|r| r.addr == entry.addr));
    for requirement in requirements.iter().filter(|r| !r.addr.is_builtin()) {
        let mut packages = finished
            .iter()
            .filter(|f| f.planned.provider == requirement.addr)
            .peekable();
        let Some(first) = packages.peek() else {
            continue;
        };
        let version = first.planned.version.clone();
        let prior = loaded
            .lock
            .get(&requirement.addr)
            .filter(|entry| entry.version == version);
        let mut hashes = prior.map(|entry| entry.hashes.clone()).unwrap_or_default();
        for package in packages.filter(|package| !package.computed.is_empty()) {
            hashes = merge_hashes(&hashes, &package.computed);
            hashes = merge_hashes(&hashes, &package.planned.signed);
        }
        lock.set(ProviderLock {
            addr: requirement.addr.clone(),
            version,
            constraints: requirement.constraints.clone(),
            hashes,
        });
    }
    lock
}

/// Writes the lock file where it says something else than before.
pub(crate) fn store(
    files: &Files,
    loaded: &Loaded,
    options: &InstallOptions,
    lock: &LockFile,
) -> Result<LockChange, InstallError> {
    let before = loaded.file.clone().unwrap_or_default();
    if lock.same_as(&before) {
        return Ok(LockChange::Unchanged);
    }
    if options.lock == LockMode::Locked {
        return Ok(LockChange::Withheld);
    }
    AtomicFile::write_tidy(files, &loaded.path, lock.write().as_bytes()).map_err(|source| {
        InstallError::Place {
            path: loaded.path.clone(),
            source,
        }
    })?;
    Ok(match loaded.file {
        None => LockChange::Created,
        Some(_) => LockChange::Updated,
    })
}

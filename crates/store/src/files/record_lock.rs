//! The locks that OpenTofu takes in its plugin cache.
//!
//! They are record locks of `fcntl(2)`, which [`Files::lock`] does not exclude: that one is `flock(2)`, and the two
//! kinds know nothing of each other. The system keeps record locks for a process, not for an open file. Two
//! threads would both get one, and whoever closes any descriptor of the file loses it for all. So there is one
//! holder of a path in this process, and it has the only descriptor.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{FileOp, Files, platform};

/// The paths that this process holds. It is the process's own, because the locks are.
static HELD: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn held() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    // A set of paths is never half-changed.
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An exclusive record lock on a whole file, held until it is dropped. It excludes other processes and other
/// holders in this one.
#[derive(Debug)]
pub struct RecordLock {
    // In this order they are dropped: the file is closed before anybody else here may open it.
    _file: fs_err::File,
    _turn: Turn,
}

/// The right to have the path open.
#[derive(Debug)]
struct Turn(PathBuf);

impl Turn {
    /// `None` while somebody in this process has it.
    fn take(path: PathBuf) -> Option<Self> {
        // Not made where it is refused: dropping it would give the other's turn away.
        let free = held().insert(path.clone());
        free.then(|| Self(path))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        held().remove(&self.0);
    }
}

impl Files {
    /// Takes the exclusive record lock of a file, which is created when it is missing; `None` when somebody holds
    /// it. There is no way to wait inside the system, so nothing can wait in a circle there.
    ///
    /// # Errors
    /// The system's.
    pub fn try_lock_record(&self, path: &Path) -> io::Result<Option<RecordLock>> {
        self.before(&FileOp::Lock(path))?;
        let Some(turn) = Turn::take(spelled(path)?) else {
            return Ok(None);
        };
        let file = platform::open_lock(path)?;
        Ok(match platform::lock_record(&file)? {
            true => Some(RecordLock {
                _file: file,
                _turn: turn,
            }),
            false => None,
        })
    }
}

/// One spelling for one file: the directory without links.
fn spelled(path: &Path) -> io::Result<PathBuf> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let parent = match parent.as_os_str().is_empty() {
        true => Path::new("."),
        false => parent,
    };
    Ok(fs_err::canonicalize(parent)?.join(name))
}

//! The one seam for file access.
//!
//! Everything that this project does to a disk goes through [`Files`], so that a test can count the
//! operations, let the Nth one fail, or stop the world at it and look at what a killed process leaves behind.
//! Without an observer a call costs one branch more than `fs_err`.
//!
//! Errors are `std::io::Error` made by `fs_err`: their text names the operation and the path, their kind is
//! the system's.

mod atomic;
mod clone;
mod directories;
pub mod faults;
mod observe;
pub(crate) mod platform;
mod record_lock;
mod remove;
mod state;
mod writer;

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use atomic::AtomicFile;
pub use directories::{Entry, EntryKind};
pub use observe::{FileObserver, FileOp, Verdict};
pub use platform::FileIdentity;
pub use record_lock::RecordLock;
pub use state::{FileState, Ownership, link_count};
pub use writer::FileWriter;

/// Whether written files and renamed directories are forced to the disk before they count as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sync {
    /// What was acknowledged survives power loss.
    #[default]
    On,
    /// Faster; after power loss the newest files may be empty or missing.
    Off,
}

/// The permission bits of a file that is created, before the umask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FileMode {
    /// `rw-rw-rw-`
    #[default]
    Plain,
    /// `rwxrwxrwx`
    Executable,
    /// `rw-------`
    Private,
}

impl FileMode {
    /// How a copy of a file with this metadata is created: executable if anybody may execute it. On systems without
    /// such permissions nothing is.
    pub fn of_copy(metadata: &std::fs::Metadata) -> Self {
        #[cfg(unix)]
        if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0 {
            return Self::Executable;
        }
        let _ = metadata;
        Self::Plain
    }
}

/// Whether the path has the name of a file that is being written, to be renamed when it is whole
/// ([`Files::create_temporary`]).
pub fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') && name.ends_with(".tmp")
}

/// An exclusive lock on a file, held until it is dropped. It excludes other processes and other holders in
/// this one.
#[derive(Debug)]
pub struct FileLock {
    file: fs_err::File,
}

impl FileLock {
    /// The locked file.
    pub fn file(&self) -> &fs_err::File {
        &self.file
    }
}

/// Access to files. A clone is cheap and reports to the same observer.
#[derive(Clone, Default)]
pub struct Files {
    observer: Option<Arc<Observed>>,
    sync: Sync,
}

struct Observed {
    observer: Arc<dyn FileObserver>,
    killed: AtomicBool,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files")
            .field("observed", &self.observer.is_some())
            .field("sync", &self.sync)
            .finish()
    }
}

impl Files {
    /// Plain access, synced, unobserved.
    pub fn new() -> Self {
        Self::default()
    }

    /// Access that reports every operation to `observer` before it happens.
    pub fn observed(observer: Arc<dyn FileObserver>) -> Self {
        Self {
            observer: Some(Arc::new(Observed {
                observer,
                killed: AtomicBool::new(false),
            })),
            sync: Sync::On,
        }
    }

    /// The same access with another durability.
    #[must_use]
    pub fn with_sync(mut self, sync: Sync) -> Self {
        self.sync = sync;
        self
    }

    /// Whether writes are forced to the disk.
    pub fn sync(&self) -> Sync {
        self.sync
    }

    /// Asks the observer. `Err` when the operation must not happen.
    fn before(&self, op: &FileOp<'_>) -> io::Result<()> {
        self.ask(op).map_err(|refusal| refusal.into_error(op))
    }

    fn ask(&self, op: &FileOp<'_>) -> Result<(), Refusal> {
        let Some(observed) = &self.observer else {
            return Ok(());
        };
        if observed.killed.load(Ordering::SeqCst) {
            return Err(Refusal::Dead);
        }
        match observed.observer.before(op) {
            Verdict::Proceed => Ok(()),
            Verdict::Fail(error) => Err(Refusal::Failed(error)),
            Verdict::Cut(error) => Err(Refusal::Cut(error)),
            Verdict::KillAfter => {
                observed.killed.store(true, Ordering::SeqCst);
                Ok(())
            }
            Verdict::Kill => {
                observed.killed.store(true, Ordering::SeqCst);
                Err(Refusal::Killed)
            }
        }
    }

    /// Opens a regular file for reading. Links are not followed, and a pipe does not make it wait.
    ///
    /// # Errors
    /// Of the kind `InvalidInput` when the path is there but is no regular file; else the system's.
    pub fn open(&self, path: &Path) -> io::Result<fs_err::File> {
        self.open_sized(path).map(|(file, _)| file)
    }

    /// Reads a file of about `length` bytes from where it stands, at most `limit` bytes.
    fn read_rest(&self, file: &fs_err::File, length: u64, limit: u64) -> io::Result<Vec<u8>> {
        if length > limit {
            return Err(platform::too_large(file.path(), limit));
        }
        let expected = usize::try_from(length).unwrap_or(0);
        self.before(&FileOp::Read {
            path: file.path(),
            length: expected,
        })?;
        let mut bytes = Vec::with_capacity(expected + 1);
        file.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(platform::too_large(file.path(), limit));
        }
        Ok(bytes)
    }

    /// The file, and its length in bytes.
    fn open_sized(&self, path: &Path) -> io::Result<(fs_err::File, u64)> {
        self.before(&FileOp::Open(path))?;
        let file = match platform::open_nofollow(path) {
            Ok(file) => file,
            Err(error) => {
                // A link shows as a system-dependent error; say the same for everything that is no file.
                if fs_err::symlink_metadata(path).is_ok_and(|m| !m.is_file()) {
                    return Err(platform::not_regular(path));
                }
                return Err(error);
            }
        };
        let metadata = file.metadata()?;
        match metadata.is_file() {
            true => Ok((file, metadata.len())),
            false => Err(platform::not_regular(path)),
        }
    }

    /// Reads a whole regular file of at most `limit` bytes.
    ///
    /// # Errors
    /// Of the kind `FileTooLarge` when there is more; else as [`open`](Self::open).
    pub fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let (file, length) = self.open_sized(path)?;
        self.read_rest(&file, length, limit)
    }

    /// As [`read`](Self::read), of a file that somebody names and that may be a link.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub fn read_linked(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        match self.canonicalize(path) {
            Ok(target) => self.read(&target, limit),
            // Opening it tells better what is wrong.
            Err(_) => self.read(path, limit),
        }
    }

    /// Reads an open file from its start, at most `limit` bytes.
    ///
    /// # Errors
    /// Of the kind `FileTooLarge` when there is more.
    pub fn read_open(&self, file: &fs_err::File, limit: u64) -> io::Result<Vec<u8>> {
        let length = file.metadata()?.len();
        io::Seek::seek(&mut &*file, io::SeekFrom::Start(0))?;
        self.read_rest(file, length, limit)
    }

    /// Reads up to `length` bytes of an open file at `offset`; fewer only at its end.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn read_at(
        &self,
        file: &fs_err::File,
        offset: u64,
        length: usize,
    ) -> io::Result<Vec<u8>> {
        let path = file.path();
        self.before(&FileOp::Read { path, length })?;
        let mut buffer = vec![0; length];
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match platform::read_at(file, rest, offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        buffer.truncate(filled);
        Ok(buffer)
    }

    /// Creates a file that must not exist yet.
    ///
    /// # Errors
    /// Of the kind `AlreadyExists` when it does.
    pub fn create_new(&self, path: &Path, mode: FileMode) -> io::Result<FileWriter> {
        self.before(&FileOp::Create(path))?;
        let file = platform::create_new(path, mode)?;
        Ok(FileWriter::new(self.clone(), file))
    }

    /// Creates a file of a fresh name in `directory`, an [`is_temporary`] one: a leading dot, `stem`, and the ending `.tmp`.
    /// It is the caller's to rename or remove.
    ///
    /// # Errors
    /// The system's.
    pub fn create_temporary(
        &self,
        directory: &Path,
        stem: &str,
        mode: FileMode,
    ) -> io::Result<FileWriter> {
        loop {
            let name = format!(".{stem}.{}.tmp", random_hex());
            match self.create_new(&directory.join(name), mode) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                other => return other,
            }
        }
    }

    /// Opens an existing regular file for reading and writing.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_for_writing(&self, path: &Path) -> io::Result<FileWriter> {
        self.before(&FileOp::Open(path))?;
        let file = platform::open_read_write(path)?;
        if !file.metadata()?.is_file() {
            return Err(platform::not_regular(path));
        }
        Ok(FileWriter::new(self.clone(), file))
    }

    /// Moves a file or directory over `to`, which it replaces when the system allows that.
    ///
    /// # Errors
    /// The system's.
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.before(&FileOp::Rename { from, to })?;
        fs_err::rename(from, to)
    }

    /// Swaps two paths of one file system in one step.
    ///
    /// # Errors
    /// Of the kind `Unsupported` where the system or the file system cannot.
    pub fn exchange(&self, first: &Path, second: &Path) -> io::Result<()> {
        self.before(&FileOp::Exchange { first, second })?;
        platform::exchange(first, second)
    }

    /// Gives a file a second name on the same file system.
    ///
    /// # Errors
    /// The system's: `CrossesDevices`, `TooManyLinks`, `PermissionDenied` mean that a copy may still work.
    pub fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.before(&FileOp::HardLink { from, to })?;
        fs_err::hard_link(from, to)
    }

    /// Makes the link `link`, which leads to the directory `target`.
    ///
    /// # Errors
    /// The system's; of the kind `Unsupported` where there are no links.
    pub fn symlink_dir(&self, target: &Path, link: &Path) -> io::Result<()> {
        self.before(&FileOp::Symlink { target, link })?;
        platform::symlink_dir(target, link)
    }

    /// Removes a file.
    ///
    /// # Errors
    /// The system's.
    pub fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.before(&FileOp::RemoveFile(path))?;
        fs_err::remove_file(path)
    }

    /// The metadata of a path; a link is not followed. `None` when nothing is there.
    ///
    /// # Errors
    /// The system's, absence apart.
    pub fn metadata(&self, path: &Path) -> io::Result<Option<std::fs::Metadata>> {
        self.before(&FileOp::Metadata(path))?;
        match fs_err::symlink_metadata(path) {
            Ok(metadata) => Ok(Some(metadata)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sets the modification time of a file to now.
    ///
    /// # Errors
    /// The system's.
    pub fn touch(&self, path: &Path) -> io::Result<()> {
        self.before(&FileOp::Touch(path))?;
        platform::touch(path)
    }

    /// Forces a file that somebody else wrote to the disk. Nothing happens under [`Sync::Off`].
    ///
    /// # Errors
    /// The system's.
    pub fn sync_file(&self, path: &Path) -> io::Result<()> {
        if self.sync == Sync::Off {
            return Ok(());
        }
        self.before(&FileOp::Sync(path))?;
        platform::open_nofollow(path)?.sync_all()
    }

    /// Forces the names in a directory to the disk. Nothing happens under [`Sync::Off`].
    ///
    /// # Errors
    /// The system's.
    pub fn sync_dir(&self, path: &Path) -> io::Result<()> {
        if self.sync == Sync::Off {
            return Ok(());
        }
        self.before(&FileOp::SyncDir(path))?;
        platform::sync_dir(path)
    }

    /// Waits for the exclusive lock of a file, which is created when it is missing.
    ///
    /// # Errors
    /// The system's.
    pub fn lock(&self, path: &Path) -> io::Result<FileLock> {
        self.before(&FileOp::Lock(path))?;
        let file = platform::open_lock(path)?;
        file.lock()?;
        Ok(FileLock { file })
    }

    /// Takes the exclusive lock of a file, or answers `None` when somebody holds it.
    ///
    /// # Errors
    /// The system's.
    pub fn try_lock(&self, path: &Path) -> io::Result<Option<FileLock>> {
        self.before(&FileOp::Lock(path))?;
        let file = platform::open_lock(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(FileLock { file })),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }

    /// How many bytes this user may still write to the file system of `path`.
    ///
    /// # Errors
    /// The system's.
    pub fn space(&self, path: &Path) -> io::Result<u64> {
        self.before(&FileOp::Space(path))?;
        platform::space(path)
    }

    /// Whether `path` lies on a network file system, as far as the system tells.
    ///
    /// # Errors
    /// The system's.
    pub fn is_remote(&self, path: &Path) -> io::Result<bool> {
        self.before(&FileOp::Space(path))?;
        platform::is_remote(path)
    }

    /// The absolute path without links.
    ///
    /// # Errors
    /// The system's.
    pub fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        self.before(&FileOp::Metadata(path))?;
        fs_err::canonicalize(path)
    }
}

/// Why an operation does not happen.
enum Refusal {
    Failed(io::Error),
    /// A write may have happened in part.
    Cut(io::Error),
    /// Stopped at this very operation: a write may have happened in part.
    Killed,
    /// Stopped earlier.
    Dead,
}

impl Refusal {
    fn into_error(self, op: &FileOp<'_>) -> io::Error {
        match self {
            Self::Failed(error) | Self::Cut(error) => {
                io::Error::new(error.kind(), format!("{op}: {error}"))
            }
            Self::Killed | Self::Dead => io::Error::other(format!("{op}: stopped")),
        }
    }
}

/// Whether the error says that there is no such path.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// 32 hex digits that nobody guesses: two outputs of the keyed hash that the standard library seeds from the
/// system's randomness.
pub(crate) fn random_hex() -> String {
    use std::hash::{BuildHasher, Hasher as _, RandomState};
    let word = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}

#[cfg(test)]
mod tests;

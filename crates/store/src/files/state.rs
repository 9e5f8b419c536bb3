//! What the system says about a file without reading it.

use std::fs::Metadata;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{FileOp, Files, is_absent};

/// What changes when somebody changes a file: equal states mean that nobody did.
///
/// Times of changes to metadata alone are left out, because another hard link to the file changes them. Whoever owns a
/// file can set its modification time back; the states of files that others own or may write to say nothing. The
/// time of its making cannot be set: where the system knows it, it tells a file from one that was unpacked in its place
/// and got its number, which file systems give to the next one at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    device: u64,
    inode: u64,
    owner: u32,
    mode: u32,
    length: u64,
    /// Seconds since the epoch, and nanoseconds.
    modified: (i64, i64),
    /// The same; nothing where the system does not know.
    made: Option<(i64, i64)>,
}

impl Files {
    /// The state of a path; a link is not followed. `None` when nothing is there.
    ///
    /// # Errors
    /// The system's, absence apart.
    pub fn state(&self, path: &Path) -> io::Result<Option<FileState>> {
        self.before(&FileOp::Metadata(path))?;
        match system::state(path) {
            Ok(state) => Ok(Some(state)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The state of an open file.
    ///
    /// # Errors
    /// The system's.
    pub fn state_of(&self, file: &fs_err::File) -> io::Result<FileState> {
        self.before(&FileOp::Metadata(file.path()))?;
        system::state_of(file)
    }
}

/// Who may change a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ownership {
    /// We alone.
    Ours,
    /// The administrator alone, who may do everything anyway.
    Root,
    /// Somebody else, or others as well.
    Foreign,
}

impl FileState {
    /// The length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.mode & TYPE == REGULAR
    }

    /// Whether whoever executes it becomes its owner or gets its group, where the system has such a thing.
    pub fn lends_rights(&self) -> bool {
        self.mode & LENT != 0
    }

    /// Whether it may be executed. Where the system has no such thing, everything may.
    pub fn is_executable(&self) -> bool {
        !cfg!(unix) || self.mode & 0o111 != 0
    }

    /// Who may change it.
    pub fn ownership(&self) -> Ownership {
        ownership(self.owner, self.mode)
    }
}

/// The bits of a mode that say what it is the mode of, and those of a regular file.
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

/// The bits with which a file lends the rights of its owner and of its group.
const LENT: u32 = 0o6_000;

impl Ownership {
    /// Who may change what has these metadata.
    pub fn of(metadata: &Metadata) -> Self {
        let (owner, mode) = owner_and_mode(metadata);
        ownership(owner, mode)
    }
}

#[cfg(unix)]
fn owner_and_mode(metadata: &Metadata) -> (u32, u32) {
    use std::os::unix::fs::MetadataExt;
    (metadata.uid(), metadata.mode())
}

/// Of permissions nothing is known that is portable.
#[cfg(not(unix))]
fn owner_and_mode(metadata: &Metadata) -> (u32, u32) {
    (0, if metadata.is_file() { REGULAR } else { 0 })
}

#[cfg(unix)]
fn ownership(owner: u32, mode: u32) -> Ownership {
    const GROUP_AND_OTHERS: u32 = 0o022;
    if mode & GROUP_AND_OTHERS != 0 {
        return Ownership::Foreign;
    }
    match owner {
        owner if owner == rustix::process::geteuid().as_raw() => Ownership::Ours,
        0 => Ownership::Root,
        _ => Ownership::Foreign,
    }
}

/// The directories that are used belong to the user.
#[cfg(not(unix))]
fn ownership(_: u32, _: u32) -> Ownership {
    Ownership::Ours
}

/// How many names a file has.
pub fn link_count(metadata: &Metadata) -> u64 {
    #[cfg(unix)]
    {
        std::os::unix::fs::MetadataExt::nlink(metadata)
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        1
    }
}

/// The standard library tells when a file was made on some systems with some C libraries; the system itself always does.
#[cfg(target_os = "linux")]
mod system {
    use std::io;
    use std::path::Path;

    use rustix::fs::{AtFlags, CWD, Statx, StatxFlags, makedev, statx};
    use rustix::io::Errno;

    use super::FileState;

    pub(super) fn state(path: &Path) -> io::Result<FileState> {
        match statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, wanted()) {
            Ok(found) => Ok(of(&found)),
            Err(error) if is_missing(error) => {
                fs_err::symlink_metadata(path).map(|metadata| super::of(&metadata))
            }
            Err(error) => Err(named(error, path)),
        }
    }

    pub(super) fn state_of(file: &fs_err::File) -> io::Result<FileState> {
        match statx(file.file(), "", AtFlags::EMPTY_PATH, wanted()) {
            Ok(found) => Ok(of(&found)),
            Err(error) if is_missing(error) => file.metadata().map(|metadata| super::of(&metadata)),
            Err(error) => Err(named(error, file.path())),
        }
    }

    fn wanted() -> StatxFlags {
        StatxFlags::BASIC_STATS | StatxFlags::BTIME
    }

    /// Whether the system is older than the call, or a sandbox does not know it.
    fn is_missing(error: Errno) -> bool {
        matches!(error, Errno::NOSYS | Errno::PERM)
    }

    fn named(error: Errno, path: &Path) -> io::Error {
        super::super::platform::named(error, "query metadata of", path)
    }

    fn of(found: &Statx) -> FileState {
        let time = |time: rustix::fs::StatxTimestamp| (time.tv_sec, i64::from(time.tv_nsec));
        let known = found.stx_mask & StatxFlags::BTIME.bits() != 0;
        FileState {
            device: makedev(found.stx_dev_major, found.stx_dev_minor),
            inode: found.stx_ino,
            owner: found.stx_uid,
            mode: u32::from(found.stx_mode),
            length: found.stx_size,
            modified: time(found.stx_mtime),
            made: known.then(|| time(found.stx_btime)),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;
    use std::path::Path;

    use super::FileState;

    pub(super) fn state(path: &Path) -> io::Result<FileState> {
        fs_err::symlink_metadata(path).map(|metadata| super::of(&metadata))
    }

    pub(super) fn state_of(file: &fs_err::File) -> io::Result<FileState> {
        file.metadata().map(|metadata| super::of(&metadata))
    }
}

/// The state that the metadata of the standard library tell.
fn of(metadata: &Metadata) -> FileState {
    let time = |time: io::Result<std::time::SystemTime>| {
        let since = time.ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        let seconds = i64::try_from(since.as_secs()).ok()?;
        Some((seconds, i64::from(since.subsec_nanos())))
    };
    #[cfg(unix)]
    let (device, inode) = {
        use std::os::unix::fs::MetadataExt;
        (metadata.dev(), metadata.ino())
    };
    #[cfg(not(unix))]
    let (device, inode) = (0, 0);
    let (owner, mode) = owner_and_mode(metadata);
    FileState {
        device,
        inode,
        owner,
        mode,
        length: metadata.len(),
        modified: time(metadata.modified()).unwrap_or_default(),
        made: time(metadata.created()),
    }
}

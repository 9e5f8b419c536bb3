//! What the metadata of a file say about it.

use std::fs::Metadata;

use serde::{Deserialize, Serialize};

/// What changes when somebody changes a file: equal states mean that nobody did.
///
/// Time stamps of metadata alone are left out, because another hard link to the file changes them. Whoever owns a file
/// can set its modification time back; the states of files that others own or may write to say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    device: u64,
    inode: u64,
    owner: u32,
    mode: u32,
    length: u64,
    /// Seconds since the epoch, and nanoseconds.
    modified: (i64, i64),
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

    /// Whether it may be executed. Where the system has no such thing, everything may.
    pub fn is_executable(&self) -> bool {
        !cfg!(unix) || self.mode & 0o111 != 0
    }
}

#[cfg(unix)]
impl FileState {
    /// The state that the metadata tell.
    pub fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            owner: metadata.uid(),
            mode: metadata.mode(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }

    /// Who may change it.
    pub fn ownership(&self) -> Ownership {
        const GROUP_AND_OTHERS: u32 = 0o022;
        if self.mode & GROUP_AND_OTHERS != 0 {
            return Ownership::Foreign;
        }
        match self.owner {
            owner if owner == rustix::process::geteuid().as_raw() => Ownership::Ours,
            0 => Ownership::Root,
            _ => Ownership::Foreign,
        }
    }
}

#[cfg(not(unix))]
impl FileState {
    /// The state that the metadata tell: length and time, all that is portable.
    pub fn of(metadata: &Metadata) -> Self {
        let since = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
            .unwrap_or_default();
        Self {
            device: 0,
            inode: 0,
            owner: 0,
            mode: 0,
            length: metadata.len(),
            modified: (
                i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
                i64::from(since.subsec_nanos()),
            ),
        }
    }

    /// Who may change it. The directories that are used belong to the user.
    pub fn ownership(&self) -> Ownership {
        Ownership::Ours
    }
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

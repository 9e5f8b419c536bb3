//! What an observer of file access sees and may answer.

use std::fmt;
use std::io;
use std::path::Path;

/// One operation on a file, about to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileOp<'a> {
    /// A file is opened.
    Open(&'a Path),
    /// Bytes of an open file are read.
    Read {
        /// The file.
        path: &'a Path,
        /// How many bytes at most.
        length: usize,
    },
    /// A file is created.
    Create(&'a Path),
    /// Bytes are written to an open file.
    Write {
        /// The file.
        path: &'a Path,
        /// How many bytes.
        length: usize,
    },
    /// An open file is cut or extended.
    Resize {
        /// The file.
        path: &'a Path,
        /// Its new length in bytes.
        length: u64,
    },
    /// A file is forced to the disk.
    Sync(&'a Path),
    /// The names in a directory are forced to the disk.
    SyncDir(&'a Path),
    /// A file or directory gets another name.
    Rename {
        /// The old path.
        from: &'a Path,
        /// The new path.
        to: &'a Path,
    },
    /// Two paths are swapped.
    Exchange {
        /// One of them.
        first: &'a Path,
        /// The other.
        second: &'a Path,
    },
    /// A file gets a second name.
    HardLink {
        /// The path it has.
        from: &'a Path,
        /// The path it gets.
        to: &'a Path,
    },
    /// A new file shares the bytes of another.
    Clone {
        /// The file with the bytes.
        from: &'a Path,
        /// The new file.
        to: &'a Path,
    },
    /// Others lose the permission to write.
    Protect(&'a Path),
    /// A link to a directory is made.
    Symlink {
        /// Where it leads.
        target: &'a Path,
        /// The link.
        link: &'a Path,
    },
    /// A file is removed.
    RemoveFile(&'a Path),
    /// An empty directory is removed.
    RemoveDir(&'a Path),
    /// A directory is created.
    CreateDir(&'a Path),
    /// A directory is listed.
    ReadDir(&'a Path),
    /// Metadata is read.
    Metadata(&'a Path),
    /// A modification time is set to now.
    Touch(&'a Path),
    /// A lock is taken.
    Lock(&'a Path),
    /// A file system is asked about itself.
    Space(&'a Path),
}

impl<'a> FileOp<'a> {
    /// The path concerned; of two, the one that changes.
    pub fn path(&self) -> &'a Path {
        match self {
            Self::Open(path)
            | Self::Read { path, .. }
            | Self::Create(path)
            | Self::Write { path, .. }
            | Self::Resize { path, .. }
            | Self::Sync(path)
            | Self::SyncDir(path)
            | Self::Rename { to: path, .. }
            | Self::Exchange { first: path, .. }
            | Self::HardLink { to: path, .. }
            | Self::Clone { to: path, .. }
            | Self::Protect(path)
            | Self::Symlink { link: path, .. }
            | Self::RemoveFile(path)
            | Self::RemoveDir(path)
            | Self::CreateDir(path)
            | Self::ReadDir(path)
            | Self::Metadata(path)
            | Self::Touch(path)
            | Self::Lock(path)
            | Self::Space(path) => path,
        }
    }

    /// Whether the operation changes what a later process finds.
    pub fn changes(&self) -> bool {
        match self {
            Self::Create(_)
            | Self::Write { .. }
            | Self::Resize { .. }
            | Self::Sync(_)
            | Self::SyncDir(_)
            | Self::Rename { .. }
            | Self::Exchange { .. }
            | Self::HardLink { .. }
            | Self::Clone { .. }
            | Self::Protect(_)
            | Self::Symlink { .. }
            | Self::RemoveFile(_)
            | Self::RemoveDir(_)
            | Self::CreateDir(_)
            | Self::Touch(_) => true,
            Self::Open(_)
            | Self::Read { .. }
            | Self::ReadDir(_)
            | Self::Metadata(_)
            | Self::Lock(_)
            | Self::Space(_) => false,
        }
    }
}

impl fmt::Display for FileOp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self {
            Self::Open(_) => "open",
            Self::Read { .. } => "read from",
            Self::Create(_) => "create",
            Self::Write { .. } => "write to",
            Self::Resize { .. } => "resize",
            Self::Sync(_) | Self::SyncDir(_) => "sync",
            Self::Rename { .. } => "rename to",
            Self::Exchange { .. } => "exchange",
            Self::HardLink { .. } | Self::Symlink { .. } => "link to",
            Self::Clone { .. } => "clone to",
            Self::Protect(_) => "restrict",
            Self::RemoveFile(_) | Self::RemoveDir(_) => "remove",
            Self::CreateDir(_) => "create directory",
            Self::ReadDir(_) => "list",
            Self::Metadata(_) => "query metadata of",
            Self::Touch(_) => "set time of",
            Self::Lock(_) => "lock",
            Self::Space(_) => "query file system of",
        };
        write!(f, "failed to {verb} `{}`", self.path().display())
    }
}

/// What an observer lets happen.
#[derive(Debug)]
pub enum Verdict {
    /// The operation goes ahead.
    Proceed,
    /// It does not happen, and its caller gets this error.
    Fail(io::Error),
    /// As [`Fail`](Self::Fail), and a write leaves its first half.
    Cut(io::Error),
    /// The process is treated as killed here: this operation and every later one through the same
    /// [`Files`](super::Files) does nothing and fails. A write may leave its first half.
    Kill,
    /// The operation goes ahead, and the process is treated as killed right after it.
    KillAfter,
}

/// Is told of every operation before it happens, on the thread that does it.
pub trait FileObserver: Send + Sync {
    /// Decides what happens.
    fn before(&self, op: &FileOp<'_>) -> Verdict;
}

//! Directories.

use std::io;
use std::path::Path;

use super::{FileOp, Files};

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The file name, without the directory.
    pub name: std::ffi::OsString,
    /// What it is; links are not followed.
    pub kind: EntryKind,
}

/// What a directory entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A link, a pipe, a device: nothing that we make.
    Other,
}

impl Files {
    /// Removes an empty directory.
    ///
    /// # Errors
    /// The system's.
    pub fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.before(&FileOp::RemoveDir(path))?;
        fs_err::remove_dir(path)
    }

    /// Creates one directory.
    ///
    /// # Errors
    /// Of the kind `AlreadyExists` when it is there.
    pub fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.before(&FileOp::CreateDir(path))?;
        fs_err::create_dir(path)
    }

    /// Creates a directory and the ones above it that are missing, and syncs each parent that got a new entry.
    ///
    /// # Errors
    /// The system's.
    pub fn create_dirs(&self, path: &Path) -> io::Result<()> {
        if path.as_os_str().is_empty() || self.metadata(path)?.is_some_and(|m| m.is_dir()) {
            return Ok(());
        }
        match self.create_dir(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let Some(parent) = path.parent() else {
                    return Err(error);
                };
                self.create_dirs(parent)?;
                match self.create_dir(path) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(error);
                    }
                    _ => {}
                }
            }
            Err(error) => return Err(error),
        }
        match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => self.sync_dir(parent),
            _ => Ok(()),
        }
    }

    /// The entries of a directory, sorted by name.
    ///
    /// # Errors
    /// The system's.
    pub fn read_dir(&self, path: &Path) -> io::Result<Vec<Entry>> {
        self.before(&FileOp::ReadDir(path))?;
        let mut entries = Vec::new();
        for entry in fs_err::read_dir(path)? {
            let entry = entry?;
            let kind = match entry.file_type()? {
                kind if kind.is_file() => EntryKind::File,
                kind if kind.is_dir() => EntryKind::Directory,
                _ => EntryKind::Other,
            };
            entries.push(Entry {
                name: entry.file_name(),
                kind,
            });
        }
        entries.sort();
        Ok(entries)
    }
}

//! Copies that share their bytes, and who may write to what is copied.

use std::io;
use std::path::Path;

use super::{FileMode, FileOp, Files, platform};

impl Files {
    /// Makes the new file `to` share the bytes of the open file `from` until one of them is written to.
    ///
    /// # Errors
    /// The system's; where the file system cannot, mostly of the kinds `Unsupported` and `CrossesDevices`. Nothing is
    /// left of `to` then.
    pub fn clone_file(&self, from: &fs_err::File, to: &Path, mode: FileMode) -> io::Result<()> {
        self.before(&FileOp::Clone {
            from: from.path(),
            to,
        })?;
        platform::clone_file(from, to, mode)
    }

    /// Whether files on the file system of `path` may be cloned: false where it is known that they cannot, or nothing
    /// is known.
    ///
    /// # Errors
    /// The system's.
    pub fn can_clone(&self, path: &Path) -> io::Result<bool> {
        self.before(&FileOp::Space(path))?;
        platform::can_clone(path)
    }

    /// Takes the permission to write to a file or directory from everybody but its owner. A link is not followed.
    ///
    /// # Errors
    /// The system's.
    pub fn protect(&self, path: &Path) -> io::Result<()> {
        self.before(&FileOp::Protect(path))?;
        platform::protect(path)
    }

    /// Creates one directory that is nobody else's business.
    ///
    /// # Errors
    /// Of the kind `AlreadyExists` when it is there.
    pub fn create_private_dir(&self, path: &Path) -> io::Result<()> {
        self.before(&FileOp::CreateDir(path))?;
        platform::create_private_dir(path)
    }
}

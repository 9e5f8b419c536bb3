//! Removing directories with everything in them.

use std::io;
use std::path::Path;

use super::{FileOp, Files};

impl Files {
    /// Removes a directory and everything in it. Links are removed themselves, and never followed: neither one at
    /// `path` nor one that somebody puts in the place of a directory meanwhile.
    ///
    /// # Errors
    /// The first that occurs; what was removed before stays removed.
    pub fn remove_tree(&self, path: &Path) -> io::Result<()> {
        self.before(&FileOp::ReadDir(path))?;
        match system::open(path)? {
            Some(dir) => {
                self.empty(&dir, path)?;
                self.remove_dir(path)
            }
            None => {
                self.before(&FileOp::RemoveFile(path))?;
                system::remove_link(path)
            }
        }
    }

    /// Removes everything in an open directory, which was at `path` when it was opened.
    fn empty(&self, dir: &system::Dir, path: &Path) -> io::Result<()> {
        for name in dir.names(path)? {
            let inner = path.join(&name);
            match dir.open(&name, &inner)? {
                Some(below) => {
                    self.before(&FileOp::ReadDir(&inner))?;
                    self.empty(&below, &inner)?;
                    self.before(&FileOp::RemoveDir(&inner))?;
                    dir.remove_dir(&name, &inner)?;
                }
                None => {
                    self.before(&FileOp::RemoveFile(&inner))?;
                    dir.remove_file(&name, &inner)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(unix)]
mod system {
    use std::ffi::{OsStr, OsString};
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::ffi::OsStringExt;
    use std::path::Path;

    use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, openat, statat, unlinkat};
    use rustix::io::Errno;

    /// An open directory, whatever becomes of its path.
    pub(super) struct Dir(OwnedFd);

    /// The directory at `path`; `None` where something else is there.
    pub(super) fn open(path: &Path) -> io::Result<Option<Dir>> {
        open_at(CWD, path.as_os_str(), path)
    }

    pub(super) fn remove_link(path: &Path) -> io::Result<()> {
        fs_err::remove_file(path)
    }

    fn open_at(at: impl AsFd, name: &OsStr, path: &Path) -> io::Result<Option<Dir>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match openat(at, name, flags, Mode::empty()) {
            Ok(dir) => Ok(Some(Dir(dir))),
            // What a link is depends on the system.
            Err(Errno::NOTDIR | Errno::LOOP | Errno::MLINK) => Ok(None),
            Err(error) => Err(named(error, "open", path)),
        }
    }

    impl Dir {
        /// What is in it, sorted.
        pub(super) fn names(&self, path: &Path) -> io::Result<Vec<OsString>> {
            let failed = |error| named(error, "list", path);
            let mut names = Vec::new();
            for entry in rustix::fs::Dir::read_from(&self.0).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                match entry.file_name().to_bytes() {
                    b"." | b".." => {}
                    name => names.push(OsString::from_vec(name.to_vec())),
                }
            }
            names.sort();
            Ok(names)
        }

        /// A directory in it; `None` where something else has the name.
        pub(super) fn open(&self, name: &OsStr, path: &Path) -> io::Result<Option<Self>> {
            // Asked first: opening a device or a pipe may do something.
            let there = statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)
                .map_err(|error| named(error, "query metadata of", path))?;
            match FileType::from_raw_mode(there.st_mode) {
                FileType::Directory => open_at(&self.0, name, path),
                _ => Ok(None),
            }
        }

        pub(super) fn remove_file(&self, name: &OsStr, path: &Path) -> io::Result<()> {
            unlinkat(&self.0, name, AtFlags::empty()).map_err(|error| named(error, "remove", path))
        }

        pub(super) fn remove_dir(&self, name: &OsStr, path: &Path) -> io::Result<()> {
            unlinkat(&self.0, name, AtFlags::REMOVEDIR)
                .map_err(|error| named(error, "remove", path))
        }
    }

    fn named(error: Errno, verb: &str, path: &Path) -> io::Error {
        super::super::platform::named(error, verb, path)
    }
}

#[cfg(not(unix))]
mod system {
    use std::ffi::{OsStr, OsString};
    use std::io;
    use std::path::{Path, PathBuf};

    /// A directory that was there when it was looked at.
    pub(super) struct Dir(PathBuf);

    /// The directory at `path`; `None` where something else is there.
    pub(super) fn open(path: &Path) -> io::Result<Option<Dir>> {
        let metadata = fs_err::symlink_metadata(path)?;
        Ok(metadata.is_dir().then(|| Dir(path.to_owned())))
    }

    /// A link to a directory is removed like a directory here.
    pub(super) fn remove_link(path: &Path) -> io::Result<()> {
        fs_err::remove_file(path).or_else(|error| fs_err::remove_dir(path).map_err(|_| error))
    }

    impl Dir {
        /// What is in it, sorted.
        pub(super) fn names(&self, _: &Path) -> io::Result<Vec<OsString>> {
            let names = fs_err::read_dir(&self.0)?.map(|entry| Ok(entry?.file_name()));
            let mut names = names.collect::<io::Result<Vec<_>>>()?;
            names.sort();
            Ok(names)
        }

        /// A directory in it; `None` where something else has the name.
        #[allow(clippy::unused_self, reason = "elsewhere it opens below itself")]
        pub(super) fn open(&self, _: &OsStr, path: &Path) -> io::Result<Option<Self>> {
            open(path)
        }

        #[allow(clippy::unused_self, reason = "elsewhere it removes below itself")]
        pub(super) fn remove_file(&self, _: &OsStr, path: &Path) -> io::Result<()> {
            remove_link(path)
        }

        #[allow(clippy::unused_self, reason = "elsewhere it removes below itself")]
        pub(super) fn remove_dir(&self, _: &OsStr, path: &Path) -> io::Result<()> {
            fs_err::remove_dir(path)
        }
    }
}

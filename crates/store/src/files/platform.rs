//! The few things that the standard library does not offer on every system.

use std::io;
use std::path::Path;

use super::FileMode;

/// Tells one file from another that took its place, and a file from itself after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileIdentity {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

#[cfg(unix)]
impl FileIdentity {
    /// The identity that the metadata tell.
    pub fn of(metadata: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

#[cfg(not(unix))]
impl FileIdentity {
    /// The identity that the metadata tell: length and times, all that is portable.
    pub fn of(metadata: &std::fs::Metadata) -> Self {
        let stamp = |time: io::Result<std::time::SystemTime>| {
            let since = time
                .ok()
                .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
                .unwrap_or_default();
            (since.as_secs() as i64, i64::from(since.subsec_nanos()))
        };
        Self {
            device: 0,
            inode: 0,
            length: metadata.len(),
            modified: stamp(metadata.modified()),
            changed: stamp(metadata.created()),
        }
    }
}

pub(super) fn not_regular(path: &Path) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("`{}` is not a regular file", path.display()),
    )
}

pub(super) fn too_large(path: &Path, limit: u64) -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        format!("`{}` is larger than {limit} bytes", path.display()),
    )
}

#[cfg(unix)]
mod system {
    use super::{FileMode, Path, io};
    use fs_err::os::unix::fs::OpenOptionsExt;
    use rustix::fs::{OFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

    /// No links, no waiting for the other end of a pipe.
    fn careful() -> i32 {
        // The flags are small positive constants of the system.
        i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or(0)
    }

    pub(in super::super) fn open_nofollow(path: &Path) -> io::Result<fs_err::File> {
        fs_err::OpenOptions::new()
            .read(true)
            .custom_flags(careful())
            .open(path)
    }

    pub(in super::super) fn open_read_write(path: &Path) -> io::Result<fs_err::File> {
        fs_err::OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(careful())
            .open(path)
    }

    pub(in super::super) fn open_lock(path: &Path) -> io::Result<fs_err::File> {
        fs_err::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .custom_flags(careful())
            .open(path)
    }

    /// Whether the lock was free. Clients lock whole files, whatever their length.
    pub(in super::super) fn lock_record(file: &fs_err::File) -> io::Result<bool> {
        use rustix::fs::{FlockOperation, fcntl_lock};
        use rustix::io::Errno;
        match fcntl_lock(file.file(), FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            // POSIX allows either of them.
            Err(Errno::AGAIN | Errno::ACCESS) => Ok(false),
            Err(error) => Err(named(error, "lock", file.path())),
        }
    }

    pub(in super::super) fn symlink_dir(target: &Path, link: &Path) -> io::Result<()> {
        fs_err::os::unix::fs::symlink(target, link)
    }

    pub(in super::super) fn create_new(path: &Path, mode: FileMode) -> io::Result<fs_err::File> {
        let mode = match mode {
            FileMode::Plain => 0o666,
            FileMode::Executable => 0o777,
            FileMode::Private => 0o600,
        };
        fs_err::OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(path)
    }

    pub(in super::super) fn create_private_dir(path: &Path) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        let made = std::fs::DirBuilder::new().mode(0o700).create(path);
        made.map_err(|error| {
            let text = format!("failed to create directory `{}`: {error}", path.display());
            io::Error::new(error.kind(), text)
        })
    }

    pub(in super::super) fn protect(path: &Path) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt;
        let file = open_nofollow(path)?;
        let mode = file.metadata()?.permissions().mode();
        file.set_permissions(std::fs::Permissions::from_mode(mode & !0o022))
    }

    #[cfg(target_os = "linux")]
    pub(in super::super) fn clone_file(
        from: &fs_err::File,
        to: &Path,
        mode: FileMode,
    ) -> io::Result<()> {
        let target = create_new(to, mode)?;
        rustix::fs::ioctl_ficlone(target.file(), from.file()).map_err(|error| {
            // What matters is why it was not cloned.
            let _ = fs_err::remove_file(to);
            named(error, "clone to", to)
        })
    }

    #[cfg(target_vendor = "apple")]
    pub(in super::super) fn clone_file(
        from: &fs_err::File,
        to: &Path,
        _: FileMode,
    ) -> io::Result<()> {
        use rustix::fs::{CWD, CloneFlags, fclonefileat};
        // It takes the permissions of the file with it.
        fclonefileat(from.file(), CWD, to, CloneFlags::empty())
            .map_err(|error| named(error, "clone to", to))
    }

    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    pub(in super::super) fn clone_file(_: &fs_err::File, _: &Path, _: FileMode) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in super::super) fn sync_dir(path: &Path) -> io::Result<()> {
        match fs_err::File::open(path)?.sync_all() {
            // Some file systems have no such operation for directories.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            other => other,
        }
    }

    pub(in super::super) fn touch(path: &Path) -> io::Result<()> {
        let times = Timestamps {
            last_access: Timespec {
                tv_sec: 0,
                tv_nsec: UTIME_OMIT,
            },
            last_modification: Timespec {
                tv_sec: 0,
                tv_nsec: UTIME_NOW,
            },
        };
        rustix::fs::utimensat(
            rustix::fs::CWD,
            path,
            &times,
            rustix::fs::AtFlags::SYMLINK_NOFOLLOW,
        )
        .map_err(|error| named(error, "set time of", path))
    }

    pub(in super::super) fn space(path: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(path)
            .map_err(|error| named(error, "query file system of", path))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    #[cfg(any(target_os = "linux", target_os = "macos"))]
    pub(in super::super) fn exchange(first: &Path, second: &Path) -> io::Result<()> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        renameat_with(CWD, first, CWD, second, RenameFlags::EXCHANGE).map_err(|error| {
            // File systems without the operation answer with an invalid argument.
            if error == rustix::io::Errno::INVAL || error == rustix::io::Errno::NOSYS {
                return io::ErrorKind::Unsupported.into();
            }
            named(error, "exchange", first)
        })
    }

    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    pub(in super::super) fn exchange(_: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[cfg(target_os = "linux")]
    pub(in super::super) fn is_remote(path: &Path) -> io::Result<bool> {
        // statfs(2): NFS, SMB, CIFS, SMB2, AFS, Coda, 9P.
        const REMOTE: [u64; 7] = [
            0x6969,
            0x517b,
            0xff53_4d42,
            0xfe53_4d42,
            0x5346_414f,
            0x7375_7245,
            0x0102_1997,
        ];
        let stat =
            rustix::fs::statfs(path).map_err(|error| named(error, "query file system of", path))?;
        // The type is 32 bits wide; on some machines it arrives with its sign extended.
        #[allow(clippy::cast_sign_loss, clippy::unnecessary_cast)]
        let kind = (stat.f_type as u64) & 0xffff_ffff;
        Ok(REMOTE.contains(&kind))
    }

    #[cfg(target_os = "linux")]
    pub(in super::super) fn can_clone(path: &Path) -> io::Result<bool> {
        // statfs(2): Btrfs, XFS, bcachefs, OCFS2, overlays, which pass it on.
        const CLONING: [u64; 5] = [
            0x9123_683e,
            0x5846_5342,
            0xca45_1a4e,
            0x7461_636f,
            0x794c_7630,
        ];
        let stat =
            rustix::fs::statfs(path).map_err(|error| named(error, "query file system of", path))?;
        // As above.
        #[allow(clippy::cast_sign_loss, clippy::unnecessary_cast)]
        let kind = (stat.f_type as u64) & 0xffff_ffff;
        Ok(CLONING.contains(&kind))
    }

    #[cfg(not(target_os = "linux"))]
    pub(in super::super) fn can_clone(_: &Path) -> io::Result<bool> {
        Ok(cfg!(target_vendor = "apple"))
    }

    #[cfg(not(target_os = "linux"))]
    pub(in super::super) fn is_remote(_: &Path) -> io::Result<bool> {
        Ok(false)
    }

    /// The error of the system, with what was tried.
    pub(in super::super) fn named(error: rustix::io::Errno, verb: &str, path: &Path) -> io::Error {
        let error = io::Error::from(error);
        io::Error::new(
            error.kind(),
            format!("failed to {verb} `{}`: {error}", path.display()),
        )
    }

    pub(crate) fn read_at(
        file: &fs_err::File,
        buffer: &mut [u8],
        offset: u64,
    ) -> io::Result<usize> {
        fs_err::os::unix::fs::FileExt::read_at(file, buffer, offset)
    }
}

#[cfg(not(unix))]
mod system {
    use super::{FileMode, Path, io};

    pub(in super::super) fn open_nofollow(path: &Path) -> io::Result<fs_err::File> {
        if fs_err::symlink_metadata(path)?.is_file() {
            fs_err::File::open(path)
        } else {
            Err(super::not_regular(path))
        }
    }

    pub(in super::super) fn open_read_write(path: &Path) -> io::Result<fs_err::File> {
        fs_err::OpenOptions::new().read(true).write(true).open(path)
    }

    pub(in super::super) fn open_lock(path: &Path) -> io::Result<fs_err::File> {
        fs_err::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
    }

    /// Whether the lock was free. There is one kind of locks, and they belong to the open file.
    pub(in super::super) fn lock_record(file: &fs_err::File) -> io::Result<bool> {
        match file.try_lock() {
            Ok(()) => Ok(true),
            Err(std::fs::TryLockError::WouldBlock) => Ok(false),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }

    #[cfg(windows)]
    pub(in super::super) fn symlink_dir(target: &Path, link: &Path) -> io::Result<()> {
        fs_err::os::windows::fs::symlink_dir(target, link)
    }

    #[cfg(not(windows))]
    pub(in super::super) fn symlink_dir(_: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in super::super) fn create_new(path: &Path, _: FileMode) -> io::Result<fs_err::File> {
        fs_err::OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)
    }

    pub(in super::super) fn create_private_dir(path: &Path) -> io::Result<()> {
        fs_err::create_dir(path)
    }

    pub(in super::super) fn protect(_: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(in super::super) fn clone_file(_: &fs_err::File, _: &Path, _: FileMode) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in super::super) fn sync_dir(_: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(in super::super) fn touch(_: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(in super::super) fn space(_: &Path) -> io::Result<u64> {
        Ok(u64::MAX)
    }

    pub(in super::super) fn exchange(_: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in super::super) fn is_remote(_: &Path) -> io::Result<bool> {
        Ok(false)
    }

    pub(in super::super) fn can_clone(_: &Path) -> io::Result<bool> {
        Ok(false)
    }

    #[cfg(windows)]
    pub(crate) fn read_at(
        file: &fs_err::File,
        buffer: &mut [u8],
        offset: u64,
    ) -> io::Result<usize> {
        fs_err::os::windows::fs::FileExt::seek_read(file, buffer, offset)
    }
}

#[cfg(unix)]
pub(super) use system::named;
pub(crate) use system::read_at;
pub(super) use system::{
    can_clone, clone_file, create_new, create_private_dir, exchange, is_remote, lock_record,
    open_lock, open_nofollow, open_read_write, protect, space, symlink_dir, sync_dir, touch,
};

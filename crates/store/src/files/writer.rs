//! An open file that is written through the seam.

use std::io::{self, Write};
use std::path::Path;

use super::{FileOp, Files, Refusal, Sync};

/// An open file that is written through [`Files`]. Dropping it closes the file and nothing else.
#[derive(Debug)]
pub struct FileWriter {
    files: Files,
    file: fs_err::File,
}

impl FileWriter {
    pub(super) fn new(files: Files, file: fs_err::File) -> Self {
        Self { files, file }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The open file, for reading.
    pub fn file(&self) -> &fs_err::File {
        &self.file
    }

    /// Reads up to `length` bytes at `offset`; fewer only at the end of the file.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn read_at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        self.files.read_at(&self.file, offset, length)
    }

    /// Gives the open file away.
    pub fn into_file(self) -> fs_err::File {
        self.file
    }

    /// Writes all bytes at the file's position.
    ///
    /// # Errors
    /// The system's; then a part may have been written.
    pub fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let op = FileOp::Write {
            path: self.file.path(),
            length: bytes.len(),
        };
        match self.files.ask(&op) {
            Ok(()) => self.file.write_all(bytes),
            Err(refusal) => {
                if refusal.leaves_a_part() {
                    let half = bytes.get(..bytes.len() / 2).unwrap_or(bytes);
                    // The error that matters is the one below.
                    let _ = (&self.file).write_all(half);
                }
                Err(refusal.into_error(&op))
            }
        }
    }

    /// Cuts or extends the file and goes to its end.
    ///
    /// # Errors
    /// The system's.
    pub fn resize(&mut self, length: u64) -> io::Result<()> {
        self.files.before(&FileOp::Resize {
            path: self.file.path(),
            length,
        })?;
        self.file.set_len(length)?;
        io::Seek::seek(&mut self.file, io::SeekFrom::Start(length)).map(drop)
    }

    /// Goes to the end of the file and tells where that is.
    ///
    /// # Errors
    /// The system's.
    pub fn seek_end(&mut self) -> io::Result<u64> {
        io::Seek::seek(&mut self.file, io::SeekFrom::End(0))
    }

    /// Takes the exclusive lock of the file, until it is closed; false when somebody holds it.
    ///
    /// # Errors
    /// The system's.
    pub fn try_lock(&self) -> io::Result<bool> {
        self.files.before(&FileOp::Lock(self.file.path()))?;
        match self.file.try_lock() {
            Ok(()) => Ok(true),
            Err(std::fs::TryLockError::WouldBlock) => Ok(false),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }

    /// Forces the content to the disk. Nothing happens under [`Sync::Off`].
    ///
    /// # Errors
    /// The system's.
    pub fn sync(&self) -> io::Result<()> {
        if self.files.sync == Sync::Off {
            return Ok(());
        }
        self.files.before(&FileOp::Sync(self.file.path()))?;
        self.file.sync_all()
    }
}

impl Write for FileWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Refusal {
    /// Whether a write that is refused so leaves its first half.
    fn leaves_a_part(&self) -> bool {
        matches!(self, Self::Killed | Self::Cut(_))
    }
}

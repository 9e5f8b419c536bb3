//! Files that appear whole or not at all.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{FileMode, FileWriter, Files};

/// A file that is written beside its place and moved there when it is complete.
///
/// Until [`commit`](Self::commit) the place holds what it held before; dropping without it removes what was
/// written. A killed process leaves a file with a leading dot and the ending `.tmp`, which nobody reads.
#[derive(Debug)]
pub struct AtomicFile {
    files: Files,
    writer: Option<FileWriter>,
    temporary: PathBuf,
    place: PathBuf,
}

impl AtomicFile {
    /// Starts a file that is to lie at `place`, in a directory that exists.
    ///
    /// # Errors
    /// The system's.
    pub fn create(files: &Files, place: &Path) -> io::Result<Self> {
        Self::create_with(files, place, FileMode::Plain)
    }

    /// As [`create`](Self::create), with permissions.
    ///
    /// # Errors
    /// The system's.
    pub fn create_with(files: &Files, place: &Path, mode: FileMode) -> io::Result<Self> {
        let stem = place
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        // A long name with our addition would be too long for the file system.
        let stem: String = stem.trim_start_matches('.').chars().take(40).collect();
        let writer = files.create_temporary(parent(place), &stem, mode)?;
        Ok(Self {
            files: files.clone(),
            temporary: writer.path().to_owned(),
            writer: Some(writer),
            place: place.to_owned(),
        })
    }

    /// Writes a whole file in one go.
    ///
    /// # Errors
    /// The system's; then the place holds what it held before.
    pub fn write(files: &Files, place: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = Self::create(files, place)?;
        file.write_all(bytes)?;
        file.commit().map(drop)
    }

    /// The file as it is open now.
    pub fn file(&self) -> Option<&fs_err::File> {
        self.writer.as_ref().map(FileWriter::file)
    }

    /// Syncs the file, moves it to its place and syncs the directory. Gives back the open file.
    ///
    /// # Errors
    /// The system's. When the last step fails the file is in its place, but may not survive power loss.
    pub fn commit(self) -> io::Result<fs_err::File> {
        let (files, place) = (self.files.clone(), self.place.clone());
        let file = self.move_into_place()?;
        files.sync_dir(parent(&place))?;
        Ok(file)
    }

    /// As [`commit`](Self::commit), and leaves the directory to the caller, who has several files in it.
    ///
    /// # Errors
    /// The system's.
    pub fn move_into_place(mut self) -> io::Result<fs_err::File> {
        let Some(writer) = &self.writer else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        writer.sync()?;
        self.files.rename(&self.temporary, &self.place)?;
        // Taken out, so that dropping removes nothing.
        match self.writer.take() {
            Some(writer) => Ok(writer.into_file()),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.writer {
            Some(writer) => writer.write(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if self.writer.take().is_some() {
            // Best effort: a leftover is never read.
            let _ = self.files.remove_file(&self.temporary);
        }
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

//! Files that appear whole or not at all.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{EntryKind, FileIdentity, FileMode, FileWriter, Files};

/// A file that is written beside its place and moved there when it is complete.
///
/// Until [`commit`](Self::commit) the place holds what it held before; dropping without it removes what was
/// written. A killed process leaves a file with a leading dot and the ending `.tmp`, which nobody reads: in layouts
/// and in the package cache a sweep removes it, elsewhere whoever writes the same file next ([`create_tidy`](Self::create_tidy)).
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
        let writer = files.create_temporary(parent(place), &stem(place), mode)?;
        Ok(Self::of(files, writer, place))
    }

    /// As [`create_with`](Self::create_with), in a directory that nobody sweeps: what killed writers of the same place
    /// left is removed first, and this file is locked while it is written, so that no other writer takes it for
    /// such.
    ///
    /// # Errors
    /// The system's. What cannot be removed stays.
    pub fn create_tidy(files: &Files, place: &Path, mode: FileMode) -> io::Result<Self> {
        // Best effort: a leftover does no harm.
        let _ = remove_leftovers(files, place);
        loop {
            let writer = files.create_temporary(parent(place), &stem(place), mode)?;
            let file = Self::of(files, writer, place);
            if file.is_ours()? {
                return Ok(file);
            }
            // Somebody who was tidying up came between creating and locking, and removes it.
        }
    }

    fn of(files: &Files, writer: FileWriter, place: &Path) -> Self {
        Self {
            files: files.clone(),
            temporary: writer.path().to_owned(),
            writer: Some(writer),
            place: place.to_owned(),
        }
    }

    /// Locks the temporary file. Whether it still has its name then.
    fn is_ours(&self) -> io::Result<bool> {
        let Some(writer) = &self.writer else {
            return Ok(false);
        };
        if !writer.try_lock()? {
            return Ok(false);
        }
        let named = self.files.metadata(&self.temporary)?;
        let named = named.map(|metadata| FileIdentity::of(&metadata));
        Ok(named == Some(FileIdentity::of(&writer.file().metadata()?)))
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

    /// As [`write`](Self::write), by [`create_tidy`](Self::create_tidy).
    ///
    /// # Errors
    /// The system's; then the place holds what it held before.
    pub fn write_tidy(files: &Files, place: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = Self::create_tidy(files, place, FileMode::Plain)?;
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

/// How the names of temporary files for `place` begin, behind the dot.
fn stem(place: &Path) -> String {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    // A long name with our addition would be too long for the file system.
    name.trim_start_matches('.').chars().take(40).collect()
}

/// Removes temporary files for `place` that nobody writes any longer.
fn remove_leftovers(files: &Files, place: &Path) -> io::Result<()> {
    let directory = parent(place);
    let start = format!(".{}.", stem(place));
    for entry in files.read_dir(directory)? {
        let name = entry.name.to_string_lossy();
        let middle = name
            .strip_prefix(&start)
            .and_then(|rest| rest.strip_suffix(".tmp"));
        let is_ours = middle.is_some_and(|middle| {
            middle.len() == 32 && middle.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        if !is_ours || entry.kind != EntryKind::File {
            continue;
        }
        let path = directory.join(&entry.name);
        // The lock is held while the file goes: its writer sees that, if there is one.
        let writer = files.open_for_writing(&path)?;
        if writer.try_lock()? {
            files.remove_file(&path)?;
        }
    }
    Ok(())
}

//! Unpacking a package beside the place where it will be, while it is checked.
//!
//! What is written here is worth nothing until the package's proof is there: the tree deletes
//! itself unless it is taken together with that proof.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use tofu_oci_store::files::{FileMode, FileWriter, Files};
use tofu_oci_trust::content::EntrySink;
use tofu_oci_trust::zip::Entry;

/// A directory that is being filled, and is removed when it is dropped before it was taken.
#[derive(Debug)]
pub(crate) struct Tree {
    files: Files,
    path: Option<PathBuf>,
}

impl Tree {
    /// Makes the empty directory `path`, which must not exist.
    pub(crate) fn create(files: &Files, path: PathBuf) -> io::Result<Self> {
        files.create_dir(&path)?;
        Ok(Self {
            files: files.clone(),
            path: Some(path),
        })
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(""))
    }

    /// Gives the directory away; it stays.
    pub(crate) fn into_path(mut self) -> PathBuf {
        self.path.take().unwrap_or_default()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            // The next run removes what this one could not.
            let _ = self.files.remove_tree(&path);
        }
    }
}

/// Writes the entries of a package below a directory. Names obey the zip policy already.
pub(crate) struct UnpackSink {
    files: Files,
    root: PathBuf,
    executable: Option<String>,
    made: HashSet<PathBuf>,
    open: Option<FileWriter>,
}

impl UnpackSink {
    /// Writes below `root`; the entry named `executable` becomes executable whatever its mode says.
    pub(crate) fn new(files: &Files, root: &Path, executable: Option<String>) -> Self {
        Self {
            files: files.clone(),
            root: root.to_owned(),
            executable,
            made: HashSet::new(),
            open: None,
        }
    }

    fn make_dirs(&mut self, path: &Path) -> io::Result<()> {
        if path != self.root && !self.made.contains(path) {
            self.files.create_dirs(path)?;
            self.made.insert(path.to_owned());
        }
        Ok(())
    }
}

impl EntrySink for UnpackSink {
    fn begin(&mut self, entry: &Entry) -> io::Result<()> {
        let path = self.root.join(entry.name());
        if entry.is_dir() {
            return self.make_dirs(&path);
        }
        if let Some(parent) = path.parent() {
            self.make_dirs(parent)?;
        }
        let wanted = self.executable.as_deref() == Some(entry.name());
        let mode = if entry.executable().unwrap_or(false) || wanted {
            FileMode::Executable
        } else {
            FileMode::Plain
        };
        self.open = Some(self.files.create_new(&path, mode)?);
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.open {
            Some(file) => file.write_all(bytes),
            None => Ok(()),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        self.open = None;
        Ok(())
    }
}

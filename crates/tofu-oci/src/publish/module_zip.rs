//! The zip that a module directory becomes.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err::File;
use tofu_oci_store::files::{self, Files};
use tofu_oci_trust::VerifiedPackage;
use tofu_oci_trust::h1::h1_of;
use tofu_oci_trust::zip::DosTime;
use tofu_oci_trust::zip_writer::{FileMode, Measured, NewEntry, WriteZipError, ZipWriter, measure};
use tofu_oci_types::artifact::Timestamp;
use tofu_oci_types::oci::{Digest, Hasher};
use tofu_oci_types::tofu::PackageHash;

use super::PublishError;
use super::module_files::{ModuleFile, read_error};

/// What makes two packages the same module, however they were packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tree {
    /// The hash of names and contents.
    pub(super) h1: PackageHash,
    /// The executable files.
    pub(super) executables: BTreeSet<String>,
    /// How many files.
    pub(super) files: usize,
}

impl Tree {
    /// The tree that a package unpacks to.
    pub(super) fn of(package: &VerifiedPackage) -> Self {
        let files = package
            .archive()
            .entries()
            .iter()
            .filter(|entry| !entry.is_dir());
        let executables = files
            .clone()
            .filter(|entry| entry.executable() == Some(true));
        Self {
            h1: package.h1().clone(),
            executables: executables.map(|entry| entry.name().to_owned()).collect(),
            files: files.count(),
        }
    }
}

/// The files of a module, measured: from them the same zip can be written again and again.
#[derive(Debug)]
pub(super) struct MeasuredModule {
    files: Vec<(ModuleFile, Measured)>,
    time: DosTime,
}

impl MeasuredModule {
    /// Reads every file once. Blocks.
    pub(super) fn measure(
        access: &Files,
        files: Vec<ModuleFile>,
        created: Option<Timestamp>,
    ) -> Result<Self, PublishError> {
        let measured = files.into_iter().map(|file| {
            let content = access.open(&file.path).and_then(measure);
            match content {
                Ok(measured) => Ok((file, measured)),
                Err(source) => Err(read_error(&file.path, source)),
            }
        });
        Ok(Self {
            files: measured.collect::<Result<_, _>>()?,
            time: created.map_or(DosTime::EARLIEST, |time| DosTime::from_unix(time.unix())),
        })
    }

    pub(super) fn tree(&self) -> Tree {
        let executables = self
            .files
            .iter()
            .filter(|(file, _)| file.mode == FileMode::Executable);
        let contents = self
            .files
            .iter()
            .map(|(file, m)| (file.name.clone(), m.digest.clone()));
        Tree {
            h1: h1_of(contents),
            executables: executables.map(|(file, _)| file.name.clone()).collect(),
            files: self.files.len(),
        }
    }

    /// Digest and length of the zip, which is not kept. Blocks.
    pub(super) fn digest(&self, access: &Files) -> Result<(Digest, u64), PublishError> {
        let (sink, size) = self.write(access, HashSink(Hasher::sha256()))?;
        Ok((sink.0.finish(), size))
    }

    /// The zip as a file in the directory `scratch`, which has no name any more where the system
    /// allows that. Blocks.
    pub(super) fn spool(&self, access: &Files, scratch: &Path) -> Result<Spool, PublishError> {
        let failed = |source| PublishError::Scratch {
            path: scratch.to_owned(),
            source,
        };
        let writer = access
            .create_temporary(scratch, "module.zip", files::FileMode::Private)
            .map_err(failed)?;
        let path = writer.path().to_owned();
        let spool = Spool::new(access, path);
        let (writer, _) = self.write(access, writer)?;
        Ok(spool.filled(writer.into_file()))
    }

    fn write<W: Write>(&self, access: &Files, out: W) -> Result<(W, u64), PublishError> {
        let mut zip = ZipWriter::new(out, self.time);
        for (file, measured) in &self.files {
            let content = access
                .open(&file.path)
                .map_err(|e| read_error(&file.path, e))?;
            let entry = NewEntry {
                name: file.name.clone(),
                mode: file.mode,
                size: measured.size,
                crc32: measured.crc32,
            };
            zip.add(entry, content)
                .map_err(|error| pack_error(error, file))?;
        }
        zip.finish().map_err(|error| match self.files.first() {
            Some((file, _)) => pack_error(error, file),
            None => PublishError::EmptyModule {
                path: PathBuf::new(),
            },
        })
    }
}

fn pack_error(error: WriteZipError, file: &ModuleFile) -> PublishError {
    let path = file.path.clone();
    match error {
        WriteZipError::Content { source, .. } => PublishError::Read { path, source },
        WriteZipError::Name { .. } => PublishError::UnpackableName { path },
        source => PublishError::Pack { path, source },
    }
}

/// Keeps nothing but the digest.
struct HashSink(Hasher);

impl Write for HashSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that lives as long as it is open.
#[derive(Debug)]
pub(super) struct Spool {
    access: Files,
    path: PathBuf,
    file: Option<Arc<File>>,
    removed: bool,
}

impl Spool {
    /// The file at `path` is this spool's to remove.
    pub(super) fn new(access: &Files, path: PathBuf) -> Self {
        let removed = cfg!(unix) && access.remove_file(&path).is_ok();
        Self {
            access: access.clone(),
            path,
            file: None,
            removed,
        }
    }

    /// With everything written.
    pub(super) fn filled(mut self, file: File) -> Self {
        self.file = Some(Arc::new(file));
        self
    }

    /// The open file.
    pub(super) fn file(&self) -> Option<Arc<File>> {
        self.file.clone()
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.file = None;
        if !self.removed {
            // A leftover in the scratch directory is its owner's to sweep.
            let _ = self.access.remove_file(&self.path);
        }
    }
}

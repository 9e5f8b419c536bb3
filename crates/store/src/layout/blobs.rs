//! Blobs as files.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use tofu_oci_types::oci::{Digest, MANIFEST_LIMIT};

use super::Shared;
use super::loaded::{Repo, damage_of};
use crate::blocking::BATCH;
use crate::error::{Damage, Result, StoreError};
use crate::files::{AtomicFile, Files, is_absent, random_hex};
use crate::reader::PartReader;
use crate::repository::Put;
use crate::storage::Stat;

/// Whether something stood in the place of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cleared {
    /// Nothing, or a file.
    Nothing,
    /// Something that is gone now.
    Something,
}

impl Shared {
    /// What is known about a blob without opening it.
    pub(super) fn stat_blob(&self, repo: &Repo, digest: &Digest) -> Result<Option<Stat>> {
        let path = repo.blob(digest)?;
        let Some(metadata) = self.files.metadata(&path)? else {
            return Ok(None);
        };
        if !metadata.is_file() {
            return Err(StoreError::damaged(path, Damage::NotRegular));
        }
        Ok(Some(Stat {
            digest: digest.clone(),
            size: metadata.len(),
            media_type: None,
        }))
    }

    /// A whole blob, unread.
    pub(super) fn open_blob(&self, repo: &Repo, digest: &Digest) -> Result<PartReader> {
        let path = repo.blob(digest)?;
        let file = match self.files.open(&path) {
            Ok(file) => file,
            Err(error) if is_absent(&error) => {
                return Err(StoreError::AbsentBlob {
                    place: repo.place.clone(),
                    digest: digest.clone(),
                });
            }
            Err(error) => return Err(damage_of(&path, u64::MAX, error)),
        };
        let length = file.metadata()?.len();
        Ok(PartReader::file(digest, Arc::new(file), 0..length).through(&self.files))
    }

    /// The bytes of a manifest, checked against its digest; `None` when it is not there.
    pub(super) fn manifest_bytes(&self, repo: &Repo, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let path = repo.blob(digest)?;
        let bytes = match self.files.read(&path, MANIFEST_LIMIT) {
            Ok(bytes) => bytes,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(damage_of(&path, MANIFEST_LIMIT, error)),
        };
        match Digest::of_with(digest.algorithm(), &bytes) {
            Some(got) if got == *digest => Ok(Some(bytes)),
            Some(got) => Err(StoreError::damaged(path, Damage::Digest { got })),
            None => Err(StoreError::UnsupportedDigest {
                digest: digest.clone(),
            }),
        }
    }

    /// Moves a complete and synced file to the place of a blob; the directory is synced by the caller.
    pub(super) fn place_blob(&self, repo: &Repo, from: &Path, digest: &Digest) -> Result<()> {
        let to = repo.blob(digest)?;
        match self.files.rename(from, &to) {
            Err(error) if is_absent(&error) => {
                self.files.create_dirs(&repo.blobs(digest)?)?;
                self.files.rename(from, &to)?;
            }
            // The layout may be another file system than what lies beside it.
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                self.copy_blob(from, &to, digest)?;
                self.files.remove_file(from)?;
            }
            Err(error) => {
                if self.clear(&to)? == Cleared::Nothing {
                    return Err(error.into());
                }
                self.files.rename(from, &to)?;
            }
            Ok(()) => {}
        }
        Ok(())
    }

    /// Removes what is no file and has the name of a blob: the name belongs to the content.
    pub(super) fn clear(&self, path: &Path) -> Result<Cleared> {
        match self.files.metadata(path)? {
            Some(metadata) if metadata.is_dir() => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let aside = path.with_file_name(format!(".{name}.{}.tmp", random_hex()));
                // First aside, so that a stop in between leaves a leftover and no half of it.
                self.files.rename(path, &aside)?;
                self.files.remove_tree(&aside)?;
            }
            Some(metadata) if !metadata.is_file() => self.files.remove_file(path)?,
            _ => return Ok(Cleared::Nothing),
        }
        Ok(Cleared::Something)
    }

    /// Makes a blob young, for whoever sweeps by age. One that is somebody else's stays as old as it is; when it
    /// is swept, the manifest that wants it is refused.
    pub(super) fn refresh(&self, path: &Path) -> Result<()> {
        match self.files.touch(path) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            result => Ok(result?),
        }
    }

    /// Forces blobs to the disk that this process did not write itself.
    pub(super) fn sync_blob(&self, repo: &Repo, digest: &Digest) -> Result<()> {
        if self.files.sync() == crate::files::Sync::Off || repo.is_synced(digest) {
            return Ok(());
        }
        self.files.sync_file(&repo.blob(digest)?)?;
        self.files.sync_dir(&repo.blobs(digest)?)?;
        repo.set_synced(digest);
        Ok(())
    }

    /// Makes the blob of one layout a blob of another.
    pub(super) fn link(&self, from: &Repo, to: &Repo, digest: &Digest) -> Result<Put> {
        let Some(source) = self.stat_blob(from, digest)? else {
            return Err(StoreError::AbsentBlob {
                place: from.place.clone(),
                digest: digest.clone(),
            });
        };
        let (old, new) = (from.blob(digest)?, to.blob(digest)?);
        self.clear(&new)?;
        if let Some(there) = self.stat_blob(to, digest)? {
            if there.size == source.size {
                self.refresh(&new)?;
                return Ok(Put::Present);
            }
            // A torn copy of the same name.
            self.files.remove_file(&new)?;
        }
        let linked = match self.files.hard_link(&old, &new) {
            Err(error) if is_absent(&error) => {
                self.files.create_dirs(&to.blobs(digest)?)?;
                self.files.hard_link(&old, &new)
            }
            result => result,
        };
        match linked {
            Ok(()) => {
                self.refresh(&new)?;
                if from.is_synced(digest) {
                    self.files.sync_dir(&to.blobs(digest)?)?;
                    to.set_synced(digest);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(Put::Present),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::CrossesDevices
                        | io::ErrorKind::TooManyLinks
                        | io::ErrorKind::PermissionDenied
                        | io::ErrorKind::Unsupported
                ) =>
            {
                self.copy_blob(&old, &new, digest)?;
                to.set_synced(digest);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(Put::Mounted)
    }

    /// Copies a blob, checking it on the way.
    fn copy_blob(&self, from: &Path, to: &Path, digest: &Digest) -> Result<()> {
        let mut hasher = digest
            .hasher()
            .ok_or_else(|| StoreError::UnsupportedDigest {
                digest: digest.clone(),
            })?;
        let source = self.files.open(from)?;
        let mut target = AtomicFile::create(&self.files, to)?;
        loop {
            let bytes = self.files.read_at(&source, hasher.length(), BATCH)?;
            if bytes.is_empty() {
                break;
            }
            hasher.update(&bytes);
            target.write_all(&bytes)?;
        }
        let got = hasher.finish();
        if got != *digest {
            return Err(StoreError::damaged(from, Damage::Digest { got }));
        }
        target.commit()?;
        Ok(())
    }
}

/// The digest of a file under the algorithm of `like`.
pub(super) fn hash_file(files: &Files, file: &fs_err::File, like: &Digest) -> Result<Digest> {
    let mut hasher = like.hasher().ok_or_else(|| StoreError::UnsupportedDigest {
        digest: like.clone(),
    })?;
    loop {
        let bytes = files.read_at(file, hasher.length(), BATCH)?;
        if bytes.is_empty() {
            return Ok(hasher.finish());
        }
        hasher.update(&bytes);
    }
}

/// Whether `path` holds exactly `bytes`.
pub(super) fn holds(files: &Files, path: &Path, bytes: &[u8]) -> Result<bool> {
    match files.read(path, bytes.len() as u64) {
        Ok(found) => Ok(found == bytes),
        Err(error) if is_absent(&error) || error.kind() == io::ErrorKind::FileTooLarge => Ok(false),
        Err(error) => Err(damage_of(path, MANIFEST_LIMIT, error)),
    }
}

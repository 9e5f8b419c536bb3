//! Markers: which blobs are manifests, where `index.json` would have to be searched for it.
//!
//! A marker is a file that holds the media type and a line end. It lies under `_pending` until an index lists
//! the manifest, then under `_adopted`. What is pending for an hour becomes a root of `index.json` at its next
//! rewrite.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tofu_oci_types::oci::{Digest, MediaType};

use super::Shared;
use super::loaded::Repo;
use crate::error::{Damage, Result, StoreError};
use crate::files::{AtomicFile, EntryKind, Sync, is_absent};

/// How long an untagged manifest may wait to be listed by an index.
const PATIENCE: Duration = Duration::from_secs(3600);
/// How large a marker may be, in bytes.
const LIMIT: u64 = 512;

/// Whether an index lists the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    Adopted,
    Pending,
}

impl Marker {
    pub(super) fn dir(self) -> &'static str {
        // No component of a repository name begins with an underscore.
        match self {
            Self::Adopted => "_adopted",
            Self::Pending => "_pending",
        }
    }

    fn path(self, repo: &Repo, digest: &Digest) -> PathBuf {
        let algorithm = repo.markers.join(self.dir()).join(digest.algorithm_name());
        algorithm.join(digest.encoded())
    }
}

impl Shared {
    /// The media type of a manifest that has a marker.
    pub(super) fn marked(
        &self,
        repo: &Repo,
        digest: &Digest,
    ) -> Result<Option<(Marker, MediaType)>> {
        for marker in [Marker::Adopted, Marker::Pending] {
            let bytes = match self.files.read(&marker.path(repo, digest), LIMIT) {
                Ok(bytes) => bytes,
                Err(error) if is_absent(&error) => continue,
                Err(error) => return Err(error.into()),
            };
            // Without its line end it was cut while it was written, and says nothing.
            let text = std::str::from_utf8(&bytes).unwrap_or_default();
            let media_type = text.strip_suffix('\n').and_then(|text| text.parse().ok());
            if let Some(media_type) = media_type {
                return Ok(Some((marker, media_type)));
            }
        }
        Ok(None)
    }

    /// Marks a manifest. Losing a marker loses no tag, so it is not synced.
    pub(super) fn mark(
        &self,
        repo: &Repo,
        digest: &Digest,
        media_type: &MediaType,
        marker: Marker,
    ) -> Result<()> {
        let path = marker.path(repo, digest);
        let text = format!("{media_type}\n");
        let files = self.files.clone().with_sync(Sync::Off);
        let write = || AtomicFile::write(&files, &path, text.as_bytes());
        let result = match write() {
            Err(error) if is_absent(&error) => {
                if let Some(dir) = path.parent() {
                    files.create_dirs(dir)?;
                }
                write()
            }
            result => result,
        };
        Ok(result?)
    }

    /// Notes that an index lists the manifest now.
    pub(super) fn adopt(&self, repo: &Repo, digest: &Digest) -> Result<()> {
        let pending = Marker::Pending.path(repo, digest);
        let adopted = Marker::Adopted.path(repo, digest);
        let result = match self.files.rename(&pending, &adopted) {
            Err(error) if is_absent(&error) => {
                if self.files.metadata(&pending)?.is_none() {
                    return Ok(());
                }
                if let Some(dir) = adopted.parent() {
                    self.files.create_dirs(dir)?;
                }
                self.files.rename(&pending, &adopted)
            }
            result => result,
        };
        Ok(result?)
    }

    /// Whether an index listed manifests that are still there, and `index.json` is not.
    pub(super) fn is_lost(&self, repo: &Repo) -> Result<bool> {
        if self.files.metadata(&repo.index)?.is_some() {
            return Ok(false);
        }
        for digest in self.all_marked(repo, Marker::Adopted)? {
            if self.files.metadata(&repo.blob(&digest)?)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Refuses to begin anew where `index.json` was lost: its tags would be forgotten.
    pub(super) fn check_not_lost(&self, repo: &Repo) -> Result<()> {
        match self.is_lost(repo)? {
            true => Err(StoreError::damaged(&repo.index, Damage::Missing)),
            false => Ok(()),
        }
    }

    /// Takes back the adoptions of a layout that is no more; the directory may be used again.
    pub(super) fn demote(&self, repo: &Repo) -> Result<()> {
        for digest in self.all_marked(repo, Marker::Adopted)? {
            match self.files.remove_file(&Marker::Adopted.path(repo, &digest)) {
                Err(error) if !is_absent(&error) => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes every marker of a manifest.
    pub(super) fn unmark(&self, repo: &Repo, digest: &Digest) -> Result<()> {
        for marker in [Marker::Adopted, Marker::Pending] {
            match self.files.remove_file(&marker.path(repo, digest)) {
                Err(error) if !is_absent(&error) => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// All manifests that have a marker of this kind.
    pub(super) fn all_marked(&self, repo: &Repo, marker: Marker) -> Result<Vec<Digest>> {
        let dir = repo.markers.join(marker.dir());
        let mut found = Vec::new();
        for algorithm in ["sha256", "sha512"] {
            let entries = match self.files.read_dir(&dir.join(algorithm)) {
                Ok(entries) => entries,
                Err(error) if is_absent(&error) => continue,
                Err(error) => return Err(error.into()),
            };
            let files = entries.iter().filter(|entry| entry.kind == EntryKind::File);
            let names = files.filter_map(|entry| entry.name.to_str());
            found.extend(names.filter_map(|name| format!("{algorithm}:{name}").parse().ok()));
        }
        Ok(found)
    }

    /// The pending manifests that nobody listed for an hour before `now`.
    pub(super) fn abandoned(&self, repo: &Repo, now: SystemTime) -> Result<Vec<Digest>> {
        let mut abandoned = Vec::new();
        for digest in self.all_marked(repo, Marker::Pending)? {
            let path = Marker::Pending.path(repo, &digest);
            let Some(metadata) = self.files.metadata(&path)? else {
                continue;
            };
            let age = now.duration_since(metadata.modified()?).unwrap_or_default();
            if age >= PATIENCE {
                abandoned.push(digest);
            }
        }
        Ok(abandoned)
    }
}

//! Markers: which blobs are manifests, where `index.json` would have to be searched for it.
//!
//! A marker is a file that holds the media type and a line end. It lies under `_pending` until an index lists
//! the manifest, then under `_adopted`. What is pending for an hour becomes a root of `index.json` at its next
//! rewrite.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tofu_oci_types::oci::{Digest, MediaType};

use super::Shared;
use super::index_file::IndexFile;
use super::loaded::Repo;
use crate::error::{Damage, Result, StoreError};
use crate::files::{AtomicFile, EntryKind, Files, Sync, is_absent};

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

    pub(super) fn path(self, repo: &Repo, digest: &Digest) -> PathBuf {
        let algorithm = repo.markers.join(self.dir()).join(digest.algorithm_name());
        algorithm.join(digest.encoded())
    }
}

/// Where the digest of an entry is noted.
fn note(repo: &Repo) -> PathBuf {
    repo.markers.join(Marker::Adopted.dir()).join("root")
}

fn remove(files: &Files, path: &Path) -> Result<()> {
    match files.remove_file(path) {
        Err(error) if !is_absent(&error) => Err(error.into()),
        _ => Ok(()),
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
        self.write_marker(&marker.path(repo, digest), &format!("{media_type}\n"))
    }

    fn write_marker(&self, path: &Path, text: &str) -> Result<()> {
        let files = self.files.clone().with_sync(Sync::Off);
        let write = || AtomicFile::write(&files, path, text.as_bytes());
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
        let root = self.noted_root(repo)?;
        for digest in root
            .into_iter()
            .chain(self.all_marked(repo, Marker::Adopted)?)
        {
            if self.files.metadata(&repo.blob(&digest)?)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Keeps the digest of some entry beside the markers: entries have no marker, and where nothing else was
    /// adopted only this tells of an `index.json` that was lost.
    pub(super) fn note_root(&self, repo: &Repo, index: &IndexFile) -> Result<()> {
        if repo.has_noted(index) {
            return Ok(());
        }
        let noted = self.noted_root(repo)?;
        let noted = noted.filter(|digest| index.root(digest).is_some());
        let digest = match noted {
            Some(digest) => digest,
            None => {
                let Some(root) = index.roots().next() else {
                    return Ok(());
                };
                let digest = root.descriptor.digest.clone();
                self.write_marker(&note(repo), &format!("{digest}\n"))?;
                digest
            }
        };
        repo.set_noted(digest);
        Ok(())
    }

    /// The entry that was noted, if one was.
    fn noted_root(&self, repo: &Repo) -> Result<Option<Digest>> {
        let bytes = match self.files.read(&note(repo), LIMIT) {
            Ok(bytes) => bytes,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        Ok(text.strip_suffix('\n').and_then(|text| text.parse().ok()))
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
        remove(&self.files, &note(repo))?;
        for digest in self.all_marked(repo, Marker::Adopted)? {
            remove(&self.files, &Marker::Adopted.path(repo, &digest))?;
        }
        Ok(())
    }

    /// Removes every marker of a manifest.
    pub(super) fn unmark(&self, repo: &Repo, digest: &Digest) -> Result<()> {
        for marker in [Marker::Adopted, Marker::Pending] {
            remove(&self.files, &marker.path(repo, digest))?;
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

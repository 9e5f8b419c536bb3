//! What is remembered about a repository between two questions.

use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use tofu_oci_types::oci::{Digest, MediaType, Tag};

use super::Shared;
use super::commit::Waiting;
use super::index_file::{INDEX_LIMIT, IndexFile, MARK_LIMIT, parse};
use super::paths::Paths;
use crate::blocking::lock;
use crate::error::{Damage, Result, StoreError};
use crate::files::FileIdentity;
use crate::storage::Stat;

/// How many digests are remembered as synced.
const SYNCED: usize = 65_536;

/// One repository, which need not exist.
pub(super) struct Repo {
    paths: Paths,
    loaded: Mutex<Option<Loaded>>,
    /// What the indexes of this `index.json` list, when somebody had to know.
    listed: Mutex<Option<Listed>>,
    /// An entry that is noted beside the markers.
    noted: Mutex<Option<Digest>>,
    /// What this process forced to the disk itself.
    synced: Mutex<HashSet<Digest>>,
    /// Batches that wait for the next rewrite.
    pub(super) waiting: Mutex<Vec<Waiting>>,
    /// Writers in this process wait here and not on a thread.
    pub(super) turn: tokio::sync::Mutex<()>,
}

/// What the indexes of an `index.json` list, with its media type.
struct Listed {
    by: Arc<IndexFile>,
    children: Arc<HashMap<Digest, MediaType>>,
}

struct Loaded {
    identity: FileIdentity,
    /// Kept open, so that no other file gets its inode.
    _file: fs_err::File,
    index: Arc<IndexFile>,
}

impl Deref for Repo {
    type Target = Paths;

    fn deref(&self) -> &Paths {
        &self.paths
    }
}

impl Repo {
    pub(super) fn new(paths: Paths) -> Self {
        Self {
            paths,
            loaded: Mutex::default(),
            listed: Mutex::default(),
            noted: Mutex::default(),
            synced: Mutex::default(),
            waiting: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn absent(&self) -> StoreError {
        StoreError::AbsentRepository {
            place: self.place.clone(),
        }
    }

    /// What the indexes of `index` list, when it is known.
    pub(super) fn listed(&self, index: &Arc<IndexFile>) -> Option<Arc<HashMap<Digest, MediaType>>> {
        let listed = lock(&self.listed);
        let listed = listed.as_ref().filter(|l| Arc::ptr_eq(&l.by, index));
        listed.map(|listed| Arc::clone(&listed.children))
    }

    /// Remembers what the indexes of `index` list.
    pub(super) fn set_listed(&self, index: &Arc<IndexFile>, children: HashMap<Digest, MediaType>) {
        *lock(&self.listed) = Some(Listed {
            by: Arc::clone(index),
            children: Arc::new(children),
        });
    }

    /// Whether an entry of `index` is known to be noted.
    pub(super) fn has_noted(&self, index: &IndexFile) -> bool {
        let noted = lock(&self.noted);
        noted
            .as_ref()
            .is_some_and(|digest| index.root(digest).is_some())
    }

    pub(super) fn set_noted(&self, digest: Digest) {
        *lock(&self.noted) = Some(digest);
    }

    pub(super) fn is_synced(&self, digest: &Digest) -> bool {
        lock(&self.synced).contains(digest)
    }

    pub(super) fn set_synced(&self, digest: &Digest) {
        let mut synced = lock(&self.synced);
        if synced.len() >= SYNCED {
            // Forgetting costs a sync, no more.
            synced.clear();
        }
        synced.insert(digest.clone());
    }

    pub(super) fn forget_synced(&self, digest: &Digest) {
        lock(&self.synced).remove(digest);
    }

    /// Remembers what was just written.
    pub(super) fn set_loaded(&self, file: fs_err::File, index: IndexFile) -> Result<()> {
        let identity = FileIdentity::of(&file.metadata()?);
        *lock(&self.loaded) = Some(Loaded {
            identity,
            _file: file,
            index: Arc::new(index),
        });
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mark {
    image_layout_version: String,
}

impl Shared {
    /// The current `index.json`; `None` when there is none.
    pub(super) fn load(&self, repo: &Repo) -> Result<Option<Arc<IndexFile>>> {
        let Some(metadata) = self.files.metadata(&repo.index)? else {
            return Ok(None);
        };
        let identity = FileIdentity::of(&metadata);
        if let Some(loaded) = lock(&repo.loaded).as_ref()
            && loaded.identity == identity
        {
            return Ok(Some(Arc::clone(&loaded.index)));
        }
        self.check_mark(repo)?;
        let damaged = |error| damage_of(&repo.index, INDEX_LIMIT, error);
        let file = match self.files.open(&repo.index) {
            Ok(file) => file,
            Err(error) if crate::files::is_absent(&error) => return Ok(None),
            Err(error) => return Err(damaged(error)),
        };
        // Taken before reading: a file that is changed while we read is read again the next time.
        let identity = FileIdentity::of(&file.metadata()?);
        let bytes = self.files.read_open(&file, INDEX_LIMIT).map_err(damaged)?;
        let index = Arc::new(IndexFile::read(&bytes, &repo.index)?);
        *lock(&repo.loaded) = Some(Loaded {
            identity,
            _file: file,
            index: Arc::clone(&index),
        });
        Ok(Some(index))
    }

    /// Checks the file that says that the directory is a layout.
    pub(super) fn check_mark(&self, repo: &Repo) -> Result<()> {
        let bytes = match self.files.read(&repo.mark, MARK_LIMIT) {
            Ok(bytes) => bytes,
            Err(error) => return Err(damage_of(&repo.mark, MARK_LIMIT, error)),
        };
        let mark: Mark = parse(&bytes).map_err(|error| StoreError::damaged(&repo.mark, error))?;
        // A later minor version adds to this one.
        if mark.image_layout_version.starts_with("1.") {
            return Ok(());
        }
        let found = mark.image_layout_version.chars().take(64).collect();
        Err(StoreError::damaged(&repo.mark, Damage::Version { found }))
    }

    pub(super) fn resolve(&self, repo: &Repo, tag: &Tag) -> Result<Option<Stat>> {
        match self.load(repo)? {
            Some(index) => resolve(repo, &index, tag),
            None => Ok(None),
        }
    }
}

/// What a tag names in `index`, which is the repository's.
pub(super) fn resolve(repo: &Repo, index: &IndexFile, tag: &Tag) -> Result<Option<Stat>> {
    let entry = index.tag(tag, &repo.index)?;
    Ok(entry.map(|entry| Stat {
        digest: entry.descriptor.digest.clone(),
        size: entry.descriptor.size,
        media_type: Some(entry.descriptor.media_type.clone()),
    }))
}

/// Tells damage from a failure of the system.
pub(super) fn damage_of(path: &std::path::Path, limit: u64, error: std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::InvalidInput => StoreError::damaged(path, Damage::NotRegular),
        std::io::ErrorKind::FileTooLarge => StoreError::damaged(path, Damage::TooLarge { limit }),
        _ if crate::files::is_absent(&error) => StoreError::damaged(path, Damage::Missing),
        _ => error.into(),
    }
}

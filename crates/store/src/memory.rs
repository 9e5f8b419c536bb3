//! Repositories in memory: for tests, and for content that is on its way.

use std::collections::{BTreeMap, HashMap};
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use tofu_oci_types::oci::{
    Descriptor, Digest, Manifest, MediaType, RepositoryName, Tag, TagOrDigest,
};

use crate::batch::{Change, decide, required};
use crate::blocking::lock;
use crate::error::{Result, StoreError};
use crate::place::{Domain, Place, StorageId};
use crate::reader::PartReader;
use crate::repository::{Put, PutManifest};
use crate::storage::{Keep, Kind, Stat, Storage, Upload, UploadId, User};

/// A storage in memory. A clone shares the content.
#[derive(Clone)]
pub struct MemoryStorage {
    domain: Domain,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    repositories: BTreeMap<RepositoryName, Content>,
    uploads: HashMap<UploadId, Session>,
}

#[derive(Default)]
struct Content {
    blobs: HashMap<Digest, Bytes>,
    manifests: BTreeMap<Digest, Manifest>,
    tags: BTreeMap<Tag, Digest>,
    /// Whether a manifest was ever stored: blobs alone make no repository.
    exists: bool,
}

#[derive(Default)]
struct Session {
    bytes: BytesMut,
    held: bool,
}

impl Default for MemoryStorage {
    fn default() -> Self {
        Self {
            domain: Domain::Memory(StorageId::new()),
            state: Arc::default(),
        }
    }
}

impl MemoryStorage {
    /// An empty storage.
    pub fn new() -> Self {
        Self::default()
    }

    fn place(&self, repository: &RepositoryName) -> Place {
        Place {
            domain: self.domain.clone(),
            name: Some(repository.clone()),
        }
    }
}

impl Content {
    fn get(&self, digest: &Digest, kind: Kind) -> Option<&Bytes> {
        let manifest = || self.manifests.get(digest).map(Manifest::bytes);
        match kind {
            Kind::Manifest => manifest(),
            Kind::Blob => self.blobs.get(digest).or_else(manifest),
        }
    }

    fn has(&self, child: &Descriptor) -> bool {
        self.get(&child.digest, Kind::Blob)
            .is_some_and(|bytes| bytes.len() as u64 == child.size)
    }

    fn put(&mut self, place: &Place, item: &PutManifest) -> Result<Put> {
        let manifest = &item.manifest;
        if let Some(child) = required(manifest).find(|child| !self.has(child)) {
            return Err(StoreError::MissingChild {
                place: place.clone(),
                parent: manifest.digest().clone(),
                child: child.digest.clone(),
            });
        }
        self.exists = true;
        let old = self
            .manifests
            .insert(manifest.digest().clone(), manifest.clone());
        Ok(match old {
            Some(old) if old.media_type() == manifest.media_type() => Put::Present,
            _ => Put::Uploaded,
        })
    }

    fn tag(
        &self,
        place: &Place,
        item: &PutManifest,
        tags: &mut BTreeMap<Tag, Digest>,
    ) -> Result<Change> {
        let mut changed = Change::None;
        for tag in &item.tags {
            let current = tags.get(&tag.0);
            let change = decide(place, tag, current, &item.manifest, |digest| {
                self.manifests
                    .get(digest)
                    .cloned()
                    .ok_or_else(|| StoreError::AbsentManifest {
                        place: place.clone(),
                        digest: digest.clone(),
                    })
            })?;
            if change == Change::Tag {
                tags.insert(tag.0.clone(), item.manifest.digest().clone());
                changed = change;
            }
        }
        Ok(changed)
    }

    fn parent_of(&self, digest: &Digest, kind: Kind) -> Option<&Digest> {
        let lists = |manifest: &&Manifest| {
            let children = manifest.child_manifests().iter();
            let blobs = manifest.blobs();
            let mut blobs = blobs.iter();
            children.into_iter().any(|child| child.digest == *digest)
                || (kind == Kind::Blob && blobs.any(|blob| blob.digest == *digest))
        };
        self.manifests.values().find(lists).map(Manifest::digest)
    }

    fn delete(&mut self, place: &Place, at: &TagOrDigest, kind: Kind, keep: Keep) -> Result<()> {
        let place = place.clone();
        let mut tags = self.tags.iter().filter(|(tag, digest)| match at {
            TagOrDigest::Tag(named) => *tag == named,
            TagOrDigest::Digest(named) => kind == Kind::Manifest && *digest == named,
        });
        if let Some((tag, _)) = tags.find(|(tag, _)| keep.keeps(tag)) {
            let tag = tag.clone();
            return Err(StoreError::KeptTag { place, tag });
        }
        let digest = match at {
            TagOrDigest::Tag(tag) => {
                let gone = self.tags.remove(tag);
                return gone.map(drop).ok_or(StoreError::AbsentTag {
                    place,
                    tag: tag.clone(),
                });
            }
            TagOrDigest::Digest(digest) => digest.clone(),
        };
        let there = match kind {
            Kind::Manifest => self.manifests.contains_key(&digest),
            Kind::Blob => self.blobs.contains_key(&digest),
        };
        if !there {
            return Err(match kind {
                Kind::Manifest => StoreError::AbsentManifest { place, digest },
                Kind::Blob => StoreError::AbsentBlob { place, digest },
            });
        }
        if let Some(by) = self.parent_of(&digest, kind) {
            let by = by.clone();
            return Err(StoreError::Referenced { place, digest, by });
        }
        match kind {
            Kind::Manifest => {
                self.manifests.remove(&digest);
                self.tags.retain(|_, named| *named != digest);
            }
            Kind::Blob => {
                self.blobs.remove(&digest);
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Storage for MemoryStorage {
    fn domain(&self) -> &Domain {
        &self.domain
    }

    async fn repositories(
        &self,
        after: Option<&RepositoryName>,
        max: usize,
    ) -> Result<Vec<RepositoryName>> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let state = lock(&self.state);
        let names = state
            .repositories
            .range::<RepositoryName, _>((start, Bound::Unbounded))
            .filter(|(_, content)| content.exists);
        Ok(names.take(max).map(|(name, _)| name.clone()).collect())
    }

    async fn stat(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        kind: Kind,
    ) -> Result<Option<Stat>> {
        let state = lock(&self.state);
        let Some(content) = state.repositories.get(repository) else {
            return Ok(None);
        };
        let media_type = match kind {
            Kind::Manifest => content.manifests.get(digest).map(Manifest::media_type),
            Kind::Blob => None,
        };
        Ok(content.get(digest, kind).map(|bytes| Stat {
            digest: digest.clone(),
            size: bytes.len() as u64,
            media_type: media_type.cloned(),
        }))
    }

    async fn open(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
        kind: Kind,
        range: Option<Range<u64>>,
    ) -> Result<PartReader> {
        let bytes = {
            let state = lock(&self.state);
            let content = state.repositories.get(repository);
            content.and_then(|content| content.get(digest, kind).cloned())
        };
        let (place, digest) = (self.place(repository), digest.clone());
        match bytes {
            Some(bytes) => PartReader::bytes(&digest, bytes).part(range),
            None if kind == Kind::Manifest => Err(StoreError::AbsentManifest { place, digest }),
            None => Err(StoreError::AbsentBlob { place, digest }),
        }
    }

    async fn start(&self, repository: &RepositoryName, user: &User) -> Result<UploadId> {
        let id = UploadId::new(repository, user);
        lock(&self.state)
            .uploads
            .insert(id.clone(), Session::default());
        Ok(id)
    }

    async fn resume(
        &self,
        repository: &RepositoryName,
        id: &UploadId,
        user: &User,
    ) -> Result<Box<dyn Upload>> {
        let place = self.place(repository);
        let mut state = lock(&self.state);
        let session = state.uploads.get_mut(id);
        let Some(session) = session.filter(|_| id.belongs_to(repository, user)) else {
            let id = id.clone();
            return Err(StoreError::AbsentUpload { place, id });
        };
        if std::mem::replace(&mut session.held, true) {
            let id = id.clone();
            return Err(StoreError::Busy { place, id });
        }
        Ok(Box::new(MemoryUpload {
            state: Arc::clone(&self.state),
            repository: repository.clone(),
            id: id.clone(),
            offset: session.bytes.len() as u64,
        }))
    }

    async fn find(
        &self,
        digest: &Digest,
        readable: &[RepositoryName],
    ) -> Result<Option<RepositoryName>> {
        let state = lock(&self.state);
        let has = |name: &&RepositoryName| {
            let content = state.repositories.get(name);
            content.is_some_and(|content| content.get(digest, Kind::Blob).is_some())
        };
        Ok(readable.iter().find(has).cloned())
    }

    async fn link(
        &self,
        from: &RepositoryName,
        to: &RepositoryName,
        digest: &Digest,
    ) -> Result<Put> {
        let mut state = lock(&self.state);
        let content = state.repositories.get(from);
        let Some(bytes) = content.and_then(|content| content.get(digest, Kind::Blob).cloned())
        else {
            return Err(StoreError::AbsentBlob {
                place: self.place(from),
                digest: digest.clone(),
            });
        };
        let to = state.repositories.entry(to.clone()).or_default();
        Ok(match to.blobs.insert(digest.clone(), bytes) {
            Some(_) => Put::Present,
            None => Put::Mounted,
        })
    }

    async fn commit(&self, repository: &RepositoryName, batch: &[PutManifest]) -> Result<Vec<Put>> {
        let place = self.place(repository);
        let mut state = lock(&self.state);
        let content = state.repositories.entry(repository.clone()).or_default();
        // What was stored by digest stays when a tag is refused; tags change together or not at all.
        let mut puts = Vec::with_capacity(batch.len());
        for item in batch {
            puts.push(content.put(&place, item)?);
        }
        let mut tags = content.tags.clone();
        for (item, put) in batch.iter().zip(&mut puts) {
            if content.tag(&place, item, &mut tags)? == Change::Tag {
                *put = Put::Uploaded;
            }
        }
        content.tags = tags;
        Ok(puts)
    }

    async fn resolve(&self, repository: &RepositoryName, tag: &Tag) -> Result<Option<Stat>> {
        let state = lock(&self.state);
        let content = state.repositories.get(repository);
        Ok(content.and_then(|content| {
            let manifest = content.manifests.get(content.tags.get(tag)?)?;
            Some(Stat {
                digest: manifest.digest().clone(),
                size: manifest.descriptor().size,
                media_type: Some(manifest.media_type().clone()),
            })
        }))
    }

    async fn tags(
        &self,
        repository: &RepositoryName,
        after: Option<&Tag>,
        max: usize,
    ) -> Result<Vec<Tag>> {
        let state = lock(&self.state);
        let content = state.repositories.get(repository);
        let Some(content) = content.filter(|content| content.exists) else {
            return Err(StoreError::AbsentRepository {
                place: self.place(repository),
            });
        };
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let tags = content.tags.range::<Tag, _>((start, Bound::Unbounded));
        Ok(tags.take(max).map(|(tag, _)| tag.clone()).collect())
    }

    async fn referrers(
        &self,
        repository: &RepositoryName,
        subject: &Digest,
        kind: Option<&MediaType>,
    ) -> Result<Vec<Descriptor>> {
        let state = lock(&self.state);
        let Some(content) = state.repositories.get(repository) else {
            return Ok(Vec::new());
        };
        let manifests = content.manifests.values();
        Ok(manifests
            .filter(|manifest| manifest.subject().is_some_and(|s| s.digest == *subject))
            .map(Manifest::as_referrer)
            .filter(|found| kind.is_none() || found.artifact_type.as_ref() == kind)
            .collect())
    }

    async fn delete(
        &self,
        repository: &RepositoryName,
        at: &TagOrDigest,
        kind: Kind,
        keep: Keep,
    ) -> Result<()> {
        let place = self.place(repository);
        let mut state = lock(&self.state);
        match state.repositories.get_mut(repository) {
            Some(content) => content.delete(&place, at, kind, keep),
            None => Err(StoreError::AbsentRepository { place }),
        }
    }
}

struct MemoryUpload {
    state: Arc<Mutex<State>>,
    repository: RepositoryName,
    id: UploadId,
    offset: u64,
}

impl MemoryUpload {
    fn with<T>(&mut self, change: impl FnOnce(&mut BytesMut) -> T) -> Result<T> {
        let mut state = lock(&self.state);
        let session = state.uploads.get_mut(&self.id).ok_or(StoreError::Stopped)?;
        let result = change(&mut session.bytes);
        self.offset = session.bytes.len() as u64;
        Ok(result)
    }
}

#[async_trait]
impl Upload for MemoryUpload {
    fn offset(&self) -> u64 {
        self.offset
    }

    async fn reserve(&mut self, _total: u64) -> Result<()> {
        Ok(())
    }

    async fn truncate(&mut self, to: u64) -> Result<()> {
        self.with(|bytes| bytes.truncate(usize::try_from(to).unwrap_or(usize::MAX)))
    }

    async fn append(&mut self, chunk: Bytes) -> Result<()> {
        self.with(|bytes| bytes.extend_from_slice(&chunk))
    }

    async fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    async fn finish(mut self: Box<Self>, digest: &Digest) -> Result<Stat> {
        let bytes = self.with(|bytes| bytes.clone().freeze())?;
        match Digest::of_with(digest.algorithm(), &bytes) {
            Some(got) if got == *digest => {}
            Some(got) => {
                let expected = digest.clone();
                return Err(StoreError::DigestMismatch { expected, got });
            }
            None => {
                let digest = digest.clone();
                return Err(StoreError::UnsupportedDigest { digest });
            }
        }
        let mut state = lock(&self.state);
        state.uploads.remove(&self.id);
        let content = state
            .repositories
            .entry(self.repository.clone())
            .or_default();
        let size = bytes.len() as u64;
        content.blobs.insert(digest.clone(), bytes);
        Ok(Stat {
            digest: digest.clone(),
            size,
            media_type: None,
        })
    }

    async fn cancel(self: Box<Self>) -> Result<()> {
        lock(&self.state).uploads.remove(&self.id);
        Ok(())
    }
}

impl Drop for MemoryUpload {
    fn drop(&mut self) {
        if let Some(session) = lock(&self.state).uploads.get_mut(&self.id) {
            session.held = false;
        }
    }
}

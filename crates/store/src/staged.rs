//! What a publisher builds before anything is written.

use std::collections::BTreeMap;
use std::ops::Range;

use async_trait::async_trait;
use tofu_oci_types::oci::{Descriptor, Digest, Manifest, MediaType, Tag, TagOrDigest};

use crate::blob::Blob;
use crate::error::{Result, StoreError};
use crate::place::{Domain, Place, StorageId};
use crate::reader::{BlobReader, PartReader};
use crate::repository::Repository;

/// A repository of manifests and of *handles* to blobs: nothing is read before somebody copies it.
///
/// It is built, then read through [`Repository`], and copied with [`copy_graph`](crate::copy_graph).
#[derive(Debug)]
pub struct StagedRepository {
    place: Place,
    manifests: BTreeMap<Digest, Manifest>,
    blobs: BTreeMap<Digest, (u64, Blob)>,
    tags: BTreeMap<Tag, Digest>,
}

impl Default for StagedRepository {
    fn default() -> Self {
        Self {
            place: Place {
                domain: Domain::Memory(StorageId::new()),
                name: None,
            },
            manifests: BTreeMap::new(),
            blobs: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }
}

impl StagedRepository {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a manifest and tells what to list it as.
    pub fn add_manifest(&mut self, manifest: Manifest) -> Descriptor {
        let descriptor = manifest.descriptor().clone();
        self.manifests.insert(descriptor.digest.clone(), manifest);
        descriptor
    }

    /// Adds a handle to a blob. The first handle of a digest is kept.
    pub fn add_blob(&mut self, descriptor: &Descriptor, content: Blob) {
        self.blobs
            .entry(descriptor.digest.clone())
            .or_insert((descriptor.size, content));
    }

    /// Gives a manifest a tag. What the tag named before is no longer named by it.
    pub fn tag(&mut self, tag: Tag, digest: &Digest) {
        self.tags.insert(tag, digest.clone());
    }

    /// The manifests, sorted by digest.
    pub fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        self.manifests.values()
    }

    fn handle(&self, descriptor: &Descriptor) -> Result<&Blob> {
        let digest = &descriptor.digest;
        match self.blobs.get(digest) {
            Some((size, blob)) if *size == descriptor.size => Ok(blob),
            Some((size, _)) => Err(StoreError::TooShort {
                digest: digest.clone(),
                expected: descriptor.size,
                got: *size,
            }),
            None => Err(StoreError::AbsentBlob {
                place: self.place.clone(),
                digest: digest.clone(),
            }),
        }
    }
}

#[async_trait]
impl Repository for StagedRepository {
    fn place(&self) -> &Place {
        &self.place
    }

    async fn manifest(&self, at: &TagOrDigest) -> Result<Manifest> {
        let place = || self.place.clone();
        let digest = match at {
            TagOrDigest::Digest(digest) => digest,
            TagOrDigest::Tag(tag) => self.tags.get(tag).ok_or_else(|| StoreError::AbsentTag {
                place: place(),
                tag: tag.clone(),
            })?,
        };
        let manifest = self.manifests.get(digest).cloned();
        manifest.ok_or_else(|| StoreError::AbsentManifest {
            place: place(),
            digest: digest.clone(),
        })
    }

    async fn blob(&self, descriptor: &Descriptor) -> Result<BlobReader> {
        let part = self.handle(descriptor)?.open(descriptor).await?;
        BlobReader::new(descriptor, part)
    }

    async fn blob_part(&self, descriptor: &Descriptor, range: Range<u64>) -> Result<PartReader> {
        let part = self.handle(descriptor)?.open(descriptor).await?;
        part.part(Some(range))
    }

    async fn head(&self, tag: &Tag) -> Result<Option<Descriptor>> {
        let manifest = self.tags.get(tag).and_then(|d| self.manifests.get(d));
        Ok(manifest.map(|manifest| manifest.descriptor().clone()))
    }

    async fn has(&self, descriptor: &Descriptor) -> Result<bool> {
        let manifest = self.manifests.get(&descriptor.digest);
        let size = match manifest {
            Some(manifest) => Some(manifest.descriptor().size),
            None => self.blobs.get(&descriptor.digest).map(|(size, _)| *size),
        };
        Ok(size == Some(descriptor.size))
    }

    async fn tags(&self) -> Result<Vec<Tag>> {
        Ok(self.tags.keys().cloned().collect())
    }

    async fn referrers(
        &self,
        subject: &Descriptor,
        kind: Option<&MediaType>,
    ) -> Result<Vec<Descriptor>> {
        let manifests = self.manifests.values();
        Ok(manifests
            .filter(|m| m.subject().is_some_and(|s| s.digest == subject.digest))
            .map(Manifest::as_referrer)
            .filter(|found| kind.is_none() || found.artifact_type.as_ref() == kind)
            .collect())
    }
}

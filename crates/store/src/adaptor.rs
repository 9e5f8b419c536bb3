//! The one adaptor that makes a repository of any storage.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use tofu_oci_types::oci::{
    Descriptor, Digest, MANIFEST_LIMIT, Manifest, MediaType, RepositoryName, Tag, TagOrDigest,
};

use crate::blob::Blob;
use crate::error::{Result, StoreError};
use crate::place::Place;
use crate::reader::{BlobReader, PartReader};
use crate::repository::{Put, PutManifest, Repository, WritableRepository};
use crate::storage::{Keep, Kind, Stat, Storage, User};

/// One repository of a [`Storage`].
#[derive(Clone)]
pub struct StorageRepository {
    storage: Arc<dyn Storage>,
    name: RepositoryName,
    place: Place,
}

impl StorageRepository {
    /// The repository `name` of `storage`.
    pub fn new(storage: Arc<dyn Storage>, name: RepositoryName) -> Self {
        let place = Place {
            domain: storage.domain().clone(),
            name: Some(name.clone()),
        };
        Self {
            storage,
            name,
            place,
        }
    }

    /// The one repository of a storage that has no names; it is asked for as `name`.
    pub(crate) fn only(storage: Arc<dyn Storage>, name: RepositoryName) -> Self {
        let place = Place {
            domain: storage.domain().clone(),
            name: None,
        };
        Self {
            storage,
            name,
            place,
        }
    }

    /// A manifest that was looked for, which has to be there.
    async fn present(&self, at: &TagOrDigest, found: Result<Option<Manifest>>) -> Result<Manifest> {
        if let Some(manifest) = found? {
            return Ok(manifest);
        }
        // Is it the manifest or the whole repository that is missing?
        self.tags_exist().await?;
        let place = self.place.clone();
        Err(match at.clone() {
            TagOrDigest::Tag(tag) => StoreError::AbsentTag { place, tag },
            TagOrDigest::Digest(digest) => StoreError::AbsentManifest { place, digest },
        })
    }

    /// Tells whether the repository exists.
    pub(crate) async fn tags_exist(&self) -> Result<()> {
        self.storage.tags(&self.name, None, 0).await.map(drop)
    }

    fn kind(descriptor: &Descriptor) -> Kind {
        if descriptor.media_type.is_manifest() {
            Kind::Manifest
        } else {
            Kind::Blob
        }
    }

    /// The whole blob, unread, of the length it should have.
    async fn whole(&self, descriptor: &Descriptor) -> Result<PartReader> {
        let part = self
            .storage
            .open(&self.name, &descriptor.digest, Kind::Blob, None)
            .await?;
        match part.range().end {
            got if got > descriptor.size => Err(too_long(descriptor, got)),
            got if got < descriptor.size => Err(StoreError::TooShort {
                digest: descriptor.digest.clone(),
                expected: descriptor.size,
                got,
            }),
            _ => Ok(part),
        }
    }

    async fn upload(&self, descriptor: &Descriptor, content: &Blob) -> Result<()> {
        let mut part = content.open(descriptor).await?;
        let length = part.range().end;
        if length > descriptor.size {
            return Err(too_long(descriptor, length));
        }
        let id = self.storage.start(&self.name, &User::Local).await?;
        let mut upload = self.storage.resume(&self.name, &id, &User::Local).await?;
        let sent = async {
            upload.reserve(descriptor.size).await?;
            while let Some(chunk) = part.next().await? {
                upload.append(chunk).await?;
            }
            match upload.offset() {
                got if got == descriptor.size => Ok(()),
                got => Err(StoreError::TooShort {
                    digest: descriptor.digest.clone(),
                    expected: descriptor.size,
                    got,
                }),
            }
        };
        if let Err(error) = sent.await {
            // The first error is the one to tell.
            let _ = upload.cancel().await;
            return Err(error);
        }
        match upload.finish(&descriptor.digest).await {
            Ok(_) => Ok(()),
            Err(error) => {
                if let Ok(upload) = self.storage.resume(&self.name, &id, &User::Local).await {
                    let _ = upload.cancel().await;
                }
                Err(error)
            }
        }
    }
}

fn too_long(descriptor: &Descriptor, got: u64) -> StoreError {
    StoreError::TooLong {
        digest: descriptor.digest.clone(),
        expected: descriptor.size,
        got,
    }
}

/// Reads a manifest that was found, and checks that it is what it was found as.
pub(crate) async fn read_manifest<S: Storage + ?Sized>(
    storage: &S,
    name: &RepositoryName,
    stat: &Stat,
) -> Result<Manifest> {
    let place = &Place {
        domain: storage.domain().clone(),
        name: Some(name.clone()),
    };
    let mut part = storage
        .open(name, &stat.digest, Kind::Manifest, None)
        .await?;
    if part.range().end > MANIFEST_LIMIT {
        return Err(StoreError::Manifest {
            place: place.clone(),
            digest: stat.digest.clone(),
            source: tofu_oci_types::oci::ManifestError::TooLarge {
                size: part.range().end,
            },
        });
    }
    let mut bytes = part.next().await?.unwrap_or_default();
    if let Some(second) = part.next().await? {
        let mut all = Vec::from(bytes);
        all.extend_from_slice(&second);
        while let Some(more) = part.next().await? {
            all.extend_from_slice(&more);
        }
        bytes = all.into();
    }
    verified_manifest(place, bytes, &stat.digest, stat.media_type.as_ref())
}

/// A manifest of bytes that must have this digest.
pub(crate) fn verified_manifest(
    place: &Place,
    bytes: bytes::Bytes,
    digest: &Digest,
    media_type: Option<&MediaType>,
) -> Result<Manifest> {
    // The digest comes first: what a wrong content says about itself is of no interest.
    let digest = match Digest::of_with(digest.algorithm(), &bytes) {
        Some(got) if got == *digest => got,
        Some(got) => {
            return Err(StoreError::DigestMismatch {
                expected: digest.clone(),
                got,
            });
        }
        None => {
            return Err(StoreError::UnsupportedDigest {
                digest: digest.clone(),
            });
        }
    };
    Manifest::digested(bytes, media_type, digest.clone()).map_err(|source| StoreError::Manifest {
        place: place.clone(),
        digest,
        source,
    })
}

#[async_trait]
impl Repository for StorageRepository {
    fn place(&self) -> &Place {
        &self.place
    }

    async fn manifest(&self, at: &TagOrDigest) -> Result<Manifest> {
        let found = self.storage.manifest(&self.name, at).await;
        self.present(at, found).await
    }

    async fn manifests(&self, at: &[TagOrDigest]) -> Result<Vec<Result<Manifest>>> {
        let found = self.storage.manifests(&self.name, at).await?;
        let mut manifests = Vec::with_capacity(found.len());
        for (at, found) in at.iter().zip(found) {
            manifests.push(self.present(at, found).await);
        }
        Ok(manifests)
    }

    async fn blob(&self, descriptor: &Descriptor) -> Result<BlobReader> {
        BlobReader::new(descriptor, self.whole(descriptor).await?)
    }

    async fn blob_part(&self, descriptor: &Descriptor, range: Range<u64>) -> Result<PartReader> {
        self.whole(descriptor).await?.part(Some(range))
    }

    async fn head(&self, tag: &Tag) -> Result<Option<Descriptor>> {
        let stat = self.storage.resolve(&self.name, tag).await?;
        Ok(stat.and_then(|stat| stat.descriptor()))
    }

    async fn has(&self, descriptor: &Descriptor) -> Result<bool> {
        let kind = Self::kind(descriptor);
        let stat = self
            .storage
            .stat(&self.name, &descriptor.digest, kind)
            .await?;
        Ok(stat.is_some_and(|stat| stat.size == descriptor.size))
    }

    async fn tags(&self) -> Result<Vec<Tag>> {
        self.storage.tags(&self.name, None, usize::MAX).await
    }

    async fn referrers(
        &self,
        subject: &Descriptor,
        kind: Option<&MediaType>,
    ) -> Result<Vec<Descriptor>> {
        self.storage
            .referrers(&self.name, &subject.digest, kind)
            .await
    }
}

#[async_trait]
impl WritableRepository for StorageRepository {
    async fn put_blob(&self, descriptor: &Descriptor, content: Blob) -> Result<Put> {
        let digest = &descriptor.digest;
        if digest.hasher().is_none() {
            return Err(StoreError::UnsupportedDigest {
                digest: digest.clone(),
            });
        }
        let stat = match self.storage.stat(&self.name, digest, Kind::Blob).await {
            // What is no blob is replaced by one.
            Err(StoreError::Damaged { .. }) => None,
            stat => stat?,
        };
        if stat.is_some_and(|stat| stat.size == descriptor.size) {
            // Linked to itself it is as good as new to whoever sweeps; perhaps it was swept just now.
            match self.storage.link(&self.name, &self.name, digest).await {
                Err(error) if error.is_absent() => {}
                present => return present,
            }
        }
        if let Blob::Stored(source) = &content
            && source.place().domain == self.place.domain
            && let Some(from) = &source.place().name
            && *from != self.name
        {
            let stat = self.storage.stat(from, digest, Kind::Blob).await?;
            // One of another length is not what the descriptor describes: let the upload find out.
            if stat.is_some_and(|stat| stat.size == descriptor.size) {
                return self.storage.link(from, &self.name, digest).await;
            }
        }
        self.upload(descriptor, &content).await?;
        Ok(Put::Uploaded)
    }

    async fn replace_blob(&self, descriptor: &Descriptor, content: Blob) -> Result<Put> {
        let digest = &descriptor.digest;
        if digest.hasher().is_none() {
            return Err(StoreError::UnsupportedDigest {
                digest: digest.clone(),
            });
        }
        self.upload(descriptor, &content).await?;
        Ok(Put::Uploaded)
    }

    async fn put_manifests(&self, batch: &[PutManifest]) -> Result<Vec<Put>> {
        self.storage.commit(&self.name, batch).await
    }

    async fn delete(&self, at: &TagOrDigest) -> Result<()> {
        let (kind, keep) = (Kind::Manifest, Keep::Nothing);
        self.storage.delete(&self.name, at, kind, keep).await
    }
}

//! One repository of a registry.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use reqwest::Method;
use reqwest::header::HeaderMap;
use tofu_oci_types::oci::{
    Descriptor, Digest, Manifest, MediaType, RepositoryName, Tag, TagOrDigest,
};

use super::client::Lane;
use super::content::Body;
use super::registry::Registry;
use super::scope::{Access, Scopes};
use super::send::{Call, Follow, Repeat, To};
use super::stream::STREAMED;
use crate::blob::Blob;
use crate::blocking::lock;
use crate::error::{Result, StoreError};
use crate::pending::PendingBlob;
use crate::place::{Domain, Place};
use crate::reader::{BlobReader, PartReader};
use crate::repository::{Put, PutManifest, Repository, WritableRepository};

/// What a repository is opened for. A registry is asked for the rights to this, and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Reading.
    Read,
    /// Reading and writing.
    Write,
}

/// One repository of a registry.
#[derive(Clone)]
pub struct RemoteRepository {
    pub(super) registry: Arc<Registry>,
    pub(super) name: RepositoryName,
    pub(super) place: Place,
    purpose: Purpose,
    /// What the registry said that it lacks: it is not asked again before it is sent.
    lacking: Arc<Mutex<HashSet<Digest>>>,
}

impl RemoteRepository {
    pub(super) fn new(registry: Arc<Registry>, name: RepositoryName, purpose: Purpose) -> Self {
        Self {
            place: Place {
                domain: Domain::Registry(registry.host().clone()),
                name: Some(name.clone()),
            },
            registry,
            name,
            purpose,
            lacking: Arc::default(),
        }
    }

    /// The right that a read needs: that of writing where something will be written, so that one token does.
    pub(super) fn access(&self) -> Access {
        match self.purpose {
            Purpose::Read => Access::Pull,
            Purpose::Write => Access::Push,
        }
    }

    /// A request to a path of this repository, such as `manifests/1.0.0`.
    pub(super) fn call(
        &self,
        method: Method,
        path: &str,
        access: Access,
        what: String,
    ) -> Call<'_> {
        Call {
            method,
            to: To::Path(format!("{}/{path}", self.name)),
            headers: HeaderMap::new(),
            body: Body::None,
            name: Some(&self.name),
            scopes: Scopes::repository(&self.name, access),
            what,
            lane: Lane::Small,
            repeat: Repeat::Yes,
            follow: Follow::Anywhere,
        }
    }

    pub(super) fn absent_repository(&self) -> StoreError {
        StoreError::AbsentRepository {
            place: self.place.clone(),
        }
    }

    pub(super) fn absent_blob(&self, digest: &Digest) -> StoreError {
        StoreError::AbsentBlob {
            place: self.place.clone(),
            digest: digest.clone(),
        }
    }

    pub(super) fn absent_manifest(&self, at: &TagOrDigest) -> StoreError {
        let place = self.place.clone();
        match at {
            TagOrDigest::Tag(tag) => StoreError::AbsentTag {
                place,
                tag: tag.clone(),
            },
            TagOrDigest::Digest(digest) => StoreError::AbsentManifest {
                place,
                digest: digest.clone(),
            },
        }
    }

    /// Remembers that the registry lacks it.
    pub(super) fn set_lacking(&self, digest: &Digest) {
        lock(&self.lacking).insert(digest.clone());
    }

    /// Whether the registry said that it lacks it. The answer is used up.
    pub(super) fn take_lacking(&self, digest: &Digest) -> bool {
        lock(&self.lacking).remove(digest)
    }
}

impl fmt::Debug for RemoteRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteRepository")
            .field("place", &self.place)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Repository for RemoteRepository {
    fn place(&self) -> &Place {
        &self.place
    }

    async fn manifest(&self, at: &TagOrDigest) -> Result<Manifest> {
        self.get_manifest(at).await
    }

    async fn blob(&self, descriptor: &Descriptor) -> Result<BlobReader> {
        let part = self.get_blob(descriptor, 0..descriptor.size).await?;
        BlobReader::new(descriptor, part)
    }

    async fn blob_part(&self, descriptor: &Descriptor, range: Range<u64>) -> Result<PartReader> {
        self.get_blob(descriptor, range).await
    }

    async fn head(&self, tag: &Tag) -> Result<Option<Descriptor>> {
        self.head_manifest(&tag.clone().into()).await
    }

    async fn has(&self, descriptor: &Descriptor) -> Result<bool> {
        let found = match descriptor.media_type.is_manifest() {
            true => {
                let at = TagOrDigest::Digest(descriptor.digest.clone());
                let found = self.head_manifest(&at).await?;
                found.is_some_and(|found| found.size == descriptor.size)
            }
            false => self.head_blob(descriptor).await?,
        };
        if !found {
            self.set_lacking(&descriptor.digest);
        }
        Ok(found)
    }

    async fn tags(&self) -> Result<Vec<Tag>> {
        self.list_tags().await
    }

    async fn referrers(
        &self,
        subject: &Descriptor,
        kind: Option<&MediaType>,
    ) -> Result<Vec<Descriptor>> {
        self.list_referrers(subject, kind).await
    }

    async fn finds_referrers(&self) -> Result<bool> {
        self.shows_referrers_api().await
    }
}

#[async_trait]
impl WritableRepository for RemoteRepository {
    async fn put_blob(&self, descriptor: &Descriptor, content: Blob) -> Result<Put> {
        if descriptor.digest.hasher().is_none() {
            return Err(StoreError::UnsupportedDigest {
                digest: descriptor.digest.clone(),
            });
        }
        if !self.take_lacking(&descriptor.digest) && self.head_blob(descriptor).await? {
            return Ok(Put::Present);
        }
        self.send_blob(descriptor, &content).await
    }

    async fn replace_blob(&self, descriptor: &Descriptor, content: Blob) -> Result<Put> {
        self.upload(descriptor, &content, None).await?;
        Ok(Put::Uploaded)
    }

    async fn put_pending(&self, blob: PendingBlob) -> Result<Put> {
        if blob.size >= STREAMED {
            return self.stream(blob).await;
        }
        let (descriptor, content) = blob.named().await?;
        self.put_blob(&descriptor, content).await
    }

    async fn put_manifests(&self, batch: &[PutManifest]) -> Result<Vec<Put>> {
        self.put_batch(batch).await
    }

    async fn delete(&self, at: &TagOrDigest) -> Result<()> {
        self.delete_manifest(at).await
    }
}

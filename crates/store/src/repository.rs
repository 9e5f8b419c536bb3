//! What a client stands on.

use std::ops::Range;

use async_trait::async_trait;
use futures_util::future::join_all;
use tofu_oci_types::oci::{Descriptor, Digest, Manifest, MediaType, Tag, TagOrDigest};

use crate::blob::Blob;
use crate::error::Result;
use crate::pending::PendingBlob;
use crate::place::Place;
use crate::reader::{BlobReader, PartReader};

/// When a tag may be given to a manifest. A tag that has the same digest already satisfies every rule, and an
/// absent tag all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagRule {
    /// The tag must not exist.
    Create,
    /// The tag must name this manifest, or not exist.
    Move {
        /// What the tag is expected to name.
        from: Digest,
    },
    /// The new manifest must be an index that has every entry of the tag's index, unchanged.
    Extend,
    /// In any case.
    Overwrite,
}

/// One manifest of a batch, and the tags it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutManifest {
    /// The manifest.
    pub manifest: Manifest,
    /// Its tags; none stores it by digest alone.
    pub tags: Vec<(Tag, TagRule)>,
}

impl PutManifest {
    /// A manifest without a tag.
    pub fn untagged(manifest: Manifest) -> Self {
        Self {
            manifest,
            tags: Vec::new(),
        }
    }

    /// A manifest with one tag.
    pub fn tagged(manifest: Manifest, tag: Tag, rule: TagRule) -> Self {
        Self {
            manifest,
            tags: vec![(tag, rule)],
        }
    }
}

/// What storing something came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The bytes were stored.
    Uploaded,
    /// It was there already, and nothing changed.
    Present,
    /// It was taken from another repository of the same domain, without its bytes.
    Mounted,
}

/// One repository, read.
#[async_trait]
pub trait Repository: Send + Sync {
    /// Where it lies.
    fn place(&self) -> &Place;

    /// A manifest, verified. At most 4 MiB.
    ///
    /// # Errors
    /// Absence of repository, tag or manifest; content that is not what was asked for.
    async fn manifest(&self, at: &TagOrDigest) -> Result<Manifest>;

    /// Several manifests, each as by [`manifest`](Self::manifest), in the order asked for and all at once.
    ///
    /// # Errors
    /// What concerns all of them; of each, those of [`manifest`](Self::manifest).
    async fn manifests(&self, at: &[TagOrDigest]) -> Result<Vec<Result<Manifest>>> {
        Ok(join_all(at.iter().map(|at| self.manifest(at))).await)
    }

    /// A blob, verified while it is read.
    ///
    /// # Errors
    /// Absence of the blob.
    async fn blob(&self, descriptor: &Descriptor) -> Result<BlobReader>;

    /// A part of a blob, in bytes, unverified.
    ///
    /// # Errors
    /// Absence of the blob; [`StoreError::Range`](crate::StoreError::Range).
    async fn blob_part(&self, descriptor: &Descriptor, range: Range<u64>) -> Result<PartReader>;

    /// What a tag names; `None` when there is no such tag or no repository.
    ///
    /// # Errors
    /// Anything but absence.
    async fn head(&self, tag: &Tag) -> Result<Option<Descriptor>>;

    /// Whether the content is there, as a manifest when its type is a manifest's, with the size given.
    ///
    /// # Errors
    /// Anything but absence.
    async fn has(&self, descriptor: &Descriptor) -> Result<bool>;

    /// All tags, sorted by bytes.
    ///
    /// # Errors
    /// Absence of the repository.
    async fn tags(&self) -> Result<Vec<Tag>>;

    /// The manifests whose subject this is, described as the distribution spec's referrers list does; with
    /// `kind`, those of that artifact type. Sorted by digest, empty when there are none.
    ///
    /// # Errors
    /// Anything but absence.
    async fn referrers(
        &self,
        subject: &Descriptor,
        kind: Option<&MediaType>,
    ) -> Result<Vec<Descriptor>>;

    /// Whether the repository finds out by itself what refers to a manifest. Where it does not, whoever stores a
    /// referrer lists it, and may have been stopped before that.
    ///
    /// # Errors
    /// Anything but absence.
    async fn finds_referrers(&self) -> Result<bool> {
        Ok(true)
    }
}

/// One repository, read and written.
#[async_trait]
pub trait WritableRepository: Repository {
    /// Stores a blob; it becomes visible when size and digest agreed.
    ///
    /// # Errors
    /// [`StoreError::DigestMismatch`](crate::StoreError::DigestMismatch), a wrong size, a refusing gate.
    async fn put_blob(&self, descriptor: &Descriptor, content: Blob) -> Result<Put>;

    /// Stores a blob also where one of its length is there, which may hold other bytes.
    ///
    /// # Errors
    /// As [`put_blob`](Self::put_blob).
    async fn replace_blob(&self, descriptor: &Descriptor, content: Blob) -> Result<Put>;

    /// Stores a blob whose digest is not known yet. A repository to which bytes travel may send them while the
    /// digest is taken; it becomes visible when that agreed.
    ///
    /// # Errors
    /// [`StoreError::Gate`](crate::StoreError::Gate) when no digest comes; else as [`put_blob`](Self::put_blob).
    async fn put_pending(&self, blob: PendingBlob) -> Result<Put> {
        let (descriptor, content) = blob.named().await?;
        self.put_blob(&descriptor, content).await
    }

    /// Stores manifests: all by digest, in order, then all tags. Children must be there, or come earlier in
    /// the batch. One answer per manifest, in order.
    ///
    /// # Errors
    /// [`StoreError::MissingChild`](crate::StoreError::MissingChild), or a tag whose rule forbids it: then no
    /// tag of the batch is changed.
    async fn put_manifests(&self, batch: &[PutManifest]) -> Result<Vec<Put>>;

    /// Deletes a tag (its manifest stays) or a manifest with all its tags.
    ///
    /// # Errors
    /// Absence; [`StoreError::Referenced`](crate::StoreError::Referenced).
    async fn delete(&self, at: &TagOrDigest) -> Result<()>;
}

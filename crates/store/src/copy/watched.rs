//! A source whose blobs tell how far they were read.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use tofu_oci_types::oci::{Descriptor, Manifest, MediaType, Tag, TagOrDigest};

use super::{CopyEvent, Reporter};
use crate::error::Result;
use crate::place::Place;
use crate::reader::{BlobReader, PartReader};
use crate::repository::Repository;

/// Reports what is read of its blobs, and is the inner repository in everything else.
pub(super) struct Watched {
    pub(super) inner: Arc<dyn Repository>,
    pub(super) reporter: Reporter,
}

#[async_trait]
impl Repository for Watched {
    fn place(&self) -> &Place {
        self.inner.place()
    }

    async fn manifest(&self, at: &TagOrDigest) -> Result<Manifest> {
        self.inner.manifest(at).await
    }

    async fn blob(&self, descriptor: &Descriptor) -> Result<BlobReader> {
        let part = self.blob_part(descriptor, 0..descriptor.size).await?;
        BlobReader::new(descriptor, part)
    }

    async fn blob_part(&self, descriptor: &Descriptor, range: Range<u64>) -> Result<PartReader> {
        let part = self.inner.blob_part(descriptor, range).await?;
        let (reporter, blob) = (Arc::clone(&self.reporter), descriptor.clone());
        Ok(part.watched(Arc::new(move |bytes| {
            reporter(&CopyEvent::BlobRead(blob.clone(), bytes));
        })))
    }

    async fn head(&self, tag: &Tag) -> Result<Option<Descriptor>> {
        self.inner.head(tag).await
    }

    async fn has(&self, descriptor: &Descriptor) -> Result<bool> {
        self.inner.has(descriptor).await
    }

    async fn tags(&self) -> Result<Vec<Tag>> {
        self.inner.tags().await
    }

    async fn referrers(
        &self,
        subject: &Descriptor,
        kind: Option<&MediaType>,
    ) -> Result<Vec<Descriptor>> {
        self.inner.referrers(subject, kind).await
    }
}

//! Content that is on its way before anybody knows its digest.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tofu_oci_types::oci::{Descriptor, Digest, MediaType};

use crate::blob::{Blob, GateError, OpenBlob};
use crate::error::{Result, StoreError};

/// Content whose digest is taken while it is sent. Its bytes must not change meanwhile: who stores it compares.
pub struct PendingBlob {
    /// The type that its descriptor gets.
    pub media_type: MediaType,
    /// How many bytes it has.
    pub size: u64,
    /// The content. It is read before the digest is known, and perhaps again.
    pub content: Arc<dyn OpenBlob>,
    /// The digest, as soon as all is known that could speak against the content; else what does. Nothing is done
    /// for it before it is polled.
    pub digest: BoxFuture<'static, Result<Digest, GateError>>,
}

impl PendingBlob {
    /// Waits for the digest: what the content is, and the content.
    ///
    /// # Errors
    /// [`StoreError::Gate`] with what speaks against the content.
    pub async fn named(self) -> Result<(Descriptor, Blob)> {
        let digest = self.digest.await.map_err(StoreError::Gate)?;
        let descriptor = Descriptor::new(self.media_type, digest, self.size);
        Ok((descriptor, Blob::Gated(self.content)))
    }
}

impl fmt::Debug for PendingBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingBlob")
            .field("media_type", &self.media_type)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

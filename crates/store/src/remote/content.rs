//! What is sent along with a request.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream;

use super::stream::Withheld;
use crate::blocking::lock;
use crate::error::StoreError;
use crate::reader::{BlobReader, PartReader};

/// What is sent along.
pub(super) enum Body {
    /// Nothing.
    None,
    /// Bytes, sent again where needed.
    Bytes(Bytes),
    /// A stream of so many bytes, sent once.
    Stream(Box<Mutex<Option<Content>>>, u64),
}

/// What is read while it is sent.
pub(super) enum Content {
    /// Bytes that somebody else answers for: a file of ours, a gate.
    Part(PartReader),
    /// Bytes from another repository, whose end is held back until they were verified.
    Verified(Box<BlobReader>),
    /// Bytes whose digest is still being taken, and whose end is held back until then.
    Withheld(Box<Withheld>),
}

impl Content {
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        match self {
            Self::Part(part) => part.next().await,
            Self::Verified(blob) => blob.next().await,
            Self::Withheld(content) => content.next().await,
        }
    }
}

impl Body {
    /// Whether it can be sent once more.
    pub(super) fn is_repeatable(&self) -> bool {
        match self {
            Self::None | Self::Bytes(_) => true,
            Self::Stream(content, _) => lock(content).is_some(),
        }
    }
}

/// What became of a stream that is sent.
#[derive(Default)]
pub(super) struct Flow {
    bytes: AtomicU64,
    /// Whether we are the ones who are waited for.
    reading: AtomicBool,
    failed: Mutex<Option<StoreError>>,
}

impl Flow {
    /// How many bytes were handed to the connection.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether the next bytes are still being read on our side.
    pub(super) fn is_reading(&self) -> bool {
        self.reading.load(Ordering::Relaxed)
    }

    /// Why the content could not be read.
    pub(super) fn failure(&self) -> Option<StoreError> {
        lock(&self.failed).take()
    }
}

/// Bytes that are sent slice by slice, so that it can be seen that they move.
pub(super) fn sliced(
    bytes: Bytes,
    flow: Arc<Flow>,
) -> impl futures_util::Stream<Item = Result<Bytes, Broken>> {
    const SLICE: usize = 64 * 1024;
    stream::unfold(bytes, move |mut bytes| {
        let slice = bytes.split_to(bytes.len().min(SLICE));
        flow.bytes.fetch_add(slice.len() as u64, Ordering::Relaxed);
        std::future::ready((!slice.is_empty()).then_some((Ok(slice), bytes)))
    })
}

/// The bytes of `content`; an error ends the stream and is kept for the one who sends.
pub(super) fn flowing(
    content: Content,
    flow: Arc<Flow>,
) -> impl futures_util::Stream<Item = Result<Bytes, Broken>> {
    stream::unfold(Some(content), move |state| {
        let flow = Arc::clone(&flow);
        async move {
            let mut content = state?;
            flow.reading.store(true, Ordering::Relaxed);
            let next = content.next().await;
            flow.reading.store(false, Ordering::Relaxed);
            match next {
                Ok(Some(bytes)) => {
                    flow.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                    Some((Ok(bytes), Some(content)))
                }
                Ok(None) => None,
                Err(error) => {
                    *lock(&flow.failed) = Some(error);
                    Some((Err(Broken), None))
                }
            }
        }
    })
}

/// The content ended early; why, the one who sends knows.
#[derive(Debug, thiserror::Error)]
#[error("the content could not be read")]
pub(super) struct Broken;

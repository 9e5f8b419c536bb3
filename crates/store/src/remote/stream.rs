//! Blobs whose digest is still being taken: everything in one PATCH meanwhile.
//!
//! ```text
//! POST ─ PATCH ═════ everything but its last piece ═════ last piece ─ PUT ?digest=
//!          └─ digest and checks ─ HEAD: is it there already? ─┘
//!                 └─ refused            └─ there: DELETE, nothing was stored
//! ```
//!
//! The PATCH has a length and no `Content-Range`, as the distribution spec v1.1.1 has it for "streamed" uploads.
//! What does not take it gets the blob by its digest, which is known by then.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, StatusCode};
use tofu_oci_types::oci::Descriptor;
use tokio::sync::oneshot;

use super::chunks::range_end;
use super::client::Lane;
use super::content::{Body, Content};
use super::error::RemoteError;
use super::repository::RemoteRepository;
use super::scope::Access;
use super::send::{Repeat, Reply, SendError, To};
use super::upload::Session;
use crate::blob::{Blob, OpenBlob};
use crate::error::{Result, StoreError};
use crate::pending::PendingBlob;
use crate::reader::Gate;
use crate::repository::Put;

/// Blobs of at least as many bytes are sent before their digest is known. It is a request more, and of fewer bytes
/// the digest is taken in no time.
pub(super) const STREAMED: u64 = 16 * 1024 * 1024;

/// Content whose last piece waits until somebody allows it.
pub(super) struct Withheld {
    gate: Gate,
    left: u64,
    allowed: Option<oneshot::Receiver<()>>,
}

impl Withheld {
    fn new(content: &Arc<dyn OpenBlob>, size: u64, allowed: oneshot::Receiver<()>) -> Self {
        Self {
            gate: Gate::new(Arc::clone(content)),
            left: size,
            allowed: Some(allowed),
        }
    }

    /// The next bytes. Content of another length than it was said to have ends in an error.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>> {
        let Some(bytes) = self.gate.next().await? else {
            return match self.left {
                0 => Ok(None),
                _ => Err(StoreError::Stopped),
            };
        };
        let left = self.left.checked_sub(bytes.len() as u64);
        self.left = left.ok_or(StoreError::Stopped)?;
        if self.left == 0
            && let Some(allowed) = self.allowed.take()
        {
            allowed.await.map_err(|_| StoreError::Stopped)?;
        }
        Ok(Some(bytes))
    }
}

/// What became of the PATCH.
enum Sent {
    /// The registry has the bytes.
    Taken(Reply),
    /// It takes them in another way, if at all.
    Refused,
    /// It broke off.
    Broken(RemoteError),
    /// It will not work.
    Final(StoreError),
}

impl RemoteRepository {
    /// Sends a blob while its digest is taken.
    pub(super) async fn stream(&self, blob: PendingBlob) -> Result<Put> {
        let session = self.start().await?;
        let (content, size) = (Arc::clone(&blob.content), blob.size);
        let (allow, allowed) = oneshot::channel();
        let found = {
            let withheld = Withheld::new(&content, size, allowed);
            let mut sent = std::pin::pin!(self.patch_all(&session, withheld, size));
            let mut lacked = std::pin::pin!(self.lacked(blob));
            tokio::select! {
                biased;
                lacked = &mut lacked => match lacked {
                    Ok(Some(descriptor)) => {
                        // Who does not wait for it any more has an answer.
                        let _ = allow.send(());
                        Ok(Some((descriptor, sent.await)))
                    }
                    Ok(None) => Ok(None),
                    Err(error) => Err(error),
                },
                // It ended without its last piece.
                sent = &mut sent => lacked.await.map(|found| found.map(|found| (found, sent))),
            }
        };
        // The PATCH has ended, or was broken off just now.
        let (descriptor, sent) = match found {
            Ok(Some(found)) => found,
            Ok(None) => {
                self.give_up(&session).await;
                return Ok(Put::Present);
            }
            Err(error) => {
                self.give_up(&session).await;
                return Err(error);
            }
        };
        let content = Blob::Gated(content);
        if !self.settle(session, &descriptor, &content, sent).await? {
            self.upload(&descriptor, &content, None).await?;
        }
        Ok(Put::Uploaded)
    }

    /// What the blob is, unless it is there already.
    async fn lacked(&self, blob: PendingBlob) -> Result<Option<Descriptor>> {
        let (descriptor, _) = blob.named().await?;
        let there = !self.take_lacking(&descriptor.digest) && self.head_blob(&descriptor).await?;
        Ok((!there).then_some(descriptor))
    }

    /// Sends everything in one PATCH.
    async fn patch_all(&self, session: &Session, content: Withheld, size: u64) -> Sent {
        let what = format!("sending a blob to {}", self.place);
        let mut call = self.call(Method::PATCH, "", Access::Push, what);
        call.to = To::Url(session.location.clone());
        call.headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        );
        call.lane = Lane::of(size);
        let content = Content::Withheld(Box::new(content));
        call.body = Body::Stream(Box::new(Mutex::new(Some(content))), size);
        call.repeat = Repeat::No;
        match self.registry.send(&call).await {
            Ok(reply) => match reply.status() {
                StatusCode::OK
                | StatusCode::CREATED
                | StatusCode::ACCEPTED
                | StatusCode::NO_CONTENT => Sent::Taken(reply),
                _ => Sent::Refused,
            },
            Err(SendError::Content(error)) => Sent::Final(error),
            Err(SendError::Renewed(_)) => Sent::Refused,
            Err(SendError::Remote(RemoteError::Failed { answer, .. })) if answer.status == 501 => {
                Sent::Refused
            }
            Err(SendError::Remote(error)) if error.is_transient() => Sent::Broken(error),
            Err(SendError::Remote(error)) => Sent::Final(error.into()),
        }
    }

    /// Ends the upload, goes on where it broke off, or gives it up: whether the blob is stored.
    async fn settle(
        &self,
        session: Session,
        descriptor: &Descriptor,
        content: &Blob,
        sent: Sent,
    ) -> Result<bool> {
        let what = format!("sending the blob {} to {}", descriptor.digest, self.place);
        let mut session = session;
        let stored = match sent {
            Sent::Refused => Ok(false),
            Sent::Final(error) => Err(error),
            Sent::Taken(reply) => {
                let told = range_end(&reply);
                match self.session(&reply, &what, Some(session.clone())) {
                    Ok(next) => session = next,
                    Err(error) => {
                        self.give_up(&session).await;
                        return Err(error);
                    }
                }
                drop(reply);
                if told.is_some_and(|told| told < descriptor.size)
                    // Some never tell more: only the state of the upload counts.
                    && let Some((now, at)) = self.progress(session.clone()).await
                    && (1..descriptor.size).contains(&at)
                {
                    self.send_pieces(now, descriptor, content, at).await?;
                    return Ok(true);
                }
                match self.end(&session, descriptor, &what).await {
                    Err(error) if is_refusal(&error) => Ok(false),
                    ended => ended.map(|()| true),
                }
            }
            Sent::Broken(error) => match self.setback(&what, error, 1).await {
                Err(error) => Err(error.into()),
                Ok(_) => match self.progress(session.clone()).await {
                    Some((now, at)) if (1..=descriptor.size).contains(&at) => {
                        self.send_pieces(now, descriptor, content, at).await?;
                        return Ok(true);
                    }
                    _ => Ok(false),
                },
            },
        };
        if !matches!(stored, Ok(true)) {
            self.give_up(&session).await;
        }
        stored
    }
}

/// Whether the registry did not want an upload to end so. What it says of the digest is about the bytes.
fn is_refusal(error: &StoreError) -> bool {
    let StoreError::Remote(error) = error else {
        return false;
    };
    match error.as_ref() {
        RemoteError::Refused { answer, .. } | RemoteError::Unsupported { answer, .. } => {
            !answer.has_code("DIGEST_INVALID")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::{GateError, ReadBlob};

    /// Three pieces, each of a batch.
    struct Pieces(usize);

    const PIECE: usize = crate::blocking::BATCH;
    const SIZE: u64 = 3 * PIECE as u64;

    impl OpenBlob for Pieces {
        fn open(&self) -> Result<Box<dyn ReadBlob>, GateError> {
            Ok(Box::new(Self(3)))
        }
    }

    impl ReadBlob for Pieces {
        fn next(&mut self) -> Result<Option<Bytes>, GateError> {
            let left = self.0;
            self.0 = left.saturating_sub(1);
            Ok((left > 0).then(|| vec![0; PIECE].into()))
        }
    }

    /// How many bytes are handed out, and whether that ends well.
    async fn handed_out(size: u64, allowed: oneshot::Receiver<()>) -> (u64, bool) {
        let content: Arc<dyn OpenBlob> = Arc::new(Pieces(3));
        let mut withheld = Withheld::new(&content, size, allowed);
        let mut sum = 0;
        loop {
            match withheld.next().await {
                Ok(Some(bytes)) => sum += bytes.len() as u64,
                Ok(None) => return (sum, true),
                Err(_) => return (sum, false),
            }
        }
    }

    #[tokio::test]
    async fn the_last_piece_is_handed_out_by_leave_alone() {
        let (allow, allowed) = oneshot::channel();
        allow.send(()).unwrap();
        assert_eq!(handed_out(SIZE, allowed).await, (SIZE, true));
        // Who would allow it is gone.
        let (allow, allowed) = oneshot::channel();
        drop(allow);
        let piece = PIECE as u64;
        assert_eq!(handed_out(SIZE, allowed).await, (SIZE - piece, false));
    }

    #[tokio::test]
    async fn content_of_another_length_does_not_end_well() {
        for size in [SIZE - 1, SIZE + 1] {
            let (allow, allowed) = oneshot::channel();
            allow.send(()).unwrap();
            assert!(!handed_out(size, allowed).await.1, "{size}");
        }
    }
}

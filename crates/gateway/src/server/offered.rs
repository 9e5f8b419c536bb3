//! Answers that have to be taken.
//!
//! Over HTTP/1.1 a client that takes nothing blocks its connection, and that has a limit of time. Over HTTP/2 it
//! blocks one of many answers: the connection is well, and the answer would lie there for ever, with the file that it
//! comes from.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::AbortHandle;

use super::limits::Limits;
use super::pace::TooSlow;
use super::recorded::Recorded;

/// How many times the patience with a connection one of its answers may rest. Only whole pieces of a file are seen
/// to be taken, and many answers share the line.
pub(super) const ROUNDS: u32 = 10;

/// An answer's body. Over HTTP/2 it is dropped when the client does not take it.
pub(super) struct Offered {
    offer: Arc<Mutex<Offer>>,
    watcher: Option<AbortHandle>,
}

struct Offer {
    /// `None` when it was dropped.
    body: Option<Recorded>,
    /// Whether it is the client who is waited for, and not the content.
    waits: bool,
    /// How many bytes were taken since somebody looked.
    moved: usize,
}

impl Offered {
    /// A body that is not watched: its connection is.
    pub(super) fn new(body: Recorded) -> Self {
        let offer = Offer {
            body: Some(body),
            waits: true,
            moved: 0,
        };
        Self {
            offer: Arc::new(Mutex::new(offer)),
            watcher: None,
        }
    }

    /// A body that shares its connection with others.
    pub(super) fn watched(body: Recorded, limits: &Limits) -> Self {
        let empty = body.is_end_stream();
        let mut this = Self::new(body);
        if !empty {
            let (offer, limits) = (Arc::clone(&this.offer), *limits);
            this.watcher = Some(tokio::spawn(watch(offer, limits)).abort_handle());
        }
        this
    }
}

/// Drops a body of which too little is taken.
async fn watch(offer: Arc<Mutex<Offer>>, limits: Limits) {
    loop {
        tokio::time::sleep(limits.patience * ROUNDS).await;
        let mut offer = lock(&offer);
        if offer.waits && offer.moved < limits.pace {
            offer.body = None;
            return;
        }
        offer.moved = 0;
    }
}

fn lock(offer: &Mutex<Offer>) -> std::sync::MutexGuard<'_, Offer> {
    offer.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Body for Offered {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut offer = lock(&self.offer);
        let Some(body) = &mut offer.body else {
            return Poll::Ready(Some(Err(axum::Error::new(TooSlow))));
        };
        let frame = Pin::new(body).poll_frame(cx);
        offer.waits = frame.is_ready();
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            let length = frame.data_ref().map_or(0, Bytes::len);
            offer.moved = offer.moved.saturating_add(length);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        let offer = lock(&self.offer);
        offer.body.as_ref().is_some_and(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let offer = lock(&self.offer);
        offer.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for Offered {
    fn drop(&mut self) {
        if let Some(watcher) = &self.watcher {
            watcher.abort();
        }
        // The watcher may hold the rest for a moment.
        drop(lock(&self.offer).body.take());
    }
}

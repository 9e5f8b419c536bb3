//! Answers and requests whose bytes are counted for the access log.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use axum::body::Body as Answer;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::activity::{Open, Unread};
use crate::access_log::{AccessLog, AccessRecord, Ending};

/// How many bytes of a request arrived.
pub(super) type Received = Arc<AtomicU64>;

/// A request's body that counts, and tells its connection when it was read.
pub(super) struct Counted<B> {
    body: B,
    received: Received,
    /// Until the end.
    unread: Option<Unread>,
}

impl<B: Body> Counted<B> {
    pub(super) fn new(body: B, received: Received, open: &Open) -> Self {
        let unread = (!body.is_end_stream()).then(|| open.content());
        Self {
            body,
            received,
            unread,
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Counted<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            let length = frame.data_ref().map_or(0, Bytes::len) as u64;
            self.received.fetch_add(length, Ordering::Relaxed);
        }
        let ends = match &frame {
            Poll::Ready(Some(Ok(_))) => self.body.is_end_stream(),
            Poll::Ready(None) => true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => false,
        };
        if ends && let Some(unread) = self.unread.take() {
            unread.read();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body that is told to the log before its last bytes are handed out.
pub(super) struct Recorded {
    body: Answer,
    entry: Option<Entry>,
    /// Until this is dropped, its connection is used.
    _open: Open,
    /// How many bytes are still to come, where that is known.
    left: Option<u64>,
}

/// What will be told.
pub(super) struct Entry {
    pub(super) log: Arc<dyn AccessLog>,
    pub(super) record: AccessRecord,
    pub(super) received: Received,
}

impl Entry {
    fn tell(mut self, ending: Ending) {
        self.record.ending = ending;
        self.record.received = self.received.load(Ordering::Relaxed);
        self.log.record(self.record);
    }
}

impl Recorded {
    /// The body of an answer of `length` bytes, where that is known. What has none is told at once.
    pub(super) fn new(body: Answer, length: Option<u64>, entry: Option<Entry>, open: Open) -> Self {
        // Whoever sends it stops at this length and does not ask for the end.
        let left = length.or(body.size_hint().exact());
        let mut this = Self {
            body,
            entry,
            _open: open,
            left,
        };
        if left == Some(0) || this.body.is_end_stream() {
            this.tell(Ending::Complete);
        }
        this
    }

    fn tell(&mut self, ending: Ending) {
        if let Some(entry) = self.entry.take() {
            entry.tell(ending);
        }
    }
}

impl Body for Recorded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                if let Some(entry) = &mut self.entry {
                    entry.record.sent += length;
                }
                self.left = self.left.map(|left| left.saturating_sub(length));
                if self.left == Some(0) || self.body.is_end_stream() {
                    self.tell(Ending::Complete);
                }
            }
            Poll::Ready(Some(Err(_))) => self.tell(Ending::Broken),
            Poll::Ready(None) => self.tell(Ending::Complete),
            Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.tell(Ending::Broken);
    }
}

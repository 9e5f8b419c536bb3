//! Bodies that have to move.

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

/// The body came more slowly than the limits allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooSlow;

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body came too slowly")
    }
}

impl std::error::Error for TooSlow {}

/// Keeps time: `pace` bytes have to move in every `patience`. Time passes only while somebody waits.
#[derive(Debug)]
pub(super) struct Pacer {
    patience: Duration,
    pace: usize,
    moved: usize,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Pacer {
    pub(super) fn new(patience: Duration, pace: usize) -> Self {
        Self {
            patience,
            pace,
            moved: 0,
            timer: None,
        }
    }

    /// Bytes moved.
    pub(super) fn moved(&mut self, bytes: usize) {
        self.moved = self.moved.saturating_add(bytes);
        if self.moved >= self.pace {
            self.rest();
        }
    }

    /// Nobody waits any more.
    pub(super) fn rest(&mut self) {
        self.moved = 0;
        self.timer = None;
    }

    /// Somebody waits. Ready when that took too long.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let patience = self.patience;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        timer.as_mut().poll(cx)
    }
}

/// A request's body that ends with [`TooSlow`] when it does not move.
pub(super) struct Paced<B> {
    body: B,
    pacer: Pacer,
}

impl<B> Paced<B> {
    pub(super) fn new(body: B, pacer: Pacer) -> Self {
        Self { body, pacer }
    }
}

impl<B> Body for Paced<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                if let Some(Ok(frame)) = &frame {
                    let length = frame.data_ref().map_or(0, Bytes::len);
                    self.pacer.moved(length);
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => {
                ready!(self.pacer.poll(cx));
                Poll::Ready(Some(Err(Box::new(TooSlow))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

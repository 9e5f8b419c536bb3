//! Connections that have to move.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::limits::Limits;
use super::pace::Pacer;

/// How many bytes may be needed to tell HTTP/2 from HTTP/1.1.
const OPENING: usize = 24;

/// A connection that breaks when its client does not begin to speak, or does not take what it is sent.
pub(super) struct Stream<S> {
    stream: S,
    /// Until it is known what the client speaks, nobody else keeps time.
    opening: Option<Pacer>,
    opened: usize,
    writing: Pacer,
}

impl<S> Stream<S> {
    pub(super) fn new(stream: S, limits: &Limits) -> Self {
        Self {
            stream,
            opening: Some(Pacer::new(limits.head, OPENING)),
            opened: 0,
            writing: Pacer::new(limits.patience, limits.pace),
        }
    }

    fn wrote(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match result {
            Poll::Ready(result) => {
                if let Ok(bytes) = &result {
                    self.writing.moved(*bytes);
                }
                Poll::Ready(result)
            }
            Poll::Pending => {
                ready!(self.writing.poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        let result = Pin::new(&mut this.stream).poll_read(cx, buf);
        let Some(opening) = &mut this.opening else {
            return result;
        };
        match result {
            Poll::Ready(result) => {
                this.opened += buf.filled().len() - before;
                if this.opened >= OPENING {
                    // What follows has its own limits.
                    this.opening = None;
                }
                Poll::Ready(result)
            }
            Poll::Pending => {
                ready!(opening.poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.wrote(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.wrote(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        let result = self.wrote(cx, result.map_ok(|()| 0))?;
        self.writing.rest();
        result.map(|_| Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

//! Connections that have to move.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::activity::Activity;
use super::limits::Limits;
use super::pace::Pacer;

/// How many bytes may be needed to tell HTTP/2 from HTTP/1.1.
const OPENING: usize = 24;
/// How many bytes are read when it is seen whether a client speaks: the head of most requests.
const FIRST: usize = 1024;

/// A connection that breaks when its client does not begin to speak, or does not take what it is sent.
pub(super) struct Stream<S> {
    stream: S,
    /// What was read already, and is read next.
    held: Bytes,
    activity: Arc<Activity>,
    /// Until it is known what the client speaks, nobody else keeps time.
    opening: Option<Pacer>,
    opened: usize,
    writing: Pacer,
}

impl<S> Stream<S> {
    /// A connection that tells `activity` when something waits to be sent.
    pub(super) fn new(stream: S, limits: &Limits, activity: &Arc<Activity>) -> Self {
        Self {
            stream,
            held: Bytes::new(),
            activity: Arc::clone(activity),
            opening: Some(Pacer::new(limits.head, OPENING)),
            opened: 0,
            writing: Pacer::new(limits.patience, limits.pace),
        }
    }

    /// The connection with bytes that were read from it, and are to be read again. They are copied: what they lie in is
    /// a buffer, also when there are none.
    pub(super) fn with_held(mut self, held: &[u8]) -> Self {
        self.held = [held, &self.held].concat().into();
        self
    }

    fn wrote(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        self.activity.set_sending(result.is_pending());
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

impl<S: AsyncRead + Unpin> Stream<S> {
    /// Waits until the client speaks; whether it does, and did not end. Until then there is no buffer.
    ///
    /// Nothing is lost when this is dropped.
    ///
    /// # Errors
    /// Those of the connection.
    pub(super) async fn speaks(&mut self) -> io::Result<bool> {
        if !self.held.is_empty() {
            return Ok(true);
        }
        let first = std::future::poll_fn(|cx| {
            let mut bytes = [0; FIRST];
            let mut buf = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut *self).poll_read(cx, &mut buf))?;
            Poll::Ready(Ok::<_, io::Error>(Bytes::copy_from_slice(buf.filled())))
        });
        self.held = first.await?;
        Ok(!self.held.is_empty())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.held.is_empty() {
            let length = this.held.len().min(buf.remaining());
            buf.put_slice(&this.held.split_to(length));
            return Poll::Ready(Ok(()));
        }
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
        let result = Pin::new(&mut self.stream).poll_shutdown(cx);
        // TLS takes leave.
        self.wrote(cx, result.map_ok(|()| 0))
            .map(|result| result.map(|_| ()))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Buf as _;
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    struct Buffer(Arc<Vec<u8>>);

    impl AsRef<[u8]> for Buffer {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    /// A connection of which nobody takes leave.
    struct Deaf;

    impl AsyncWrite for Deaf {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(buf.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn what_is_held_keeps_no_buffer() {
        for (whole, left) in [("", "next"), ("whole", "")] {
            let buffer = Arc::new(format!("{whole}{left}").into_bytes());
            let mut rest = Bytes::from_owner(Buffer(Arc::clone(&buffer)));
            rest.advance(whole.len());
            let stream = Stream::new(Deaf, &Limits::default(), &Arc::default());
            let stream = stream.with_held(&rest);
            drop(rest);
            assert_eq!(Arc::strong_count(&buffer), 1, "{left}");
            assert_eq!(stream.held, left);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_is_not_waited_for_for_ever() {
        let mut stream = Stream::new(Deaf, &Limits::default(), &Arc::default());
        let error = stream.shutdown().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}

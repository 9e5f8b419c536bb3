//! Which protocol a client speaks.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;

/// The versions of HTTP that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// HTTP/1.1, and what came before it.
    Http1,
    /// HTTP/2.
    Http2,
}

impl Protocol {
    /// What is spoken inside TLS: `name` is what both sides agreed upon there (RFC 7301).
    pub(super) fn agreed(name: Option<&[u8]>) -> Self {
        match name {
            Some(b"h2") => Self::Http2,
            _ => Self::Http1,
        }
    }

    /// What is spoken in the clear, told by the first bytes, which stay to be read; `None` when the connection ends
    /// without any. HTTP/2 begins with `PRI` (RFC 9113, section 3.4), which is no method.
    ///
    /// Waits until the client speaks: until then its connection has no buffers.
    ///
    /// # Errors
    /// Those of the connection.
    pub(super) async fn spoken(stream: &TcpStream) -> io::Result<Option<Self>> {
        const PREFACE: &[u8] = b"PRI";
        /// How long to wait when somebody sends it byte by byte: longer and longer, or thousands who say no more than
        /// its first byte would keep a processor busy.
        const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));
        let (mut pause, longest) = PAUSES;
        let mut first = [0; PREFACE.len()];
        loop {
            let length = stream.peek(&mut first).await?;
            match first.get(..length) {
                Some([]) | None => return Ok(None),
                Some(PREFACE) => return Ok(Some(Self::Http2)),
                Some(part) if PREFACE.starts_with(part) => {
                    tokio::time::sleep(pause).await;
                    pause = longest.min(pause * 2);
                }
                Some(_) => return Ok(Some(Self::Http1)),
            }
        }
    }
}

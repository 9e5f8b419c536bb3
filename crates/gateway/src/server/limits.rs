//! How much of everything there may be.

use std::time::Duration;

/// The limits of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many connections there may be; more wait until one ends.
    pub connections: usize,
    /// How many requests one HTTP/2 connection may have open.
    pub streams: u32,
    /// How many requests there may be on all connections together; more are refused. Each may have a file open.
    pub requests: usize,
    /// How long a client may take for the TLS handshake, for the head of a request, and between two requests; between
    /// two requests over HTTP/2 up to twice as long.
    pub head: Duration,
    /// In how much time a client has to send or take at least [`pace`](Self::pace) bytes. One of many answers on an
    /// HTTP/2 connection has ten times as long.
    pub patience: Duration,
    /// How many bytes have to move in that time.
    pub pace: usize,
    /// How long running requests are waited for when the server ends.
    pub shutdown: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            streams: 256,
            requests: 4096,
            head: Duration::from_secs(30),
            patience: Duration::from_secs(60),
            pace: 1024,
            shutdown: Duration::from_secs(30),
        }
    }
}

//! What to do with a body that nobody wants.
//!
//! A connection that is closed while bytes arrive is reset, and the client never reads why it was refused. So a
//! little of what is on its way is taken and thrown away.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use hyper::header::EXPECT;

/// How many bytes are thrown away.
const LIMIT: usize = 8 * 1024 * 1024;
/// How long somebody may take to send them.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads the rest of a body of moderate length.
pub(super) async fn discard(headers: &HeaderMap, body: &mut Body) {
    // Reading would ask a client that waits for our word to send.
    if headers.contains_key(EXPECT) || hyper::body::Body::is_end_stream(body) {
        return;
    }
    let read = async {
        let mut left = LIMIT;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, bytes::Bytes::len);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    // Whoever is slower than that may miss the answer.
    let _ = tokio::time::timeout(PATIENCE, read).await;
}

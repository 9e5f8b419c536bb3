//! Bodies that break off, stand still or crawl.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};

/// Why a body ends early.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut")
    }
}

impl std::error::Error for Cut {}

/// What follows the bytes that come.
#[derive(Clone, Copy)]
pub(super) enum End {
    /// The connection is closed.
    Cut,
    /// Nothing, for ever.
    Stall,
}

/// The first `count` bytes of a body, and then `end`.
pub(super) fn ending(body: Body, count: usize, end: End) -> Body {
    let state = (body.into_data_stream(), count);
    Body::from_stream(stream::unfold(state, move |(mut body, left)| async move {
        if left == 0 {
            return match end {
                End::Cut => {
                    // What was written is on its way before the connection goes.
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    Some((Err(Cut), (body, 0)))
                }
                End::Stall => std::future::pending().await,
            };
        }
        let bytes = body.next().await?.ok()?;
        let bytes = bytes.slice(..bytes.len().min(left));
        let left = left - bytes.len();
        Some((Ok(bytes), (body, left)))
    }))
}

/// A body that comes in pieces of `length` bytes, with a pause before each.
pub(super) fn trickling(body: Body, length: usize, pause: Duration) -> Body {
    let state = (body.into_data_stream(), Bytes::new());
    Body::from_stream(stream::unfold(
        state,
        move |(mut body, mut rest)| async move {
            if rest.is_empty() {
                rest = body.next().await?.ok()?;
            }
            tokio::time::sleep(pause).await;
            let piece = rest.split_to(rest.len().min(length));
            Some((Ok::<_, Cut>(piece), (body, rest)))
        },
    ))
}

/// Everything, and whether it came to its end.
pub(super) async fn whole(body: Body) -> Bytes {
    let mut body = body.into_data_stream();
    let mut all = BytesMut::new();
    while let Some(Ok(bytes)) = body.next().await {
        all.extend_from_slice(&bytes);
    }
    all.freeze()
}

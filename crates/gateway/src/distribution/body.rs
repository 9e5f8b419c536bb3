//! Bodies: content on its way out, and what comes in.

use std::error::Error as _;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use hyper::header::CONTENT_LENGTH;
use tofu_oci_store::PartReader;

use super::error::Refusal;
use crate::server::TooSlow;

/// Sends what a reader gives, in the pieces that it gives: 256 KiB of a file. The bytes are not checked: whoever
/// asked has the digest.
pub(super) fn content(reader: PartReader) -> Body {
    let pieces = stream::try_unfold(reader, async |mut reader: PartReader| {
        let next = reader.next().await;
        if let Err(error) = &next {
            // The status is sent already; the connection breaks, so that nobody takes the part for the whole.
            tracing::error!(%error, "content breaks off");
        }
        Ok::<_, tofu_oci_store::StoreError>(next?.map(|piece| (piece, reader)))
    });
    Body::from_stream(pieces)
}

/// The next bytes of a request; `None` at the end.
pub(super) async fn next(body: &mut Body) -> Result<Option<Bytes>, Refusal> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| match is_slow(&error) {
            true => Refusal::slow_body(),
            false => Refusal::broken_body(),
        })?;
        if let Ok(data) = frame.into_data()
            && !data.is_empty()
        {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

fn is_slow(error: &axum::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<TooSlow>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// A whole small body; `too_large` refuses what is longer than `limit` bytes.
pub(super) async fn small(
    headers: &HeaderMap,
    body: &mut Body,
    limit: u64,
    too_large: impl Fn() -> Refusal,
) -> Result<Bytes, Refusal> {
    if announced(headers).is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut all = BytesMut::new();
    while let Some(data) = next(body).await? {
        if all.len() as u64 + data.len() as u64 > limit {
            return Err(too_large());
        }
        all.extend_from_slice(&data);
    }
    Ok(all.freeze())
}

/// How many bytes the client says it sends.
pub(super) fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

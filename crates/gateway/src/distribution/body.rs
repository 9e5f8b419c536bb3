//! Bodies: content on its way out, and what comes in.

use std::error::Error as _;
use std::sync::Arc;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use hyper::header::CONTENT_LENGTH;
use tofu_oci_store::PartReader;
use tokio::sync::{Semaphore, SemaphorePermit};

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

/// How many bytes of small bodies may lie in memory at once.
const ROOM: usize = 64 * 1024 * 1024;

/// The memory for small bodies, which are held as a whole: a client that sends them slowly could make them many. A clone
/// is the same memory.
#[derive(Debug, Clone)]
pub(super) struct Room(Arc<Semaphore>);

/// A small body, which takes its room until this is dropped.
#[derive(Debug)]
pub(super) struct Small<'a> {
    pub(super) bytes: Bytes,
    _room: SemaphorePermit<'a>,
}

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ROOM)))
    }
}

impl Room {
    fn take(&self, bytes: usize) -> Result<SemaphorePermit<'_>, Refusal> {
        let bytes = u32::try_from(bytes).map_err(|_| Refusal::no_room())?;
        let room = self.0.try_acquire_many(bytes);
        room.map_err(|_| Refusal::no_room())
    }
}

/// A whole small body; `too_large` refuses what is longer than `limit` bytes.
pub(super) async fn small<'a>(
    room: &'a Room,
    headers: &HeaderMap,
    body: &mut Body,
    limit: u64,
    too_large: impl Fn() -> Refusal,
) -> Result<Small<'a>, Refusal> {
    if announced(headers).is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let (mut all, mut taken) = (BytesMut::new(), room.take(0)?);
    while let Some(data) = next(body).await? {
        if all.len() as u64 + data.len() as u64 > limit {
            return Err(too_large());
        }
        taken.merge(room.take(data.len())?);
        all.extend_from_slice(&data);
    }
    Ok(Small {
        bytes: all.freeze(),
        _room: taken,
    })
}

/// How many bytes the client says it sends.
pub(super) fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn small_bodies_have_room_or_are_refused() {
        let room = Room(Arc::new(Semaphore::new(10)));
        let read = async |text: &'static str| {
            let mut body = Body::from(text);
            small(
                &room,
                &HeaderMap::new(),
                &mut body,
                100,
                Refusal::large_manifest,
            )
            .await
        };
        let held = read("seven..").await.unwrap();
        assert_eq!(held.bytes, "seven..");
        assert!(read("four").await.is_err());
        let other = read("two").await.unwrap();
        drop(held);
        assert_eq!(read("four").await.unwrap().bytes, "four");
        drop(other);
        // What was refused holds nothing.
        assert!(read("ten and one").await.is_err());
        assert_eq!(read("ten bytes.").await.unwrap().bytes, "ten bytes.");
    }
}

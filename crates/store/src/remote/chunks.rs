//! Uploads in pieces, for registries that refuse the whole, and for uploads that broke off.
//!
//! Distribution spec v1.1.1, "Pushing a blob in chunks".

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, StatusCode};
use tofu_oci_types::oci::Descriptor;

use super::content::{Body, Content};
use super::error::RemoteError;
use super::repository::RemoteRepository;
use super::scope::Access;
use super::send::{Repeat, Reply, SendError, To};
use super::upload::{Session, open, with_digest};
use crate::blob::Blob;
use crate::error::{Result, StoreError};

/// The length of a piece, in bytes: one widely used registry takes no more.
const PIECE: u64 = 4 * 1024 * 1024;
/// The most that a registry may ask a piece to have: it is held in memory.
const LARGEST: u64 = 16 * 1024 * 1024;
/// The least that is tried where a piece was too large: less is no limit that a proxy has.
const SMALLEST: u64 = 256 * 1024;

/// Reads content from some offset on, and again from an earlier one.
struct Pieces<'a> {
    blob: &'a Blob,
    descriptor: &'a Descriptor,
    content: Content,
    /// Of the next byte that `content` gives.
    position: u64,
    rest: Bytes,
}

impl<'a> Pieces<'a> {
    async fn open(blob: &'a Blob, descriptor: &'a Descriptor) -> Result<Self> {
        Ok(Self {
            content: open(blob, descriptor).await?,
            blob,
            descriptor,
            position: 0,
            rest: Bytes::new(),
        })
    }

    /// The bytes from `offset` on, at most `length`; fewer only at the end.
    async fn piece(&mut self, offset: u64, length: u64) -> Result<Bytes> {
        if offset < self.position {
            *self = Self::open(self.blob, self.descriptor).await?;
        }
        while self.position < offset {
            let Some(bytes) = self.more(offset - self.position).await? else {
                break;
            };
            self.position += bytes.len() as u64;
        }
        let mut piece = BytesMut::new();
        while (piece.len() as u64) < length {
            let left = length - piece.len() as u64;
            let Some(bytes) = self.more(left).await? else {
                break;
            };
            self.position += bytes.len() as u64;
            piece.extend_from_slice(&bytes);
        }
        Ok(piece.freeze())
    }

    /// The next bytes, at most `most`.
    async fn more(&mut self, most: u64) -> Result<Option<Bytes>> {
        if self.rest.is_empty() {
            match self.content.next().await? {
                Some(bytes) => self.rest = bytes,
                None => return Ok(None),
            }
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let length = self.rest.len().min(most);
        Ok(Some(self.rest.split_to(length)))
    }
}

impl RemoteRepository {
    /// How far an upload came: the session as it is now, and the offset; `None` when nobody can tell.
    pub(super) async fn progress(&self, session: Session) -> Option<(Session, u64)> {
        let what = format!("asking for the state of an upload to {}", self.place);
        let mut call = self.call(Method::GET, "", Access::Push, what.clone());
        call.to = To::Url(session.location.clone());
        // Whoever asks was set back before, and begins anew without an answer.
        call.repeat = Repeat::No;
        let reply = self.registry.send(&call).await.ok()?;
        if !matches!(reply.status(), StatusCode::NO_CONTENT | StatusCode::OK) {
            return None;
        }
        let offset = range_end(&reply).unwrap_or(0);
        let session = self.session(&reply, &what, Some(session)).ok()?;
        Some((session, offset))
    }

    /// Sends a blob from `from` on, piece by piece. An upload that does not end well is given up.
    pub(super) async fn send_pieces(
        &self,
        session: Session,
        descriptor: &Descriptor,
        blob: &Blob,
        from: u64,
    ) -> Result<()> {
        let mut session = session;
        let sent = self.pieces(&mut session, descriptor, blob, from).await;
        if sent.is_err() {
            self.give_up(&session).await;
        }
        sent
    }

    /// Sends the pieces; `session` is the upload as it was last heard of.
    async fn pieces(
        &self,
        session: &mut Session,
        descriptor: &Descriptor,
        blob: &Blob,
        from: u64,
    ) -> Result<()> {
        let what = format!("sending the blob {} to {}", descriptor.digest, self.place);
        let least = session.least.unwrap_or(0);
        let mut length = least.clamp(PIECE, LARGEST);
        let mut pieces = Pieces::open(blob, descriptor).await?;
        let mut offset = from;
        let mut setbacks = 0;
        while offset < descriptor.size {
            let piece = pieces.piece(offset, length).await?;
            if piece.is_empty() {
                return Err(StoreError::TooShort {
                    digest: descriptor.digest.clone(),
                    expected: descriptor.size,
                    got: offset,
                });
            }
            let end = offset + piece.len() as u64;
            let told = match self.patch(session, piece, offset, &what).await? {
                Patched::Taken(reply) => {
                    let told = range_end(&reply);
                    *session = self.session(&reply, &what, Some(session.clone()))?;
                    told
                }
                Patched::TooLarge(error) => {
                    length /= 2;
                    if length < least.max(SMALLEST) {
                        return Err(error.into());
                    }
                    continue;
                }
                Patched::Gone(error) => {
                    setbacks += 1;
                    self.setback(&what, error, setbacks).await?;
                    (*session, offset) = (self.start().await?, 0);
                    continue;
                }
                Patched::Elsewhere(error) => {
                    setbacks += 1;
                    let error = self.setback(&what, error, setbacks).await?;
                    let Some((now, at)) = self.progress(session.clone()).await else {
                        return Err(error.into());
                    };
                    if at > offset {
                        setbacks = 0;
                    } else {
                        // Some close the connection on what is too large, and the answer gets lost.
                        length = (length / 2).max(least.max(SMALLEST).min(length));
                    }
                    (*session, offset) = (now, at.min(descriptor.size));
                    continue;
                }
            };
            if told.is_none_or(|told| told >= end) {
                (offset, setbacks) = (end, 0);
                continue;
            }
            // It tells less than it was sent. Some never tell more: only the state of the upload counts.
            match self.progress(session.clone()).await {
                Some((now, at)) if at > offset && at <= end => (*session, offset) = (now, at),
                Some((now, at)) if at > 0 && at <= offset => {
                    setbacks += 1;
                    let reason = "an upload does not get on";
                    let error = self.registry.malformed(&what, reason);
                    self.setback(&what, error, setbacks).await?;
                    (*session, offset) = (now, at);
                }
                _ => offset = end,
            }
        }
        self.end(session, descriptor, &what).await
    }

    /// Sends one piece.
    async fn patch(
        &self,
        session: &Session,
        piece: Bytes,
        offset: u64,
        what: &str,
    ) -> Result<Patched> {
        let end = offset + piece.len() as u64 - 1;
        let mut call = self.call(Method::PATCH, "", Access::Push, what.to_owned());
        call.to = To::Url(session.location.clone());
        call.headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        );
        // Without the unit and the whole length that RFC 9110 has: that is how the specification wants it.
        let range = HeaderValue::from_str(&format!("{offset}-{end}"));
        let range = range.map_err(|_| self.registry.malformed(what, "a bad range"))?;
        call.headers.insert(CONTENT_RANGE, range);
        call.body = Body::Bytes(piece);
        call.repeat = Repeat::No;
        let reply = match self.registry.send(&call).await {
            Ok(reply) => reply,
            // What asks for patience was given some.
            Err(SendError::Remote(error)) if error.is_transient() && !is_patience(&error) => {
                return Ok(Patched::Elsewhere(error));
            }
            Err(error) => return Err(error.into()),
        };
        match reply.status() {
            StatusCode::ACCEPTED
            | StatusCode::CREATED
            | StatusCode::NO_CONTENT
            | StatusCode::OK => Ok(Patched::Taken(reply)),
            status => {
                let error = reply.failure(&self.registry, what).await;
                Ok(match status {
                    StatusCode::RANGE_NOT_SATISFIABLE => Patched::Elsewhere(error),
                    StatusCode::PAYLOAD_TOO_LARGE => Patched::TooLarge(error),
                    StatusCode::NOT_FOUND => Patched::Gone(error),
                    _ => return Err(error.into()),
                })
            }
        }
    }

    /// Ends an upload whose bytes are all there.
    pub(super) async fn end(
        &self,
        session: &Session,
        descriptor: &Descriptor,
        what: &str,
    ) -> Result<()> {
        let mut call = self.call(Method::PUT, "", Access::Push, what.to_owned());
        call.to = To::Url(with_digest(&session.location, descriptor));
        call.repeat = Repeat::Yes;
        let reply = self.registry.send(&call).await?;
        match reply.status().as_u16() {
            200 | 201 | 202 | 204 => self.check_stored(&reply, descriptor),
            status => {
                let error = reply.failure(&self.registry, what).await;
                // It may have ended before, by a request whose answer got lost.
                match status == 404 && self.head_blob(descriptor).await? {
                    true => Ok(()),
                    false => Err(error.into()),
                }
            }
        }
    }
}

/// What became of a piece.
enum Patched {
    Taken(Reply),
    /// The registry may have another offset than we.
    Elsewhere(RemoteError),
    /// A smaller one may be taken.
    TooLarge(RemoteError),
    /// There is no such upload any longer.
    Gone(RemoteError),
}

/// Whether the registry asked to come back later, which the one who sends did.
fn is_patience(error: &RemoteError) -> bool {
    match error {
        RemoteError::RateLimited { .. } => true,
        RemoteError::Failed { answer, .. } => answer.status == 503,
        _ => false,
    }
}

/// How many bytes the registry has, by the word of its answer.
pub(super) fn range_end(reply: &Reply) -> Option<u64> {
    end_of(reply.header("range")?)
}

/// How many bytes `0-B` is. What says that it is one may mean none.
pub(super) fn end_of(text: &str) -> Option<u64> {
    let text = text.trim().strip_prefix("bytes=").unwrap_or(text);
    let (_, end) = text.split_once('-')?;
    match end.trim().parse::<u64>().ok()? {
        0 => Some(0),
        end => end.checked_add(1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges() {
        for (text, end) in [
            ("0-0", Some(0)),
            ("0-99", Some(100)),
            ("bytes=0-99", Some(100)),
            (" 0-99 ", Some(100)),
            ("0-18446744073709551615", None),
            ("0-18446744073709551616", None),
            ("99", None),
            ("0-", None),
            ("", None),
        ] {
            assert_eq!(end_of(text), end, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_range_is_read(text in "(bytes=)?[0-9 -]{0,30}|\\PC{0,20}", end in 1..u64::MAX) {
            let _ = end_of(&text);
            prop_assert_eq!(end_of(&format!("0-{end}")), Some(end + 1));
        }
    }
}

//! Blobs on their way out of a registry. A transfer that breaks off goes on where it ended.
//!
//! Distribution spec v1.1.1, "Pulling blobs"; RFC 9110 section 14 for ranges.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use reqwest::header::{HeaderValue, IF_RANGE, RANGE};
use reqwest::{Method, Response, StatusCode};
use tofu_oci_types::oci::Descriptor;
use tokio::time::Instant;

use super::client::Lane;
use super::error::RemoteError;
use super::pace::{Pace, Speed};
use super::repository::RemoteRepository;
use super::send::Reply;
use crate::blocking::BATCH;
use crate::error::{Result, StoreError};
use crate::reader::PartReader;

/// A transfer that moved as many bytes since it was opened counts as one that works.
const PROGRESS: u64 = 256 * 1024;

/// A transfer.
struct Transfer {
    repository: RemoteRepository,
    descriptor: Descriptor,
    position: u64,
    end: u64,
    /// What is being read, and how many of its bytes come before `position`.
    open: Option<(Response, u64)>,
    /// Tells whether the blob is still the one that it was, where the registry says so.
    etag: Option<HeaderValue>,
    /// How many requests were sent since something came.
    attempts: u32,
    opened_at: u64,
    pace: Pace,
}

impl RemoteRepository {
    /// Whether there is a blob of this size.
    pub(super) async fn head_blob(&self, descriptor: &Descriptor) -> Result<bool> {
        let what = format!(
            "looking up the blob {} in {}",
            descriptor.digest, self.place
        );
        let path = format!("blobs/{}", descriptor.digest);
        let call = self.call(Method::HEAD, &path, self.access(), what.clone());
        let reply = self.registry.send(&call).await?;
        match reply.status() {
            StatusCode::OK => {
                let size = reply.header("content-length");
                let size = size.and_then(|text| text.parse::<u64>().ok());
                // A registry that does not tell the size has the blob all the same; for some that is a size of 0.
                Ok(size.is_none_or(|size| size == 0 || size == descriptor.size))
            }
            // Without HEAD nobody knows: sending what is there does no harm.
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(false),
            _ => Err(reply.failure(&self.registry, &what).await.into()),
        }
    }

    /// A part of a blob, or all of it.
    pub(super) async fn get_blob(
        &self,
        descriptor: &Descriptor,
        range: Range<u64>,
    ) -> Result<PartReader> {
        if range.start > range.end || range.end > descriptor.size {
            return Err(StoreError::Range {
                digest: descriptor.digest.clone(),
                start: range.start,
                end: range.end,
            });
        }
        let mut transfer = Transfer {
            repository: self.clone(),
            descriptor: descriptor.plain(),
            position: range.start,
            end: range.end,
            open: None,
            etag: None,
            attempts: 0,
            opened_at: range.start,
            pace: Pace::new(self.registry.options.timeouts.pace),
        };
        // What is absent is told now.
        transfer.open().await?;
        let stream = futures_util::stream::unfold(Some(transfer), |state| async {
            let mut transfer = state?;
            match transfer.next().await {
                Ok(Some(bytes)) => Some((Ok(bytes), Some(transfer))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(PartReader::stream(
            &descriptor.digest,
            stream.boxed(),
            range.start,
            range,
        ))
    }
}

impl Transfer {
    fn what(&self) -> String {
        let (digest, place) = (&self.descriptor.digest, &self.repository.place);
        format!("reading the blob {digest} of {place}")
    }

    /// Asks for what is left.
    async fn open(&mut self) -> Result<()> {
        let size = self.descriptor.size;
        let whole = self.position == 0 && self.end == size;
        let what = self.what();
        let path = format!("blobs/{}", self.descriptor.digest);
        let repository = &self.repository;
        let mut call = repository.call(Method::GET, &path, repository.access(), what.clone());
        call.lane = Lane::of(self.end - self.position);
        if !whole && self.position < self.end {
            let range = format!("bytes={}-{}", self.position, self.end - 1);
            let range = HeaderValue::from_str(&range);
            let range = range.map_err(|_| repository.registry.malformed(&what, "a bad range"))?;
            call.headers.insert(RANGE, range);
            if let Some(etag) = &self.etag {
                call.headers.insert(IF_RANGE, etag.clone());
            }
        }
        let registry = &repository.registry;
        let reply = registry.send_counted(&call, &mut self.attempts).await?;
        let skip = match reply.status() {
            StatusCode::OK => {
                self.check_length(&reply)?;
                self.position
            }
            StatusCode::PARTIAL_CONTENT => {
                self.check_part(&reply, &what)?;
                0
            }
            StatusCode::NOT_FOUND => return Err(self.absence(reply).await),
            _ => return Err(reply.failure(&repository.registry, &what).await.into()),
        };
        self.etag = reply.strong_etag();
        self.opened_at = self.position;
        self.pace = Pace::new(registry.options.timeouts.pace);
        self.open = Some((reply.into_body(), skip));
        Ok(())
    }

    async fn absence(&self, reply: Reply) -> StoreError {
        let answer = self
            .repository
            .registry
            .read_answer(reply.into_body())
            .await;
        match answer.has_code("NAME_UNKNOWN") {
            true => self.repository.absent_repository(),
            false => self.repository.absent_blob(&self.descriptor.digest),
        }
    }

    /// An answer with the whole content must announce its length, if any.
    fn check_length(&self, reply: &Reply) -> Result<()> {
        let (digest, expected) = (self.descriptor.digest.clone(), self.descriptor.size);
        match reply.response.content_length() {
            Some(got) if got > expected => Err(StoreError::TooLong {
                digest,
                expected,
                got,
            }),
            Some(got) if got < expected => Err(StoreError::TooShort {
                digest,
                expected,
                got,
            }),
            _ => Ok(()),
        }
    }

    /// An answer with a part must be about the part that was asked for.
    fn check_part(&self, reply: &Reply, what: &str) -> Result<()> {
        let range = reply.header("content-range").and_then(content_range);
        match range {
            Some((start, size))
                if start == self.position && size.is_none_or(|s| s == self.descriptor.size) =>
            {
                Ok(())
            }
            _ => {
                let reason = "the part that it sends is not the one that was asked for";
                Err(self.repository.registry.malformed(what, reason).into())
            }
        }
    }

    /// The next bytes, a batch of them where they come fast.
    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            if self.position >= self.end {
                return Ok(None);
            }
            if self.open.is_none() {
                self.open().await?;
            }
            match self.batch().await {
                Ok(bytes) if !bytes.is_empty() => {
                    self.position += bytes.len() as u64;
                    return Ok(Some(bytes));
                }
                Ok(_) => {
                    let reason = "the answer ended early".to_owned();
                    self.again(reason, None).await?;
                }
                Err(error) => self.again(error.to_string(), Some(error)).await?,
            }
        }
    }

    /// Gathers what comes, until it is worth handing on.
    async fn batch(&mut self) -> Result<Bytes, RemoteError> {
        let idle = self.repository.registry.options.timeouts.idle;
        let what = self.what();
        let Some((response, skip)) = &mut self.open else {
            return Ok(Bytes::new());
        };
        let mut first: Option<Bytes> = None;
        let mut batch = BytesMut::new();
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        let wanted = left.min(BATCH);
        loop {
            let have = first.as_ref().map_or(0, Bytes::len) + batch.len();
            if have >= wanted {
                break;
            }
            let began = Instant::now();
            let chunk = match tokio::time::timeout(idle, response.chunk()).await {
                Ok(Ok(Some(chunk))) => match self.pace.came(chunk.len(), began.elapsed()) {
                    Speed::Enough => chunk,
                    Speed::TooSlow => return Err(self.repository.registry.timed_out(&what)),
                },
                Ok(Ok(None)) => break,
                // What came before is good.
                _ if have > 0 => break,
                Ok(Err(error)) => return Err(self.repository.registry.broken(&what, &error)),
                Err(_) => return Err(self.repository.registry.timed_out(&what)),
            };
            let dropped = usize::try_from(*skip)
                .unwrap_or(usize::MAX)
                .min(chunk.len());
            *skip -= dropped as u64;
            let chunk = chunk.slice(dropped..);
            if chunk.is_empty() {
                continue;
            }
            match first.take() {
                None if batch.is_empty() => first = Some(chunk),
                Some(before) => {
                    batch.reserve(BATCH.max(before.len() + chunk.len()));
                    batch.extend_from_slice(&before);
                    batch.extend_from_slice(&chunk);
                }
                None => batch.extend_from_slice(&chunk),
            }
        }
        let mut bytes = first.unwrap_or_else(|| batch.freeze());
        bytes.truncate(left);
        Ok(bytes)
    }

    /// Waits before asking for the rest, or gives up.
    async fn again(&mut self, reason: String, error: Option<RemoteError>) -> Result<()> {
        self.open = None;
        if self.position - self.opened_at >= PROGRESS {
            self.attempts = 1;
        }
        let registry = &self.repository.registry;
        let transient = error.as_ref().is_none_or(RemoteError::is_transient);
        let wait = match transient {
            true => registry
                .budget
                .wait(&registry.options.retries, self.attempts, None),
            false => None,
        };
        if let Some(wait) = wait {
            registry.pause(&self.what(), &reason, wait).await;
            return Ok(());
        }
        Err(match error {
            Some(error) => error.into(),
            None => StoreError::TooShort {
                digest: self.descriptor.digest.clone(),
                expected: self.end,
                got: self.position,
            },
        })
    }
}

/// First byte and whole length of `bytes A-B/T`.
pub(super) fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let rest = text.trim().strip_prefix("bytes ")?;
    let (range, size) = rest.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    let size = match size.trim() {
        "*" => None,
        size => Some(size.parse().ok()?),
    };
    Some((start.trim().parse().ok()?, size))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn content_ranges() {
        for (text, range) in [
            ("bytes 0-9/10", Some((0, Some(10)))),
            ("bytes 5-9/*", Some((5, None))),
            ("bytes */10", None),
            ("bytes 5-9", None),
            ("0-9/10", None),
            ("bytes x-9/10", None),
            ("bytes 99999999999999999999-9/10", None),
        ] {
            assert_eq!(content_range(text), range, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_content_range_is_read(text in "(bytes ?)?[0-9*/ -]{0,30}|\\PC{0,20}") {
            let _ = content_range(&text);
        }

        #[test]
        fn a_content_range_comes_back(start in any::<u64>(), end in any::<u64>(), size in any::<u64>()) {
            let text = format!("bytes {start}-{end}/{size}");
            prop_assert_eq!(content_range(&text), Some((start, Some(size))));
        }
    }
}

//! Content on its way out of a repository.

mod gate;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tofu_oci_types::oci::{Descriptor, Digest, Hasher};

use crate::blob::OpenBlob;
use crate::blocking::{BATCH, blocking};
use crate::error::{Result, StoreError};
use crate::files::Files;
pub(crate) use gate::Gate;

/// A part of some content, read in order, **unverified**: nothing here says that the bytes have the digest
/// they were asked for. It always begins at the start of the range.
pub struct PartReader {
    digest: Digest,
    source: Source,
    range: Range<u64>,
    position: u64,
    watcher: Option<Watcher>,
}

/// Is told how many bytes were handed out.
pub(crate) type Watcher = Arc<dyn Fn(u64) + Send + Sync>;

enum Source {
    Bytes(Bytes),
    File {
        file: Arc<fs_err::File>,
        files: Files,
        /// Where in the file the range's position 0 lies.
        origin: u64,
    },
    Stream {
        stream: BoxStream<'static, Result<Bytes>>,
        /// How many bytes come before the range.
        skip: u64,
    },
    Gate(Gate),
}

impl PartReader {
    /// The whole of some content in memory.
    pub fn bytes(digest: &Digest, bytes: Bytes) -> Self {
        let range = 0..bytes.len() as u64;
        Self::new(digest, Source::Bytes(bytes), range)
    }

    /// The part of a file that is the whole of some content.
    pub fn file(digest: &Digest, file: Arc<fs_err::File>, part: Range<u64>) -> Self {
        let length = part.end.saturating_sub(part.start);
        let source = Source::File {
            file,
            files: Files::default(),
            origin: part.start,
        };
        Self::new(digest, source, 0..length)
    }

    /// The same reader, which reads a file through `through`.
    #[must_use]
    pub(crate) fn through(mut self, through: &Files) -> Self {
        if let Source::File { files, .. } = &mut self.source {
            *files = through.clone();
        }
        self
    }

    /// A part of content that comes as a stream. The stream may begin before the range, at `from`, as when a
    /// server answers with more than it was asked for; bytes before and after the range are dropped.
    pub fn stream(
        digest: &Digest,
        stream: BoxStream<'static, Result<Bytes>>,
        from: u64,
        range: Range<u64>,
    ) -> Self {
        let skip = range.start.saturating_sub(from);
        Self::new(digest, Source::Stream { stream, skip }, range)
    }

    /// The whole of some content, checked while it is read.
    pub fn gated(descriptor: &Descriptor, gate: Arc<dyn OpenBlob>) -> Self {
        Self::new(
            &descriptor.digest,
            Source::Gate(Gate::new(gate)),
            0..descriptor.size,
        )
    }

    fn new(digest: &Digest, source: Source, range: Range<u64>) -> Self {
        Self {
            digest: digest.clone(),
            source,
            position: range.start,
            range,
            watcher: None,
        }
    }

    /// The same reader, which tells of every piece that it hands out.
    pub(crate) fn watched(mut self, watcher: Watcher) -> Self {
        self.watcher = Some(watcher);
        self
    }

    /// The same content from `range` on, when nothing was read yet.
    ///
    /// # Errors
    /// [`StoreError::Range`] when it does not lie within what this reader has.
    pub fn part(mut self, range: Option<Range<u64>>) -> Result<Self> {
        let Some(range) = range else { return Ok(self) };
        let whole = matches!(self.source, Source::Gate(_));
        if range.start > range.end
            || range.start < self.range.start
            || range.end > self.range.end
            || (whole && range != self.range)
        {
            return Err(StoreError::Range {
                digest: self.digest,
                start: range.start,
                end: range.end,
            });
        }
        if let Source::Stream { skip, .. } = &mut self.source {
            *skip += range.start - self.range.start;
        }
        self.position = range.start;
        self.range = range;
        Ok(self)
    }

    /// The part, in bytes of the whole content.
    pub fn range(&self) -> &Range<u64> {
        &self.range
    }

    /// The file that holds what is still to be read, and where in it, for those who can read files faster.
    pub fn as_file(&self) -> Option<(&Arc<fs_err::File>, Range<u64>)> {
        match &self.source {
            Source::File { file, origin, .. } => {
                Some((file, origin + self.position..origin + self.range.end))
            }
            _ => None,
        }
    }

    /// The next bytes, `None` at the end of the range. Not cancel-safe: after a dropped call the reader is
    /// good for nothing.
    ///
    /// # Errors
    /// [`StoreError::TooShort`], [`StoreError::TooLong`] (a gate that gives more than it announced),
    /// [`StoreError::Gate`], and those of the source.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        self.next_hashed(&mut None).await
    }

    /// As [`next`](Self::next), and the bytes go through the hasher on the thread that reads them.
    async fn next_hashed(&mut self, hasher: &mut Option<Hasher>) -> Result<Option<Bytes>> {
        let left = self.range.end - self.position;
        if left == 0 {
            return self.end().await;
        }
        let bytes = match &mut self.source {
            Source::Bytes(bytes) => {
                // The range was checked against the length.
                let start = usize::try_from(self.position).unwrap_or(usize::MAX);
                let end = usize::try_from(self.range.end).unwrap_or(usize::MAX);
                let part = bytes.slice(start.min(bytes.len())..end.min(bytes.len()));
                hash(hasher, part).await?
            }
            Source::File {
                file,
                files,
                origin,
            } => {
                let (file, offset) = (Arc::clone(file), *origin + self.position);
                let files = files.clone();
                let length = usize::try_from(left).unwrap_or(BATCH).min(BATCH);
                let taken = hasher.take();
                let (bytes, given) = blocking(move || {
                    let bytes = Bytes::from(files.read_at(&file, offset, length)?);
                    let mut hasher = taken;
                    if let Some(hasher) = &mut hasher {
                        hasher.update(&bytes);
                    }
                    Ok((bytes, hasher))
                })
                .await?;
                *hasher = given;
                bytes
            }
            Source::Stream { stream, skip } => match next_of(stream, skip, left).await? {
                Some(bytes) => hash(hasher, bytes).await?,
                None => Bytes::new(),
            },
            Source::Gate(gate) => match gate.next().await? {
                Some(bytes) => hash(hasher, bytes).await?,
                None => Bytes::new(),
            },
        };
        if bytes.is_empty() {
            return Err(StoreError::TooShort {
                digest: self.digest.clone(),
                expected: self.range.end,
                got: self.position,
            });
        }
        self.advance(&bytes)?;
        Ok(Some(bytes))
    }

    fn advance(&mut self, bytes: &Bytes) -> Result<()> {
        let position = self.position + bytes.len() as u64;
        if position > self.range.end {
            return Err(StoreError::TooLong {
                digest: self.digest.clone(),
                expected: self.range.end,
                got: position,
            });
        }
        self.position = position;
        if let Some(watcher) = &self.watcher {
            watcher(bytes.len() as u64);
        }
        Ok(())
    }

    /// A gate has the last word after the last byte.
    async fn end(&mut self) -> Result<Option<Bytes>> {
        if let Source::Gate(gate) = &mut self.source
            && let Some(more) = gate.next().await?
        {
            self.advance(&more)?;
        }
        Ok(None)
    }
}

async fn next_of(
    stream: &mut BoxStream<'static, Result<Bytes>>,
    skip: &mut u64,
    left: u64,
) -> Result<Option<Bytes>> {
    loop {
        let Some(mut bytes) = stream.next().await.transpose()? else {
            return Ok(None);
        };
        let skipped = usize::try_from(*skip)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        *skip -= skipped as u64;
        let mut bytes = bytes.split_off(skipped);
        bytes.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        if !bytes.is_empty() {
            return Ok(Some(bytes));
        }
    }
}

async fn hash(hasher: &mut Option<Hasher>, bytes: Bytes) -> Result<Bytes> {
    /// Below this, handing over costs more than hashing.
    const INLINE: usize = 32 * 1024;
    let Some(mut taken) = hasher.take() else {
        return Ok(bytes);
    };
    if bytes.len() <= INLINE {
        taken.update(&bytes);
        *hasher = Some(taken);
        return Ok(bytes);
    }
    let (bytes, taken) = blocking(move || {
        taken.update(&bytes);
        Ok((bytes, taken))
    })
    .await?;
    *hasher = Some(taken);
    Ok(bytes)
}

impl fmt::Debug for PartReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartReader")
            .field("digest", &self.digest)
            .field("range", &self.range)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// The whole of some content, verified: the last bytes are handed out only after size and digest agreed.
#[derive(Debug)]
pub struct BlobReader {
    descriptor: Descriptor,
    part: PartReader,
    hasher: Option<Hasher>,
    held: Option<Bytes>,
    position: u64,
    done: bool,
}

impl BlobReader {
    /// Reads what `descriptor` describes from `part`, which begins at 0.
    ///
    /// # Errors
    /// [`StoreError::UnsupportedDigest`]; [`StoreError::Range`] when the part is not the whole.
    pub fn new(descriptor: &Descriptor, part: PartReader) -> Result<Self> {
        let hasher = descriptor
            .digest
            .hasher()
            .ok_or_else(|| StoreError::UnsupportedDigest {
                digest: descriptor.digest.clone(),
            })?;
        if part.range().start != 0 || part.position != 0 {
            return Err(StoreError::Range {
                digest: descriptor.digest.clone(),
                start: part.range().start,
                end: part.range().end,
            });
        }
        Ok(Self {
            descriptor: descriptor.plain(),
            part,
            hasher: Some(hasher),
            held: None,
            position: 0,
            done: false,
        })
    }

    /// What is read: type, digest and size.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// How many bytes came from the source so far; the last of them may not have been handed out yet.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Goes on with another source after the first one broke off.
    ///
    /// # Errors
    /// [`StoreError::Range`] when `part` does not begin at [`position`](Self::position).
    pub fn resume(&mut self, part: PartReader) -> Result<()> {
        if part.range().start != self.position {
            return Err(StoreError::Range {
                digest: self.descriptor.digest.clone(),
                start: part.range().start,
                end: part.range().end,
            });
        }
        self.part = part;
        Ok(())
    }

    /// The next bytes, `None` at the end. Not cancel-safe.
    ///
    /// # Errors
    /// [`StoreError::TooShort`], [`StoreError::TooLong`], [`StoreError::DigestMismatch`], and those of the
    /// source. After an error of the source [`resume`](Self::resume) goes on.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        while !self.done {
            if self.hasher.is_none() {
                // An earlier call was dropped in the middle.
                return Err(StoreError::Stopped);
            }
            let Some(bytes) = self.part.next_hashed(&mut self.hasher).await? else {
                self.finish()?;
                break;
            };
            self.position += bytes.len() as u64;
            if self.position > self.descriptor.size {
                return Err(StoreError::TooLong {
                    digest: self.descriptor.digest.clone(),
                    expected: self.descriptor.size,
                    got: self.position,
                });
            }
            if let Some(ready) = self.held.replace(bytes) {
                return Ok(Some(ready));
            }
        }
        Ok(self.held.take())
    }

    /// Everything that is left, in one piece.
    ///
    /// # Errors
    /// As [`next`](Self::next); [`StoreError::TooLong`] when the content is longer than `limit` bytes.
    pub async fn into_bytes(mut self, limit: u64) -> Result<Bytes> {
        if self.descriptor.size > limit {
            return Err(StoreError::TooLong {
                digest: self.descriptor.digest,
                expected: limit,
                got: self.descriptor.size,
            });
        }
        let Some(first) = self.next().await? else {
            return Ok(Bytes::new());
        };
        let Some(second) = self.next().await? else {
            return Ok(first);
        };
        let mut all = Vec::with_capacity(usize::try_from(self.descriptor.size).unwrap_or(0));
        all.extend_from_slice(&first);
        all.extend_from_slice(&second);
        while let Some(more) = self.next().await? {
            all.extend_from_slice(&more);
        }
        Ok(all.into())
    }

    fn finish(&mut self) -> Result<()> {
        if self.position != self.descriptor.size {
            return Err(StoreError::TooShort {
                digest: self.descriptor.digest.clone(),
                expected: self.descriptor.size,
                got: self.position,
            });
        }
        let hasher = self.hasher.take().ok_or(StoreError::Stopped)?;
        let got = hasher.finish();
        if got != self.descriptor.digest {
            return Err(StoreError::DigestMismatch {
                expected: self.descriptor.digest.clone(),
                got,
            });
        }
        self.done = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests;

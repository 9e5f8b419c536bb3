//! Walks over the bytes of a zip in order and unpacks the data of its entries.

use std::sync::Arc;

use flate2::{Decompress, FlushDecompress, Status};

use crate::zip::{Archive, Packing};
use crate::{ContentProblem, TrustError};

/// How much is unpacked before it is handed over.
pub(super) const BUFFER: usize = 256 * 1024;

/// What is done with unpacked bytes.
pub(super) trait Unpacked {
    /// The entry with this index in the directory begins.
    fn begin(&mut self, index: usize) -> Result<(), TrustError>;
    /// Bytes that lie in the zip as they are.
    fn stored(&mut self, data: &[u8]) -> Result<(), TrustError>;
    /// A buffer of inflated bytes. It comes back empty and of the same capacity, which may be
    /// another buffer.
    fn inflated(&mut self, buffer: &mut Vec<u8>) -> Result<(), TrustError>;
    /// The entry ends.
    fn end(&mut self) -> Result<(), TrustError>;
}

/// Takes the bytes of a zip from its first one on.
pub(super) struct Inflate {
    archive: Arc<Archive>,
    /// Position in the order of the data of the next entry.
    next: usize,
    current: Option<Current>,
    /// Bytes of the zip seen so far.
    offset: u64,
    stream: Decompress,
    buffer: Vec<u8>,
}

struct Current {
    index: usize,
    packing: Packing,
    is_dir: bool,
    declared: u64,
    /// Packed bytes still to come.
    left: u64,
    /// Unpacked bytes so far.
    unpacked: u64,
    ended: bool,
}

impl Inflate {
    pub(super) fn new(archive: Arc<Archive>) -> Self {
        Self {
            archive,
            next: 0,
            current: None,
            offset: 0,
            stream: Decompress::new(false),
            buffer: Vec::new(),
        }
    }

    /// Takes the next bytes of the zip.
    pub(super) fn feed(
        &mut self,
        mut chunk: &[u8],
        out: &mut dyn Unpacked,
    ) -> Result<(), TrustError> {
        let seen = self.offset.saturating_add(chunk.len() as u64);
        if seen > self.archive.size() {
            return Err(self.wrong_length(seen));
        }
        loop {
            if let Some(current) = &mut self.current {
                let take = usize::try_from(current.left).unwrap_or(usize::MAX);
                let (data, rest) = chunk.split_at_checked(take).unwrap_or((chunk, &[]));
                current.left -= data.len() as u64;
                let complete = current.left == 0;
                self.unpack(data, out)?;
                self.offset += data.len() as u64;
                chunk = rest;
                if !complete {
                    return Ok(());
                }
                self.complete(out)?;
            } else {
                let start = match self.archive.in_data_order(self.next) {
                    Some((_, entry)) => entry.data_offset(),
                    None => self.archive.size(),
                };
                let skip = usize::try_from(start.saturating_sub(self.offset)).unwrap_or(usize::MAX);
                let Some((skipped, rest)) = chunk.split_at_checked(skip) else {
                    self.offset += chunk.len() as u64;
                    return Ok(());
                };
                self.offset += skipped.len() as u64;
                chunk = rest;
                if !self.begin(out)? {
                    return Ok(());
                }
            }
        }
    }

    /// All bytes were given.
    pub(super) fn finish(self) -> Result<(), TrustError> {
        if self.offset != self.archive.size() {
            return Err(self.wrong_length(self.offset));
        }
        Ok(())
    }

    fn wrong_length(&self, actual: u64) -> TrustError {
        TrustError::Length {
            expected: self.archive.size(),
            actual,
        }
    }

    /// Begins the next entry; false when there is none.
    fn begin(&mut self, out: &mut dyn Unpacked) -> Result<bool, TrustError> {
        let Some((index, entry)) = self.archive.in_data_order(self.next) else {
            return Ok(false);
        };
        self.current = Some(Current {
            index,
            packing: entry.packing(),
            is_dir: entry.is_dir(),
            declared: entry.size(),
            left: entry.compressed_size(),
            unpacked: 0,
            ended: false,
        });
        self.next += 1;
        if entry.packing() == Packing::Deflated {
            self.stream.reset(false);
            if self.buffer.capacity() == 0 {
                self.buffer.reserve_exact(BUFFER);
            }
        }
        out.begin(index)?;
        Ok(true)
    }

    fn unpack(&mut self, data: &[u8], out: &mut dyn Unpacked) -> Result<(), TrustError> {
        match &mut self.current {
            Some(current) if current.packing == Packing::Stored => {
                // Of a stored entry both sizes are equal, so this cannot exceed the declared one.
                current.unpacked += data.len() as u64;
                if data.is_empty() {
                    return Ok(());
                }
                out.stored(data)
            }
            Some(_) => self.inflate(data, out),
            None => Ok(()),
        }
    }

    fn inflate(&mut self, mut data: &[u8], out: &mut dyn Unpacked) -> Result<(), TrustError> {
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        let refuse = |index: usize, problem| Err(problem_of(&self.archive, index, problem));
        loop {
            if current.ended {
                return match data.is_empty() {
                    true => Ok(()),
                    false => refuse(current.index, ContentProblem::TrailingData),
                };
            }
            let (taken, made) = (self.stream.total_in(), self.stream.total_out());
            let Ok(status) =
                self.stream
                    .decompress_vec(data, &mut self.buffer, FlushDecompress::None)
            else {
                return refuse(current.index, ContentProblem::Corrupt);
            };
            let taken = usize::try_from(self.stream.total_in() - taken).unwrap_or(data.len());
            let made = self.stream.total_out() - made;
            data = data.get(taken..).unwrap_or_default();
            current.unpacked += made;
            if current.unpacked > current.declared {
                let declared = current.declared;
                return refuse(current.index, ContentProblem::Longer { declared });
            }
            current.ended = status == Status::StreamEnd;
            if self.buffer.len() == self.buffer.capacity() {
                out.inflated(&mut self.buffer)?;
            } else if data.is_empty() && !current.ended {
                return Ok(());
            } else if taken == 0 && made == 0 && !current.ended {
                return refuse(current.index, ContentProblem::Corrupt);
            }
        }
    }

    /// The last packed byte of the entry was taken.
    fn complete(&mut self, out: &mut dyn Unpacked) -> Result<(), TrustError> {
        let Some(current) = self.current.take() else {
            return Ok(());
        };
        let refuse = |problem| Err(problem_of(&self.archive, current.index, problem));
        if !self.buffer.is_empty() {
            out.inflated(&mut self.buffer)?;
        }
        // Writers leave out the data of a directory, whatever method they declare.
        let absent = current.is_dir && current.unpacked == 0;
        if current.packing == Packing::Deflated && !current.ended && !absent {
            return refuse(ContentProblem::Unfinished);
        }
        if current.unpacked != current.declared {
            return refuse(ContentProblem::Shorter {
                declared: current.declared,
                actual: current.unpacked,
            });
        }
        out.end()
    }
}

pub(super) fn problem_of(archive: &Archive, index: usize, problem: ContentProblem) -> TrustError {
    TrustError::Content {
        name: archive
            .entries()
            .get(index)
            .map_or_else(String::new, |entry| entry.name().to_owned()),
        problem,
    }
}

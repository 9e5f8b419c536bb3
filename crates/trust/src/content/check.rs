//! Hashes, checks and hands on what was unpacked.

use std::sync::Arc;

use flate2::Crc;
use tofu_oci_types::oci::{Digest, Hasher};

use super::inflate::{Unpacked, problem_of};
use super::{Content, EntrySink};
use crate::h1::H1Builder;
use crate::zip::{Archive, Entry};
use crate::{ContentProblem, TrustError};

/// The sha256 and CRC of one entry after the other.
pub(super) struct Check {
    archive: Arc<Archive>,
    sink: Box<dyn EntrySink + Send>,
    /// By index in the directory.
    digests: Vec<Option<Digest>>,
    current: Option<Current>,
}

struct Current {
    index: usize,
    hasher: Hasher,
    crc: Crc,
}

impl Check {
    pub(super) fn new(archive: Arc<Archive>, sink: Box<dyn EntrySink + Send>) -> Self {
        let digests = vec![None; archive.entries().len()];
        Self {
            archive,
            sink,
            digests,
            current: None,
        }
    }

    fn data(&mut self, data: &[u8]) -> Result<(), TrustError> {
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        current.crc.update(data);
        current.hasher.update(data);
        let index = current.index;
        self.sink
            .data(data)
            .map_err(|source| self.unpack(index, source))
    }

    fn unpack(&self, index: usize, source: std::io::Error) -> TrustError {
        TrustError::Unpack {
            name: self
                .archive
                .entries()
                .get(index)
                .map_or_else(String::new, |entry| entry.name().to_owned()),
            source,
        }
    }

    pub(super) fn finish(self) -> Content {
        let mut tree = H1Builder::new();
        let mut archive = H1Builder::new();
        let mut digests = Vec::with_capacity(self.digests.len());
        for (entry, digest) in self.archive.entries().iter().zip(self.digests) {
            // The walk ends every entry before it finishes, so there is a digest for each.
            let digest = digest.unwrap_or_else(|| Digest::of(&[]));
            archive.add(entry.name(), digest.clone());
            if !entry.is_dir() {
                tree.add(entry.name(), digest.clone());
            }
            digests.push(digest);
        }
        let h1 = tree.finish();
        Content {
            archive_h1: match self.archive.entries().iter().any(Entry::is_dir) {
                true => archive.finish(),
                false => h1.clone(),
            },
            h1,
            digests,
            archive: self.archive,
        }
    }
}

impl Unpacked for Check {
    fn begin(&mut self, index: usize) -> Result<(), TrustError> {
        self.current = Some(Current {
            index,
            hasher: Hasher::sha256(),
            crc: Crc::new(),
        });
        match self.archive.entries().get(index) {
            Some(entry) => self
                .sink
                .begin(entry)
                .map_err(|source| self.unpack(index, source)),
            None => Ok(()),
        }
    }

    fn stored(&mut self, data: &[u8]) -> Result<(), TrustError> {
        self.data(data)
    }

    fn inflated(&mut self, buffer: &mut Vec<u8>) -> Result<(), TrustError> {
        let result = self.data(buffer);
        buffer.clear();
        result
    }

    fn end(&mut self) -> Result<(), TrustError> {
        let Some(Current { index, hasher, crc }) = self.current.take() else {
            return Ok(());
        };
        let declared = self.archive.entries().get(index).map_or(0, Entry::crc32);
        if crc.sum() != declared {
            let actual = crc.sum();
            let problem = ContentProblem::Crc { declared, actual };
            return Err(problem_of(&self.archive, index, problem));
        }
        if let Some(slot) = self.digests.get_mut(index) {
            *slot = Some(hasher.finish());
        }
        self.sink.end().map_err(|source| self.unpack(index, source))
    }
}

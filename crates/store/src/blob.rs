//! Content on its way into a repository.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tofu_oci_types::oci::Descriptor;

use crate::error::Result;
use crate::reader::PartReader;
use crate::repository::Repository;

/// Why a gate refuses content: its own typed error, kept for the caller to find again by downcast.
pub type GateError = Box<dyn std::error::Error + Send + Sync>;

/// Content that can be read, and read again when sending it failed. A clone is cheap.
#[derive(Clone)]
pub enum Blob {
    /// In memory.
    Bytes(Bytes),
    /// A part of an open file, which nobody changes meanwhile.
    File {
        /// The file.
        file: Arc<fs_err::File>,
        /// The part, in bytes.
        range: Range<u64>,
    },
    /// In another repository.
    Stored(Arc<dyn Repository>),
    /// Content that is checked while it is read.
    Gated(Arc<dyn OpenBlob>),
}

impl Blob {
    /// Starts reading the whole content, unverified: who stores it checks the digest.
    ///
    /// # Errors
    /// Those of the repository it lies in, or of the gate.
    pub async fn open(&self, descriptor: &Descriptor) -> Result<PartReader> {
        match self {
            Self::Bytes(bytes) => Ok(PartReader::bytes(&descriptor.digest, bytes.clone())),
            Self::File { file, range } => Ok(PartReader::file(
                &descriptor.digest,
                Arc::clone(file),
                range.clone(),
            )),
            Self::Stored(repository) => repository.blob_part(descriptor, 0..descriptor.size).await,
            Self::Gated(gate) => Ok(PartReader::gated(descriptor, Arc::clone(gate))),
        }
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => f.debug_tuple("Bytes").field(&bytes.len()).finish(),
            Self::File { file, range } => f
                .debug_struct("File")
                .field("path", &file.path())
                .field("range", range)
                .finish(),
            Self::Stored(repository) => f.debug_tuple("Stored").field(repository.place()).finish(),
            Self::Gated(_) => f.write_str("Gated"),
        }
    }
}

/// Content that is checked while it is read; it can be opened again.
pub trait OpenBlob: Send + Sync {
    /// Starts reading from the beginning. Runs on a thread that may block.
    ///
    /// # Errors
    /// The gate's.
    fn open(&self) -> Result<Box<dyn ReadBlob>, GateError>;
}

/// Reads checked content, piece by piece, on threads that may block.
pub trait ReadBlob: Send {
    /// The next piece, `None` at the end. A gate that finds out only at the end that the content is bad keeps
    /// the last piece back until then, and answers with an error instead.
    ///
    /// # Errors
    /// The gate's.
    fn next(&mut self) -> Result<Option<Bytes>, GateError>;
}

//! The error of this crate.

use std::fmt;

use tofu_oci_types::oci::Digest;
use tofu_oci_types::tofu::PackageHash;

use crate::evidence::Voucher;
use crate::pgp::PgpError;
use crate::policy::Refusal;
use crate::provider_package::PackageError;
use crate::shasums::ShasumsError;
use crate::zip::ZipError;
use crate::zip_writer::WriteZipError;

/// Bytes that do not prove what they should.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The structure of a zip.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// The executable of a provider's zip.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// A checksums file.
    #[error(transparent)]
    Shasums(#[from] ShasumsError),
    /// A signature or a key.
    #[error(transparent)]
    Pgp(#[from] PgpError),
    /// A policy does not let the package in.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Making a zip.
    #[error(transparent)]
    WriteZip(#[from] WriteZipError),
    /// The content of an entry is not what the zip declares.
    #[error("entry {name:?} of the zip is damaged: {problem}")]
    Content {
        /// The entry.
        name: String,
        /// What is wrong.
        problem: ContentProblem,
    },
    /// The zip has more or fewer bytes than when its structure was read.
    #[error("the zip should have {expected} bytes and has {actual}")]
    Length {
        /// Bytes expected.
        expected: u64,
        /// Bytes seen; at least that many where it is more.
        actual: u64,
    },
    /// The zip could not be read.
    #[error("cannot read the zip")]
    Read(#[source] std::io::Error),
    /// What was unpacked could not be written.
    #[error("cannot write entry {name:?} of the zip")]
    Unpack {
        /// The entry.
        name: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A worker thread could not be started, or ended without a result.
    #[error("cannot run a worker thread")]
    Worker(#[source] std::io::Error),
    /// The digest of the whole zip was not taken, so nothing can be said about it.
    #[error("the digest of the zip was not computed")]
    NoDigest,
    /// The zip is not the blob that the descriptor names.
    #[error("the zip has digest {actual}, and {expected} was expected")]
    Digest {
        /// What the descriptor says.
        expected: Digest,
        /// What was computed.
        actual: Digest,
    },
    /// The zip has another length than the descriptor says.
    #[error("the zip has {actual} bytes, and the descriptor says {expected}")]
    Size {
        /// What the descriptor says.
        expected: u64,
        /// What was counted.
        actual: u64,
    },
    /// None of the hashes that the lock file has for this version matches.
    #[error("the package matches none of the hashes in the lock file")]
    Locked {
        /// The usable hashes of the lock file, sorted.
        locked: Vec<PackageHash>,
        /// The hashes of the package, sorted. Only the `zh` where it was refused before it was
        /// fetched.
        actual: Vec<PackageHash>,
    },
    /// Somebody vouched for another hash.
    #[error("{voucher} says {claimed}, and the package has {actual}")]
    Claim {
        /// Who said so.
        voucher: Voucher,
        /// The hash they gave.
        claimed: PackageHash,
        /// The hash of the same scheme that was computed.
        actual: PackageHash,
    },
}

/// What is wrong with the content of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentProblem {
    /// The deflate stream is not valid.
    Corrupt,
    /// The deflate stream goes on where the data of the entry ends.
    Unfinished,
    /// The deflate stream ends before the data of the entry.
    TrailingData,
    /// It unpacks to more bytes than declared.
    Longer {
        /// Bytes declared.
        declared: u64,
    },
    /// It unpacks to fewer bytes than declared.
    Shorter {
        /// Bytes declared.
        declared: u64,
        /// Bytes there are.
        actual: u64,
    },
    /// The CRC differs.
    Crc {
        /// The CRC declared.
        declared: u32,
        /// The CRC computed.
        actual: u32,
    },
}

impl fmt::Display for ContentProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corrupt => f.write_str("its packed data is corrupt"),
            Self::Unfinished => f.write_str("its packed data is cut off"),
            Self::TrailingData => f.write_str("bytes follow its packed data"),
            Self::Longer { declared } => {
                write!(f, "it unpacks to more than the {declared} bytes declared")
            }
            Self::Shorter { declared, actual } => {
                write!(f, "it unpacks to {actual} bytes, {declared} are declared")
            }
            Self::Crc { declared, actual } => {
                write!(f, "its CRC is {actual:08x}, {declared:08x} is declared")
            }
        }
    }
}

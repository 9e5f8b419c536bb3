//! Who vouches for which hash.
//!
//! A hash says nothing by itself: what counts is where it comes from. Every claim therefore keeps
//! its voucher, and only policy decides which vouchers may let a package in or a hash into a lock
//! file.

mod lock;
mod sums;

use std::fmt;

pub use lock::{BeforeFetch, LockCheck, LockMatch, install_hashes};
pub use sums::{CheckedSignatures, CheckedSums, NamedFile, PgpSums, SumsFiles};

use tofu_oci_types::artifact::Timestamp;
use tofu_oci_types::tofu::PackageHash;

use crate::pgp::{Fingerprint, KeyOrigin};

/// Who said that a package has a hash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Voucher {
    /// We, from the bytes.
    Computed,
    /// The lock file.
    LockFile,
    /// The descriptor of the layer, under the digest of the index that was asked for.
    Layer,
    /// A checksums file, whose signature nobody has checked.
    ChecksumsFile {
        /// The name of the checksums file.
        file: String,
    },
    /// A checksums file with a good signature.
    Signed {
        /// The name of the checksums file.
        file: String,
        /// The key that signed it.
        fingerprint: Fingerprint,
        /// Where the key is from.
        key_origin: KeyOrigin,
        /// When it was signed, by its own account.
        signed_at: Timestamp,
    },
    /// An annotation beside the package, or a document of hashes attached to the release.
    Annotation {
        /// Its key or file name.
        key: String,
    },
    /// A mirror.
    Mirror {
        /// Which.
        place: String,
    },
}

impl fmt::Display for Voucher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Computed => f.write_str("the package"),
            Self::LockFile => f.write_str("the lock file"),
            Self::Layer => f.write_str("the layer's descriptor"),
            Self::ChecksumsFile { file } => write!(f, "the checksums file {file:?}"),
            Self::Signed {
                file, fingerprint, ..
            } => write!(f, "the checksums file {file:?} signed by {fingerprint}"),
            Self::Annotation { key } => write!(f, "the annotation {key:?}"),
            Self::Mirror { place } => write!(f, "the mirror {place:?}"),
        }
    }
}

/// One statement: the package has this hash, says this voucher.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// The hash.
    pub hash: PackageHash,
    /// Who says so.
    pub voucher: Voucher,
}

/// What is known about the hashes of one package: claims, each once, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    claims: std::collections::BTreeSet<Claim>,
}

impl Evidence {
    /// No claims.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a claim.
    pub fn add(&mut self, hash: PackageHash, voucher: Voucher) {
        self.claims.insert(Claim { hash, voucher });
    }

    /// All claims, sorted by hash.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.claims.iter()
    }

    /// Everybody who vouches for `hash`, sorted.
    pub fn vouchers<'a>(&'a self, hash: &'a PackageHash) -> impl Iterator<Item = &'a Voucher> {
        self.claims()
            .filter(move |claim| claim.hash == *hash)
            .map(|claim| &claim.voucher)
    }

    /// The hashes that we computed, sorted.
    pub fn computed(&self) -> impl Iterator<Item = &PackageHash> {
        self.claims()
            .filter(|claim| claim.voucher == Voucher::Computed)
            .map(|claim| &claim.hash)
    }
}

impl Extend<Claim> for Evidence {
    fn extend<I: IntoIterator<Item = Claim>>(&mut self, claims: I) {
        self.claims.extend(claims);
    }
}

impl FromIterator<Claim> for Evidence {
    fn from_iter<I: IntoIterator<Item = Claim>>(claims: I) -> Self {
        Self {
            claims: claims.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests;

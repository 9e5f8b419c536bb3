//! What came of proofs and policy.

use std::fmt;

use tofu_oci_types::oci::Digest;

use super::{ProofKind, Requirement};
use crate::pgp::{GoodSignature, PgpError, SignatureIssuer, SignatureNote, SignatureProblem};

/// How much is known about who made a package, from the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The bytes have the digest that was asked for, and nobody signed that.
    Integrity,
    /// Signed with a key that came with the package: consistent, and nothing more.
    SelfAsserted,
    /// Signed with a key that the origin registry named.
    Origin,
    /// Signed with a key that the user named.
    Trusted,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integrity => "integrity",
            Self::SelfAsserted => "self-asserted",
            Self::Origin => "origin",
            Self::Trusted => "trusted",
        })
    }
}

/// Something that is proven about the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The lock file has a hash of it.
    Lock,
    /// A signed list names it with this digest.
    PgpSums {
        /// The name of the list.
        list: String,
        /// Who signed it.
        signature: GoodSignature,
        /// How much that counts.
        level: Level,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The best level of the proofs.
    pub level: Level,
    /// What is proven, the best first.
    pub proofs: Vec<Proof>,
    /// What should be known, whether or not the package is let in.
    pub warnings: Vec<PolicyWarning>,
    /// Why it is not let in.
    pub refusal: Option<Refusal>,
}

impl Verdict {
    /// Whether the package is let in.
    ///
    /// # Errors
    ///
    /// The refusal.
    pub fn accepted(&self) -> Result<(), Refusal> {
        match &self.refusal {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(()),
        }
    }
}

/// Something that failed beside what was good enough, or is worth knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyWarning {
    /// No policy is about the provider: only integrity was checked.
    NoPolicy,
    /// The lock file knows no hash of this version yet.
    FirstUse,
    /// A signature does not count.
    Signature {
        /// The name of the file that it is in.
        file: String,
        /// The key that it names.
        issuer: Option<SignatureIssuer>,
        /// Why.
        problem: SignatureProblem,
    },
    /// A file is no signature.
    SignatureFile {
        /// Its name.
        file: String,
        /// Why.
        problem: PgpError,
    },
    /// A signature is in text form, which clients refuse.
    Armored {
        /// The name of the file.
        file: String,
    },
    /// A file of keys cannot be used.
    KeyFile {
        /// Its name.
        file: String,
        /// Why.
        problem: PgpError,
    },
    /// Something about a signature that counts.
    Note {
        /// The name of the list.
        list: String,
        /// What.
        note: SignatureNote,
    },
    /// A signature is good, and nobody believes its key.
    NotBelieved {
        /// The name of the list.
        list: String,
        /// The signature.
        signature: GoodSignature,
    },
    /// A list does not name the package, or names it twice with two digests.
    NotCovered {
        /// The name of the list.
        list: String,
    },
    /// A list has another digest for the package.
    OtherDigest {
        /// The name of the list.
        list: String,
        /// The digest in the list.
        listed: Digest,
    },
}

impl fmt::Display for PolicyWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPolicy => f.write_str("no policy is about it: only integrity was checked"),
            Self::FirstUse => {
                f.write_str("the lock file has no hash of it: it is used for the first time")
            }
            Self::Signature {
                file,
                issuer,
                problem,
            } => match issuer {
                Some(issuer) => write!(
                    f,
                    "the signature {file:?} by {} does not count: {problem}",
                    issuer
                        .fingerprint
                        .as_ref()
                        .map_or(issuer.key_id.as_str(), |fingerprint| fingerprint.as_str()),
                ),
                None => write!(f, "the signature {file:?} does not count: {problem}"),
            },
            Self::SignatureFile { file, problem } => {
                write!(f, "the signature {file:?} does not count: {problem}")
            }
            Self::Armored { file } => {
                write!(
                    f,
                    "the signature {file:?} is in text form, which clients refuse"
                )
            }
            Self::KeyFile { file, problem } => write!(f, "the key {file:?} is not used: {problem}"),
            Self::Note { list, note } => write!(f, "the signature of {list:?}: {note}"),
            Self::NotBelieved { list, signature } => write!(
                f,
                "the signature of {list:?} is good, and its key {} is only {}",
                signature.fingerprint, signature.key_origin
            ),
            Self::NotCovered { list } => write!(f, "the list {list:?} does not cover the package"),
            Self::OtherDigest { list, listed } => {
                write!(
                    f,
                    "the list {list:?} has another digest for the package: {listed}"
                )
            }
        }
    }
}

/// Why a package is not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing of what the policy asks for is proven.
    #[error("{}", unproven(.filenames, .required))]
    Unproven {
        /// The packages of one release, in their order; at least one.
        filenames: Vec<String>,
        /// What was asked for.
        required: Requirement,
        /// What was found in its place; nothing where nothing was there.
        found: Vec<PolicyWarning>,
    },
    /// A list has signatures, and none counts.
    #[error("the checksums file {list:?} has signatures, and none that counts")]
    BadSignature {
        /// The list.
        list: String,
        /// Why the first of them does not.
        found: Box<PolicyWarning>,
    },
    /// Two lists that are both believed have two digests for one file.
    #[error("the signed lists {first:?} and {second:?} disagree about {filename:?}")]
    ListsDisagree {
        /// The file.
        filename: String,
        /// One list.
        first: String,
        /// The other.
        second: String,
        /// The digests, in the same order.
        digests: Box<(Digest, Digest)>,
    },
    /// A list that is believed has another digest for the package than the package has.
    #[error("the signed list {list:?} says that {filename:?} has {listed}, and it has {actual}")]
    OtherDigest {
        /// The package.
        filename: String,
        /// The list.
        list: String,
        /// The digest in the list.
        listed: Digest,
        /// The digest of the package.
        actual: Digest,
    },
    /// The lock file has other hashes.
    #[error("the package {filename:?} is not the one in the lock file")]
    Locked {
        /// The package.
        filename: String,
    },
}

impl Refusal {
    /// Takes in what is said of another package of the same release, if it is the same. Otherwise, false.
    pub fn unite(&mut self, other: &Self) -> bool {
        match (&mut *self, other) {
            (
                Self::Unproven {
                    filenames,
                    required,
                    found,
                },
                Self::Unproven {
                    filenames: more,
                    required: other_required,
                    found: other_found,
                },
            ) if required == other_required && found == other_found => {
                for filename in more {
                    if !filenames.contains(filename) {
                        filenames.push(filename.clone());
                    }
                }
                true
            }
            _ => self == other,
        }
    }
}

fn unproven(filenames: &[String], required: &Requirement) -> String {
    let first = filenames.first().map_or("", String::as_str);
    let package = format!("the package {first:?}");
    let packages = match filenames.len().saturating_sub(1) {
        0 => package,
        1 => format!("{package} and another of its release"),
        more => format!("{package} and {more} others of its release"),
    };
    match (
        required.has(ProofKind::PgpSums),
        required.has(ProofKind::Lock),
    ) {
        (true, false) => format!("no trusted key has signed {packages}"),
        (false, true) => format!("the lock file has no hash of {packages}"),
        (true, true) => {
            format!("no trusted key has signed {packages}, and the lock file has no hash of it")
        }
        (false, false) => format!("nothing would be proof enough for {packages}"),
    }
}

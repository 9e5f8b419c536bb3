//! Why a signature is refused, and what is worth saying about one that is not.

use std::fmt;

use tofu_oci_types::artifact::Timestamp;

use super::CHECKS_LIMIT;

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureProblem {
    /// A format of signatures that we cannot read.
    #[error("it has a form that is not known")]
    Unreadable,
    /// Over text, a key or a name.
    #[error("it is not a signature over a binary document")]
    NotADocument,
    /// Over a hash for which another document can be found, or that clients do not know.
    #[error("it signs a {hash} hash, and only SHA-256, SHA-384 and SHA-512 are accepted")]
    Hash {
        /// The hash function.
        hash: String,
    },
    /// It does not say when it was made.
    #[error("it does not say when it was made")]
    NoTime,
    /// It was made later than now.
    #[error("it was made at {made}, which is in the future")]
    InFuture {
        /// When.
        made: Timestamp,
    },
    /// It makes a condition that we do not know.
    #[error("it makes a condition that is not known")]
    UnknownCondition,
    /// It does not say which key made it.
    #[error("it does not name its key")]
    NoIssuer,
    /// None of the keys at hand is the one it names.
    #[error("none of the keys at hand made it")]
    UnknownKey,
    /// Its key makes more statements than are verified for one release, true ones or false ones.
    #[error(
        "to check it and its key takes more than the {CHECKS_LIMIT} verifications of one release"
    )]
    TooMuchWork,
    /// It is over other bytes.
    #[error("it does not fit the file: the file or the signature was changed")]
    Mismatch,
    /// The owner never said that the key, or the subkey, is theirs.
    #[error("its key is not bound to an owner")]
    NotBound,
    /// The key is for encrypting or certifying.
    #[error("its key is not one for signing")]
    NotForSigning,
    /// The owner took the key back.
    #[error("its key was revoked at {at}: {reason}")]
    Revoked {
        /// Why.
        reason: Revocation,
        /// When.
        at: Timestamp,
    },
    /// The key had expired when it was made, or has since where that is refused, too.
    #[error("its key expired at {at}")]
    KeyExpired {
        /// When.
        at: Timestamp,
    },
    /// The signature itself has expired.
    #[error("it expired at {at}")]
    SignatureExpired {
        /// When.
        at: Timestamp,
    },
    /// It says that it is older than its key.
    #[error("it says that it was made at {made}, before its key")]
    OlderThanKey {
        /// When it was made.
        made: Timestamp,
    },
}

/// Why a key was revoked (RFC 9580, 5.2.3.31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// Another took its place. Earlier signatures stay good.
    Superseded,
    /// It is no longer used. Earlier signatures stay good.
    Retired,
    /// Somebody else has it. No signature is good.
    Compromised,
    /// Nobody knows. No signature is good.
    Unsaid,
}

impl Revocation {
    /// Whether signatures from before the revocation are still good.
    pub(super) fn is_soft(self) -> bool {
        matches!(self, Self::Superseded | Self::Retired)
    }
}

impl fmt::Display for Revocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Superseded => "another key takes its place",
            Self::Retired => "it is no longer used",
            Self::Compromised => "it fell into other hands",
            Self::Unsaid => "no reason is given",
        })
    }
}

/// What is worth saying about a signature that counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignatureNote {
    /// The key has expired since.
    KeyExpired {
        /// When.
        at: Timestamp,
    },
    /// The signature itself has expired.
    SignatureExpired {
        /// When.
        at: Timestamp,
    },
    /// The key is no longer used since.
    KeyRetired {
        /// When.
        at: Timestamp,
    },
    /// The key is shorter than what is thought safe.
    ShortKey {
        /// Its length in bits.
        bits: u16,
    },
}

impl fmt::Display for SignatureNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyExpired { at } => {
                write!(f, "its key was valid when it signed, and expired at {at}")
            }
            Self::SignatureExpired { at } => write!(f, "it expired at {at}"),
            Self::KeyRetired { at } => {
                write!(f, "its key signed it before it was retired at {at}")
            }
            Self::ShortKey { bits } => write!(f, "its key has {bits} bits only"),
        }
    }
}

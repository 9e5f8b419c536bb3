//! Files that are no signatures, or no public keys.

use std::fmt;

use super::{KEYS_LIMIT, PGP_LIMIT, SIGNATURES_LIMIT};

/// A file that is no signature, or no public key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PgpError {
    /// Longer than the limit.
    #[error("{kind} has {size} bytes, more than {PGP_LIMIT}")]
    TooLarge {
        /// What the file should be.
        kind: PgpKind,
        /// Its size in bytes.
        size: usize,
    },
    /// More keys, more signatures, or more about one key than anybody needs.
    #[error("{kind} holds too much: more than {}", .kind.limit())]
    TooMany {
        /// What the file should be.
        kind: PgpKind,
    },
    /// No packets, or bytes that are none.
    #[error("{kind} is not OpenPGP data")]
    NotOpenPgp {
        /// What the file should be.
        kind: PgpKind,
    },
    /// Damaged packets.
    #[error("{kind} is damaged")]
    Damaged {
        /// What the file should be.
        kind: PgpKind,
    },
    /// A signature in text form, which clients do not accept.
    #[error("the signature is armored, and clients accept only the binary form")]
    ArmoredSignature,
    /// Packets of another kind.
    #[error("{kind} holds something else")]
    OtherPackets {
        /// What the file should be.
        kind: PgpKind,
    },
    /// A signature over text, a key or a name: clients accept only those over binary documents.
    #[error("the signature is not one over a binary document")]
    NotADocumentSignature,
    /// A signature that does not say which key made it.
    #[error("the signature does not name its key")]
    NoIssuer,
    /// **A private key.** It must not go anywhere.
    #[error("the key file holds a private key")]
    PrivateKey,
}

/// What a file should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PgpKind {
    /// A detached signature.
    Signature,
    /// Public keys.
    Keys,
}

impl PgpKind {
    fn limit(self) -> String {
        match self {
            Self::Signature => format!("{SIGNATURES_LIMIT} signatures"),
            Self::Keys => {
                format!("{KEYS_LIMIT} keys, or keys with very many signatures or very long numbers")
            }
        }
    }
}

impl fmt::Display for PgpKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signature => "the signature",
            Self::Keys => "the key file",
        })
    }
}

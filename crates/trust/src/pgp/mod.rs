//! OpenPGP: which keys made a signature, which keys a file holds, and whether a signature is good.
//!
//! The library that we build on checks mathematics only. What makes a signature acceptable is
//! decided here: the hash that was signed, what the key may be used for, whether it was bound,
//! revoked or expired, and when. Time is an argument.
//!
//! | module | about |
//! | --- | --- |
//! | `issuer` | which keys a signature says made it |
//! | `keys` | what a key file holds, and a [`Keyring`] of several of them |
//! | `certificate` | a key with everything that its owner said about it |
//! | `standing` | whether a key was one to sign with |
//! | `budget` | how much work all of this may make |
//! | `verify` | one file of signatures over one document |
//!
//! The formats are those of RFC 9580.

mod budget;
mod certificate;
mod error;
mod fingerprint;
mod issuer;
mod keys;
mod packets;
mod problem;
mod standing;
mod verify;

pub use budget::{Budget, CHECKS_LIMIT};
pub use error::{PgpError, PgpKind};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use issuer::{SignatureIssuer, signature_key_ids};
pub use keys::{KeyOrigin, Keyring, PublicKey, public_keys};
pub use problem::{Revocation, SignatureNote, SignatureProblem};
pub use verify::{
    Expired, GoodSignature, SignatureCheck, SignatureReport, SignatureRules, verify, verify_within,
};

/// The longest signature or key file that is read.
pub const PGP_LIMIT: usize = 1 << 20;
/// The most signatures that one file may hold.
pub const SIGNATURES_LIMIT: usize = 32;
/// The most keys that one file may hold.
pub const KEYS_LIMIT: usize = 64;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests;

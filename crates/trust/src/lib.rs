//! What bytes prove: package hashes, zip policy, checksums files, evidence.
//!
//! Bytes in, evidence out. Nothing here waits, opens a path or knows a repository: files are read
//! through handles that the caller opened, at offsets, and every parser is bounded.
//!
//! | module | about |
//! | --- | --- |
//! | [`zip`] | the structure of a zip, and the policy a zip must pass before anybody reads its content |
//! | [`content`] | one pass over a zip: inflate, CRC, hash of each entry, `h1` |
//! | [`provider_package`] | the executable of a provider's zip |
//! | [`h1`] | the hash of a tree |
//! | [`zip_writer`] | the deterministic zips that we make |
//! | [`shasums`] | `SHA256SUMS` documents |
//! | [`ignore`] | what a module package leaves out |
//! | [`pgp`] | which keys made a signature, and whether it is good |
//! | [`evidence`] | who vouches for which hash, and the one way to a [`VerifiedPackage`] |
//! | [`policy`] | which proofs are enough |

pub mod content;
mod error;
pub mod evidence;
mod file_at;
pub mod h1;
pub mod ignore;
mod package;
pub mod pgp;
pub mod policy;
pub mod provider_package;
pub mod shasums;
pub mod zip;
pub mod zip_writer;

pub use error::{ContentProblem, TrustError};
pub use evidence::{Claim, Evidence, Voucher};
pub use package::{Expected, VerifiedPackage};

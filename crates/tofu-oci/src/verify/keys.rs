//! The keys that the user believes in.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use tofu_oci_store::files::Files;
use tofu_oci_trust::pgp::{Fingerprint, KeyOrigin, Keyring, PGP_LIMIT, PgpError};

/// A file of keys that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustedKeyError {
    /// There is no such file.
    #[error("there is no key file {path:?}")]
    Absent {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("cannot read the key {path:?}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What failed.
        #[source]
        source: io::Error,
    },
    /// It is none, or one of private keys.
    #[error("the key {path:?} is not used")]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: PgpError,
    },
}

/// Public keys that the user named. Every key of every file counts.
#[derive(Debug, Clone, Default)]
pub struct TrustedKeys {
    pub(super) keys: Keyring,
    pub(super) fingerprints: BTreeSet<Fingerprint>,
}

impl TrustedKeys {
    /// Reads files of public keys, armored or binary.
    ///
    /// # Errors
    ///
    /// The first file that cannot be used: a private key is no key to trust, and none to leave lying about.
    pub fn load(files: &Files, paths: &[PathBuf]) -> Result<Self, TrustedKeyError> {
        let mut trusted = Self::default();
        for path in paths {
            // Links are followed: keys are often kept elsewhere.
            let read = files.read_linked(path, PGP_LIMIT as u64);
            let bytes = read.map_err(|source| unread(path, source))?;
            trusted.add(&bytes).map_err(|source| TrustedKeyError::Key {
                path: path.clone(),
                source,
            })?;
        }
        Ok(trusted)
    }

    /// Adds the keys of a file.
    ///
    /// # Errors
    ///
    /// As those of [`Keyring::add`]; nothing was added then.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), PgpError> {
        let added = self.keys.add(bytes, KeyOrigin::Pinned)?;
        let added = added.iter().map(|key| key.fingerprint.clone());
        self.fingerprints.extend(added);
        Ok(())
    }
}

fn unread(path: &Path, source: io::Error) -> TrustedKeyError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound => TrustedKeyError::Absent { path },
        _ => TrustedKeyError::Read { path, source },
    }
}

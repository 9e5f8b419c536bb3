//! What key files hold.

use std::collections::BTreeMap;
use std::fmt;

use super::certificate::{Certificate, certificates};
use super::packets::{dearmor, is_armored, limited, packets};
use super::{Fingerprint, PgpError, PgpKind};

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// 16 upper-case hex digits.
    pub key_id: String,
    /// Its name.
    pub fingerprint: Fingerprint,
    /// Its subkeys, any of which may have made a signature.
    pub subkeys: Vec<Fingerprint>,
}

impl PublicKey {
    /// The key's fingerprint and those of its subkeys.
    pub fn fingerprints(&self) -> impl Iterator<Item = &Fingerprint> {
        std::iter::once(&self.fingerprint).chain(&self.subkeys)
    }

    fn of(certificate: &Certificate) -> Self {
        let subkeys = certificate.subkeys.iter();
        Self {
            key_id: certificate.fingerprint.key_id().to_owned(),
            fingerprint: certificate.fingerprint.clone(),
            subkeys: subkeys.map(|subkey| subkey.fingerprint.clone()).collect(),
        }
    }
}

/// The public keys of a file, armored or binary, in their order.
///
/// # Errors
///
/// [`PgpError::PrivateKey`] for any private key packet, and everything that is no public key.
pub fn public_keys(bytes: &[u8]) -> Result<Vec<PublicKey>, PgpError> {
    Ok(read(bytes)?.iter().map(PublicKey::of).collect())
}

fn read(bytes: &[u8]) -> Result<Vec<Certificate>, PgpError> {
    let kind = PgpKind::Keys;
    let bytes = limited(bytes, kind)?;
    match is_armored(bytes) {
        true => certificates(packets(&dearmor(bytes, kind)?, kind)?),
        false => certificates(packets(bytes, kind)?),
    }
}

/// How a key got here, from the least to the best reason to believe in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyOrigin {
    /// It lay beside the package: whoever could replace the one could replace the other.
    Repository,
    /// The origin registry named it, over TLS.
    OriginRegistry,
    /// The user named it.
    Pinned,
}

impl fmt::Display for KeyOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Repository => "found beside the package",
            Self::OriginRegistry => "named by the origin registry",
            Self::Pinned => "trusted by you",
        })
    }
}

/// The keys that a signature may be from. Read once, used for any number of signatures.
///
/// A key that comes from several places is one key: the best of its origins counts, and everything
/// that its owner said in any of the copies.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    keys: BTreeMap<Fingerprint, (KeyOrigin, Certificate)>,
}

impl Keyring {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the keys of a file, armored or binary, and returns them.
    ///
    /// # Errors
    ///
    /// As [`public_keys`]; nothing was added then.
    pub fn add(&mut self, bytes: &[u8], origin: KeyOrigin) -> Result<Vec<PublicKey>, PgpError> {
        let mut added = Vec::new();
        for certificate in read(bytes)? {
            added.push(PublicKey::of(&certificate));
            match self.keys.get_mut(&certificate.fingerprint) {
                Some((best, known)) => {
                    *best = origin.max(*best);
                    known.merge(certificate);
                }
                None => {
                    let fingerprint = certificate.fingerprint.clone();
                    self.keys.insert(fingerprint, (origin, certificate));
                }
            }
        }
        Ok(added)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys and where they are from, sorted by fingerprint.
    pub fn keys(&self) -> impl Iterator<Item = (PublicKey, KeyOrigin)> {
        let keys = self.keys.values();
        keys.map(|(origin, certificate)| (PublicKey::of(certificate), *origin))
    }

    pub(super) fn certificates(&self) -> impl Iterator<Item = (KeyOrigin, &Certificate)> {
        self.keys.values().map(|(origin, key)| (*origin, key))
    }
}

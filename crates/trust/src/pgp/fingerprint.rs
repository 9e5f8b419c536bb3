//! The names of keys.

use std::fmt;
use std::str::FromStr;

/// The fingerprint of a key: 40 upper-case hex digits of a version 4 key, 64 of version 6.
///
/// Keys are told apart by nothing shorter: key ids of 16 digits can be made to collide.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

/// A text that is no fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a fingerprint: it has 40 or 64 hex digits, and a key id is not enough")]
pub struct FingerprintError {
    /// The text.
    pub text: String,
}

impl Fingerprint {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key id in it: its end in version 4, its beginning in version 6. 16 upper-case hex digits.
    pub fn key_id(&self) -> &str {
        let id = match self.0.len() {
            40 => self.0.get(24..),
            _ => self.0.get(..16),
        };
        id.unwrap_or_default()
    }

    /// Of a key; `None` for versions before 4, whose fingerprints are no longer safe.
    pub(super) fn of(fingerprint: &pgp::types::Fingerprint) -> Option<Self> {
        let bytes = fingerprint.as_bytes();
        matches!(bytes.len(), 20 | 32).then(|| Self(super::hex(bytes)))
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    /// Reads a fingerprint in either case, also in groups as `gpg` prints it, with or without `0x`.
    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let digits: String = text
            .strip_prefix("0x")
            .unwrap_or(text)
            .chars()
            .filter(|c| *c != ' ')
            .collect();
        let right =
            matches!(digits.len(), 40 | 64) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        match right {
            true => Ok(Self(digits.to_ascii_uppercase())),
            false => Err(FingerprintError {
                text: text.to_owned(),
            }),
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

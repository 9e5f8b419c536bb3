//! Digests, and the hasher that makes them while bytes stream by.
//!
//! Image spec v1.1.1, `descriptor.md`, section "Digests".

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256, SHA512};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Noun, ParseError};

/// The algorithm of a [`Digest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// 64 lower-case hex digits; what everything we write uses.
    Sha256,
    /// 128 lower-case hex digits; accepted on reading.
    Sha512,
    /// Well formed, but nothing we can check. Listings keep it, content is refused.
    Unsupported,
}

/// The address of content: `algorithm:encoded`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    text: Arc<str>,
    algorithm: Algorithm,
}

impl Digest {
    /// The sha256 digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_with(Algorithm::Sha256, bytes).unwrap_or_else(|| Self::sha256([0; 32]))
    }

    /// The digest of `bytes` under `algorithm`, or `None` where we cannot compute it.
    pub fn of_with(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        let mut hasher = Hasher::new(algorithm)?;
        hasher.update(bytes);
        Some(hasher.finish())
    }

    /// A sha256 digest from its 32 bytes.
    pub fn sha256(hash: [u8; 32]) -> Self {
        Self::from_hash(Algorithm::Sha256, &hash)
    }

    fn from_hash(algorithm: Algorithm, hash: &[u8]) -> Self {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
        let mut text = String::with_capacity(7 + hash.len() * 2);
        text.push_str(match algorithm {
            Algorithm::Sha512 => "sha512:",
            _ => "sha256:",
        });
        for byte in hash {
            text.push(digit(byte >> 4));
            text.push(digit(byte & 15));
        }
        Self {
            text: text.into(),
            algorithm,
        }
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The text before the colon, also of an algorithm that we do not support.
    pub fn algorithm_name(&self) -> &str {
        self.text.split_once(':').map_or("", |(name, _)| name)
    }

    /// The text after the colon: lower-case hex for the supported algorithms.
    pub fn encoded(&self) -> &str {
        self.text.split_once(':').map_or("", |(_, encoded)| encoded)
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// A hasher of this digest's algorithm, or `None` where we cannot compute it.
    pub fn hasher(&self) -> Option<Hasher> {
        Hasher::new(self.algorithm)
    }

    /// Whether `bytes` have this digest. Always false for an unsupported algorithm.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        Self::of_with(self.algorithm, bytes).as_ref() == Some(self)
    }
}

impl FromStr for Digest {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |reason: &'static str| ParseError::new(Noun::Digest, text, reason);
        let (name, encoded) = text
            .split_once(':')
            .ok_or_else(|| refuse("the form is algorithm:encoded"))?;
        let component = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9'))
        };
        if !name.split(['+', '.', '_', '-']).all(component) {
            return Err(refuse("the algorithm has characters that are not allowed"));
        }
        if encoded.is_empty()
            || text.len() > 512
            || !encoded
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'=' | b'_' | b'-'))
        {
            return Err(refuse(
                "the encoded part has characters that are not allowed",
            ));
        }
        let hex = |length: usize| {
            encoded.len() == length
                && encoded
                    .bytes()
                    .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        let algorithm = match name {
            "sha256" if hex(64) => Algorithm::Sha256,
            "sha256" => return Err(refuse("sha256 takes 64 lower-case hex digits")),
            "sha512" if hex(128) => Algorithm::Sha512,
            "sha512" => return Err(refuse("sha512 takes 128 lower-case hex digits")),
            _ => Algorithm::Unsupported,
        };
        Ok(Self {
            text: text.into(),
            algorithm,
        })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Computes a [`Digest`] while bytes stream by. A clone goes on from the same place.
#[derive(Clone)]
pub struct Hasher {
    context: Context,
    algorithm: Algorithm,
    length: u64,
}

impl Hasher {
    /// A hasher of `algorithm`, or `None` for [`Algorithm::Unsupported`].
    pub fn new(algorithm: Algorithm) -> Option<Self> {
        let context = match algorithm {
            Algorithm::Sha256 => Context::new(&SHA256),
            Algorithm::Sha512 => Context::new(&SHA512),
            Algorithm::Unsupported => return None,
        };
        Some(Self {
            context,
            algorithm,
            length: 0,
        })
    }

    /// A sha256 hasher.
    pub fn sha256() -> Self {
        Self {
            context: Context::new(&SHA256),
            algorithm: Algorithm::Sha256,
            length: 0,
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
        self.length = self.length.saturating_add(bytes.len() as u64);
    }

    /// How many bytes were taken.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The digest of everything taken.
    pub fn finish(self) -> Digest {
        Digest::from_hash(self.algorithm, self.context.finish().as_ref())
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher")
            .field("algorithm", &self.algorithm)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_specification_allows() {
        let hex64 = "0123456789abcdef".repeat(4);
        let hex128 = hex64.repeat(2);
        for (text, algorithm) in [
            (format!("sha256:{hex64}"), Algorithm::Sha256),
            (format!("sha512:{hex128}"), Algorithm::Sha512),
            (format!("blake3:{hex64}"), Algorithm::Unsupported),
            (
                "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8".into(),
                Algorithm::Unsupported,
            ),
            (
                "sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564".into(),
                Algorithm::Unsupported,
            ),
        ] {
            let digest: Digest = text.parse().unwrap();
            assert_eq!(digest.algorithm(), algorithm, "{text}");
            assert_eq!(digest.to_string(), text);
        }
    }

    #[test]
    fn refuses_what_it_does_not() {
        let hex64 = "0123456789abcdef".repeat(4);
        for text in [
            String::new(),
            "sha256".into(),
            "sha256:".into(),
            ":abc".into(),
            format!("SHA256:{hex64}"),
            format!("sha256:{}", hex64.to_uppercase()),
            format!("sha256:{hex64}0"),
            format!("sha512:{hex64}"),
            "a..b:c".into(),
            "sha256:../../etc/passwd".into(),
            format!("x:{}", "a".repeat(600)),
        ] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }

    #[test]
    fn hashes_in_pieces_as_in_one() {
        let mut hasher = Hasher::sha256();
        hasher.update(b"{");
        let mut other = hasher.clone();
        hasher.update(b"}");
        other.update(b"]");
        assert_eq!(hasher.length(), 2);
        let digest = hasher.finish();
        assert_eq!(
            digest.as_str(),
            "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
        assert_eq!(digest, Digest::of(b"{}"));
        assert!(digest.matches(b"{}"));
        assert!(!digest.matches(b"{]"));
        assert_ne!(other.finish(), digest);
    }
}

//! Hashes of provider packages, as lock files hold them.
//!
//! <https://opentofu.org/docs/language/files/dependency-lock/>

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::oci::{Algorithm, Digest};
use crate::{Noun, ParseError};

/// A package hash: `scheme:value`.
///
/// `h1:` hashes the tree of a package (base64), `zh:` the bytes of its zip (hex). Hashes of other
/// schemes, and values that are none of their scheme, are kept verbatim and match nothing. The
/// order is that of the text's bytes, so every `h1:` comes before every `zh:`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageHash(Arc<str>);

impl PackageHash {
    /// The `h1:` hash whose 32 bytes `digest` has, or `None` for a digest that is not sha256.
    ///
    /// The digest is that of the list of a package's files, not of its zip.
    pub fn h1(digest: &Digest) -> Option<Self> {
        Some(Self::from_h1_bytes(sha256_bytes(digest)?))
    }

    /// The `h1:` hash of 32 bytes.
    pub fn from_h1_bytes(bytes: [u8; 32]) -> Self {
        Self(format!("h1:{}", STANDARD.encode(bytes)).into())
    }

    /// The `zh:` hash of the zip with this digest, or `None` for a digest that is not sha256.
    pub fn zh(digest: &Digest) -> Option<Self> {
        (digest.algorithm() == Algorithm::Sha256)
            .then(|| Self(format!("zh:{}", digest.encoded()).into()))
    }

    /// The digest of the zip, where this is a `zh:` hash of 64 lower-case hex digits.
    pub fn digest(&self) -> Option<Digest> {
        let hex = self.0.strip_prefix("zh:")?;
        format!("sha256:{hex}").parse().ok()
    }

    /// The 32 bytes of an `h1:` hash.
    pub fn h1_bytes(&self) -> Option<[u8; 32]> {
        let bytes = STANDARD.decode(self.0.strip_prefix("h1:")?).ok()?;
        bytes.try_into().ok()
    }

    /// The text before the first colon.
    pub fn scheme(&self) -> &str {
        self.0.split_once(':').map_or("", |(scheme, _)| scheme)
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the scheme is `h1`.
    pub fn is_h1(&self) -> bool {
        self.scheme() == "h1"
    }

    /// Whether the scheme is `zh`.
    pub fn is_zh(&self) -> bool {
        self.scheme() == "zh"
    }

    /// Whether packages are checked against hashes of this scheme. Decided by the scheme alone: a
    /// lock whose only `h1:` is garbage must match nothing, rather than check nothing.
    pub fn is_usable(&self) -> bool {
        self.is_h1() || self.is_zh()
    }
}

fn sha256_bytes(digest: &Digest) -> Option<[u8; 32]> {
    if digest.algorithm() != Algorithm::Sha256 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, position) in bytes.iter_mut().zip((0..).step_by(2)) {
        let pair = digest.encoded().get(position..position + 2)?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

impl FromStr for PackageHash {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text.split_once(':') {
            Some((scheme, _)) if !scheme.is_empty() => Ok(Self(text.into())),
            _ => Err(ParseError::new(
                Noun::PackageHash,
                text,
                "it must start with a scheme and a colon, as in h1:… or zh:…",
            )),
        }
    }
}

impl fmt::Display for PackageHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PackageHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX: &str = "299dd806df78cb0537e5c111019eaca6e6b7797e1b63cb37cc6a76f91c6c0782";

    fn hash(text: &str) -> PackageHash {
        text.parse().unwrap()
    }

    #[test]
    fn schemes() {
        for (text, h1, zh) in [
            (
                "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
                true,
                false,
            ),
            ("h1:placeholder-hash", true, false),
            ("zh:299d", false, true),
            ("h0:unacceptable-hash", false, false),
            ("test:aaaa", false, false),
            ("H1:x", false, false),
            ("h1:", true, false),
        ] {
            let hash = hash(text);
            assert_eq!(
                (hash.is_h1(), hash.is_zh(), hash.is_usable()),
                (h1, zh, h1 || zh),
                "{text}"
            );
            assert_eq!(hash.to_string(), text);
        }
        for text in ["", "abc", ":abc"] {
            assert!(text.parse::<PackageHash>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn zh_is_the_digest_of_the_zip() {
        let digest: Digest = format!("sha256:{HEX}").parse().unwrap();
        let zh = PackageHash::zh(&digest).unwrap();
        assert_eq!(zh.as_str(), format!("zh:{HEX}"));
        assert_eq!(zh.digest(), Some(digest));
        for text in ["zh:299d", "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="] {
            assert_eq!(hash(text).digest(), None);
        }
        assert_eq!(hash(&format!("zh:{}", HEX.to_uppercase())).digest(), None);
        let sha512: Digest = format!("sha512:{HEX}{HEX}").parse().unwrap();
        assert_eq!(PackageHash::zh(&sha512), None);
        assert_eq!(PackageHash::h1(&sha512), None);
    }

    #[test]
    fn h1_is_base64() {
        // No files at all: the digest of nothing.
        let h1 = PackageHash::h1(&Digest::of(b"")).unwrap();
        assert_eq!(
            h1.as_str(),
            "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        );
        assert_eq!(PackageHash::from_h1_bytes(h1.h1_bytes().unwrap()), h1);
        assert_eq!(hash("h1:placeholder-hash").h1_bytes(), None);
        assert_eq!(hash("h1:AAAA").h1_bytes(), None);
    }

    #[test]
    fn sorts_by_bytes() {
        let mut hashes = [hash("zh:1"), hash("h1:b"), hash("test:a"), hash("h1:B")];
        hashes.sort();
        assert_eq!(
            hashes.map(|h| h.to_string()),
            ["h1:B", "h1:b", "test:a", "zh:1"]
        );
    }

    proptest! {
        #[test]
        fn reads_back_what_it_shows(text in "\\PC{0,20}:?\\PC{0,20}") {
            if let Ok(hash) = text.parse::<PackageHash>() {
                prop_assert_eq!(hash.to_string(), text);
                let _ = (hash.digest(), hash.h1_bytes());
            }
        }
    }
}

//! Names inside a registry: repositories and tags.
//!
//! Distribution spec v1.1.1, section "Pull": the grammars of `<name>` and `<reference>`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::Digest;
use crate::{Noun, ParseError};

/// The name of a repository: lower-case components, divided by slashes. At most 255 bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryName(Arc<str>);

impl RepositoryName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The components between the slashes; at least one.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

/// Whether `text` is `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn is_component(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let mut rest = text.as_bytes();
    loop {
        let length = rest.iter().take_while(|&&b| word(b)).count();
        if length == 0 {
            return false;
        }
        rest = rest.get(length..).unwrap_or_default();
        let length = rest.iter().take_while(|&&b| !word(b)).count();
        let (separator, after) = rest.split_at(length);
        match separator {
            b"" => return true,
            b"." | b"_" | b"__" => {}
            dashes if dashes.iter().all(|&b| b == b'-') => {}
            _ => return false,
        }
        rest = after;
    }
}

impl FromStr for RepositoryName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse =
            |reason: &'static str| Err(ParseError::new(Noun::RepositoryName, text, reason));
        if text.is_empty() {
            return refuse("it is empty");
        }
        if text.len() > 255 {
            return refuse("it is longer than 255 characters");
        }
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return refuse("upper-case letters are not allowed");
        }
        if !text.split('/').all(is_component) {
            return refuse(
                "each part takes lower-case letters and digits, divided by one of `.`, `_`, `__` or dashes",
            );
        }
        Ok(Self(text.into()))
    }
}

/// A mutable name of a manifest: `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(Arc<str>);

impl Tag {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag `latest`, which a module source without arguments asks for.
    pub fn latest() -> Self {
        Self("latest".into())
    }
}

impl Tag {
    /// Whether it is a tag under which clients keep the list of referrers of a digest: `sha256-HEX`. Distribution
    /// spec v1.1.1, "Referrers Tag Schema".
    pub fn is_referrers_tag(&self) -> bool {
        let hex = self.0.strip_prefix("sha256-");
        let hex = hex.or_else(|| self.0.strip_prefix("sha512-"));
        let digit = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        hex.is_some_and(|hex| hex.len() == 64 && hex.bytes().all(digit))
    }
}

impl FromStr for Tag {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |reason: &'static str| Err(ParseError::new(Noun::Tag, text, reason));
        let mut bytes = text.bytes();
        match bytes.next() {
            None => return refuse("it is empty"),
            Some(b) if b.is_ascii_alphanumeric() || b == b'_' => {}
            Some(_) => return refuse("it must begin with a letter, a digit or `_`"),
        }
        if text.len() > 128 {
            return refuse("it is longer than 128 characters");
        }
        if !bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
            return refuse("it takes letters, digits, `.`, `_` and `-`");
        }
        Ok(Self(text.into()))
    }
}

macro_rules! show {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

show!(RepositoryName);
show!(Tag);

/// How a manifest is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TagOrDigest {
    /// By its tag, which may move.
    Tag(Tag),
    /// By its digest, which cannot.
    Digest(Digest),
}

impl FromStr for TagOrDigest {
    type Err = ParseError;

    /// A text with a colon is a digest: tags have none.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.contains(':') {
            text.parse().map(Self::Digest)
        } else {
            text.parse().map(Self::Tag)
        }
    }
}

impl fmt::Display for TagOrDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

impl From<Tag> for TagOrDigest {
    fn from(tag: Tag) -> Self {
        Self::Tag(tag)
    }
}

impl From<Digest> for TagOrDigest {
    fn from(digest: Digest) -> Self {
        Self::Digest(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_names() {
        for good in [
            "a",
            "a--b",
            "a__b",
            "a.b",
            "a_b",
            "acme/demo",
            "0/1/2",
            "a-----b/c",
            "registry.opentofu.org/hashicorp/aws",
            "xn--mnchen-3ya.de/a/b",
        ] {
            assert_eq!(good.parse::<RepositoryName>().unwrap().to_string(), good);
        }
        for bad in [
            "", "a..b", "a._b", "-a", "a-", "a___b", "Acme/Net", "a//b", "/a", "a/", "a:b", "a@b",
            "a/../b", "..", ".a", "ほげ", "a\nb", "a-_b",
        ] {
            assert!(bad.parse::<RepositoryName>().is_err(), "{bad:?}");
        }
        assert!("a".repeat(255).parse::<RepositoryName>().is_ok());
        assert!("a".repeat(256).parse::<RepositoryName>().is_err());
    }

    #[test]
    fn tags() {
        for good in ["1.2.3", "_x", "latest", "1.2.3_build.5", "A-b.C"] {
            assert_eq!(good.parse::<Tag>().unwrap().to_string(), good);
        }
        for bad in ["", ".a", "-a", "a+b", "a/b", "a b", "a\u{1b}[0m", "é"] {
            assert!(bad.parse::<Tag>().is_err(), "{bad:?}");
        }
        for (text, is) in [
            (format!("sha256-{}", "0a".repeat(32)), true),
            (format!("sha512-{}", "0a".repeat(32)), true),
            (format!("sha256-{}", "0A".repeat(32)), false),
            (format!("sha256-{}.sig", "0a".repeat(32)), false),
            ("sha256-0a".to_owned(), false),
        ] {
            assert_eq!(
                text.parse::<Tag>().unwrap().is_referrers_tag(),
                is,
                "{text}"
            );
        }
        assert!("a".repeat(128).parse::<Tag>().is_ok());
        assert!("a".repeat(129).parse::<Tag>().is_err());
    }
}

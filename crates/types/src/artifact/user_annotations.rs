//! Annotations that a publisher adds.

use super::annotation::{PREFIX, STANDARD_PREFIX};
use crate::oci::Annotations;
use crate::{Noun, ParseError};

/// The standard keys that describe a release and that only its publisher knows.
const DESCRIPTIVE: [&str; 8] = [
    "org.opencontainers.image.authors",
    "org.opencontainers.image.description",
    "org.opencontainers.image.documentation",
    "org.opencontainers.image.licenses",
    "org.opencontainers.image.revision",
    "org.opencontainers.image.source",
    "org.opencontainers.image.url",
    "org.opencontainers.image.vendor",
];

/// Annotations that a publisher adds to a release or module.
///
/// Keys of our own prefix are ours; of the standard ones those that describe a release are free.
/// Values have at most 4 KiB and no control characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserAnnotations(Annotations);

impl UserAnnotations {
    /// Adds `key=value`.
    ///
    /// # Errors
    ///
    /// [`ParseError`] where the key is not free, stands already, or the value is not allowed.
    pub fn add(&mut self, text: &str) -> Result<(), ParseError> {
        let refuse = |reason: &'static str| ParseError::new(Noun::Annotation, text, reason);
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| refuse("the form is KEY=VALUE"))?;
        if key.is_empty() || key.len() > 256 || !key.bytes().all(|b| matches!(b, b'!'..=b'~')) {
            return Err(refuse("the key is not a printable name"));
        }
        let ours = key.starts_with(PREFIX);
        let standard = key.starts_with(STANDARD_PREFIX) && !DESCRIPTIVE.contains(&key);
        if ours || standard {
            return Err(refuse(
                "the key is one that tofu-oci or the specification defines",
            ));
        }
        if value.len() > 4096 || value.chars().any(char::is_control) {
            return Err(refuse(
                "the value has more than 4 KiB or control characters",
            ));
        }
        if self.0.contains_key(key) {
            return Err(refuse("the key stands twice"));
        }
        self.0.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    /// The annotations, sorted by key.
    pub fn as_map(&self) -> &Annotations {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_free_keys() {
        let mut annotations = UserAnnotations::default();
        for good in [
            "team=infra",
            "org.opencontainers.image.source=https://example.com/x",
            "a=",
            "b=c=d",
        ] {
            annotations.add(good).unwrap();
        }
        for bad in [
            "team=again",
            "novalue",
            "=x",
            "io.tofu-oci.package.h1=h1:x",
            "a b=c",
            "org.opencontainers.image.version=9",
            "org.opencontainers.image.created=now",
            "k=a\u{1b}[0m",
        ] {
            assert!(annotations.add(bad).is_err(), "{bad:?}");
        }
        assert!(
            annotations
                .add(&format!("long={}", "x".repeat(4097)))
                .is_err()
        );
        assert_eq!(annotations.as_map().len(), 4);
        assert_eq!(
            annotations.as_map().get("b").map(String::as_str),
            Some("c=d")
        );
    }
}

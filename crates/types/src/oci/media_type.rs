//! Media types of content, and artifact types, which have the same grammar.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Noun, ParseError};

/// `type/subtype` without parameters (RFC 6838), as descriptors carry it.
///
/// Reading is lenient about the grammar, because registries hold odd types that must survive a
/// copy; only empty, overlong and unprintable texts are refused.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaType(Cow<'static, str>);

impl MediaType {
    /// An image index of the OCI image specification.
    pub const IMAGE_INDEX: Self = Self::from_static("application/vnd.oci.image.index.v1+json");
    /// An image manifest of the OCI image specification.
    pub const IMAGE_MANIFEST: Self =
        Self::from_static("application/vnd.oci.image.manifest.v1+json");
    /// The configuration of an image, also of a provider target.
    pub const IMAGE_CONFIG: Self = Self::from_static("application/vnd.oci.image.config.v1+json");
    /// The empty descriptor's type: the content is `{}`.
    pub const EMPTY: Self = Self::from_static("application/vnd.oci.empty.v1+json");
    /// Docker's counterpart of the image manifest: read, never written.
    pub const DOCKER_MANIFEST: Self =
        Self::from_static("application/vnd.docker.distribution.manifest.v2+json");
    /// Docker's counterpart of the image index: read, never written.
    pub const DOCKER_LIST: Self =
        Self::from_static("application/vnd.docker.distribution.manifest.list.v2+json");

    /// A type known when the program was written.
    pub const fn from_static(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether content of this type lists other manifests.
    pub fn is_index(&self) -> bool {
        *self == Self::IMAGE_INDEX || *self == Self::DOCKER_LIST
    }

    /// Whether content of this type lists a configuration and layers.
    pub fn is_image(&self) -> bool {
        *self == Self::IMAGE_MANIFEST || *self == Self::DOCKER_MANIFEST
    }

    /// Whether content of this type is a manifest, image or index, whose children we know.
    pub fn is_manifest(&self) -> bool {
        self.is_index() || self.is_image()
    }

    /// The type without parameters: `text/plain; charset=utf-8` is `text/plain`.
    pub fn essence(&self) -> &str {
        self.0.split(';').next().unwrap_or_default().trim_end()
    }
}

impl FromStr for MediaType {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refuse = |reason: &'static str| Err(ParseError::new(Noun::MediaType, text, reason));
        if text.is_empty() {
            return refuse("it is empty");
        }
        if text.len() > 255 {
            return refuse("it is longer than 255 bytes");
        }
        if !text.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return refuse("it has characters that are not printable ASCII");
        }
        Ok(Self(Cow::Owned(text.to_owned())))
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for MediaType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for MediaType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Reads an optional type; the empty text, which some writers put there, is no type.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<MediaType>, D::Error> {
    match Option::<Cow<'de, str>>::deserialize(deserializer)? {
        None => Ok(None),
        Some(text) if text.is_empty() => Ok(None),
        Some(text) => text.parse().map(Some).map_err(serde::de::Error::custom),
    }
}

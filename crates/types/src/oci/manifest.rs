//! Manifests: their bytes, which never change, and what the bytes say.
//!
//! Image spec v1.1.1, `manifest.md` and `image-index.md`. What we fetch stays as it was fetched;
//! what we make is written once, and its digest follows.

use bytes::Bytes;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use super::descriptor::nullable;
use super::json::{self, JsonError};
use super::{Algorithm, Annotations, Descriptor, Digest, MediaType, media_type};

/// How long a manifest may be, in bytes: 4 MiB, as registries and clients have it.
pub const MANIFEST_LIMIT: u64 = 4 * 1024 * 1024;

/// An image manifest: a configuration, layers, and perhaps a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageManifest {
    /// The type of the artifact.
    pub artifact_type: Option<MediaType>,
    /// The configuration; the empty descriptor where there is none.
    pub config: Descriptor,
    /// The content.
    pub layers: Vec<Descriptor>,
    /// The manifest that this one refers to.
    pub subject: Option<Descriptor>,
    /// Annotations.
    pub annotations: Annotations,
}

/// An image index: a list of manifests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    /// The type of the artifact.
    pub artifact_type: Option<MediaType>,
    /// The manifests, in order of preference.
    pub manifests: Vec<Descriptor>,
    /// The manifest that this one refers to.
    pub subject: Option<Descriptor>,
    /// Annotations.
    pub annotations: Annotations,
}

/// What a manifest says.
// Nearly every manifest is an image or an index, so a box would only add an allocation.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// An image manifest, OCI's or Docker's.
    Image(ImageManifest),
    /// An image index, OCI's or Docker's.
    Index(Index),
    /// A type whose children we do not know. It is stored and served all the same.
    Opaque,
}

/// A manifest: raw bytes, their descriptor, and the parsed body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    bytes: Bytes,
    descriptor: Descriptor,
    declared: Option<MediaType>,
    body: Body,
}

/// Why bytes are not a manifest that we handle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is longer than [`MANIFEST_LIMIT`].
    #[error("the manifest has {size} bytes, the limit is {MANIFEST_LIMIT}")]
    TooLarge {
        /// Its length in bytes.
        size: u64,
    },
    /// It is not the JSON of a manifest.
    #[error("the manifest cannot be read")]
    Json(#[from] JsonError),
    /// It has both layers and manifests: readers would disagree what it is.
    #[error("the manifest has both layers and manifests")]
    Ambiguous,
    /// Nothing says what it is.
    #[error("the document is neither an image manifest nor an image index")]
    Untyped,
    /// The body says another type than the one it was announced as.
    #[error("the manifest was announced as {announced:?}, and says of itself {declared:?}")]
    TypeDisagrees {
        /// What the registry or the descriptor said.
        announced: MediaType,
        /// What the body says.
        declared: MediaType,
    },
    /// The digest has an algorithm that we cannot compute.
    #[error("the digest algorithm is not supported")]
    Algorithm,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default, deserialize_with = "media_type::optional")]
    media_type: Option<MediaType>,
    #[serde(default, deserialize_with = "media_type::optional")]
    artifact_type: Option<MediaType>,
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default, deserialize_with = "present")]
    layers: Option<Vec<Descriptor>>,
    #[serde(default, deserialize_with = "present")]
    manifests: Option<Vec<Descriptor>>,
    #[serde(default)]
    subject: Option<Descriptor>,
    #[serde(default, deserialize_with = "nullable")]
    annotations: Annotations,
}

/// `null` is an empty list; only an absent field is absent.
fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Descriptor>>, D::Error> {
    Ok(Some(
        Option::<Vec<Descriptor>>::deserialize(deserializer)?.unwrap_or_default(),
    ))
}

impl Manifest {
    /// Reads a manifest from its bytes, which are kept.
    ///
    /// `announced` is the type that a registry or a descriptor gave; without one the body decides.
    /// A type that we do not know makes the body [`Body::Opaque`].
    ///
    /// # Errors
    ///
    /// [`ManifestError`] where the bytes are too many, are not such a document, or disagree with
    /// `announced`.
    pub fn read(
        bytes: Bytes,
        announced: Option<&MediaType>,
        algorithm: Algorithm,
    ) -> Result<Self, ManifestError> {
        let size = bytes.len() as u64;
        if size > MANIFEST_LIMIT {
            return Err(ManifestError::TooLarge { size });
        }
        let digest = Digest::of_with(algorithm, &bytes).ok_or(ManifestError::Algorithm)?;
        Self::digested(bytes, announced, digest)
    }

    /// As [`read`](Self::read), for whoever computed the digest of these bytes.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read).
    pub fn digested(
        bytes: Bytes,
        announced: Option<&MediaType>,
        digest: Digest,
    ) -> Result<Self, ManifestError> {
        let size = bytes.len() as u64;
        if size > MANIFEST_LIMIT {
            return Err(ManifestError::TooLarge { size });
        }
        let known = announced.is_none_or(MediaType::is_manifest);
        let (declared, media_type, body) = if known {
            body(&bytes, announced)?
        } else {
            (
                None,
                announced.cloned().unwrap_or(MediaType::EMPTY),
                Body::Opaque,
            )
        };
        Ok(Self {
            descriptor: Descriptor::new(media_type, digest, size),
            bytes,
            declared,
            body,
        })
    }

    /// Writes an image manifest.
    pub fn from_image(image: &ImageManifest) -> Self {
        Self::written(MediaType::IMAGE_MANIFEST, image, Body::Image(image.clone()))
    }

    /// Writes an image index.
    pub fn from_index(index: &Index) -> Self {
        Self::written(MediaType::IMAGE_INDEX, index, Body::Index(index.clone()))
    }

    fn written<T: Serialize>(media_type: MediaType, value: &T, body: Body) -> Self {
        // Our documents have text keys and no floats, so writing them cannot fail.
        let bytes = Bytes::from(json::to_go_json(value).unwrap_or_default());
        Self {
            descriptor: Descriptor::of(media_type.clone(), &bytes),
            bytes,
            declared: Some(media_type),
            body,
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Type, digest and size.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The digest.
    pub fn digest(&self) -> &Digest {
        &self.descriptor.digest
    }

    /// The type: as announced, else as declared.
    pub fn media_type(&self) -> &MediaType {
        &self.descriptor.media_type
    }

    /// The type that the body itself states. OpenTofu refuses a manifest without one.
    pub fn declared_media_type(&self) -> Option<&MediaType> {
        self.declared.as_ref()
    }

    /// What the bytes say.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The image manifest, if it is one.
    pub fn as_image(&self) -> Option<&ImageManifest> {
        match &self.body {
            Body::Image(image) => Some(image),
            _ => None,
        }
    }

    /// The index, if it is one.
    pub fn as_index(&self) -> Option<&Index> {
        match &self.body {
            Body::Index(index) => Some(index),
            _ => None,
        }
    }

    /// The effective artifact type: the stated one, else the type of an image's configuration.
    pub fn artifact_type(&self) -> Option<&MediaType> {
        match &self.body {
            Body::Image(image) => Some(
                image
                    .artifact_type
                    .as_ref()
                    .unwrap_or(&image.config.media_type),
            ),
            Body::Index(index) => index.artifact_type.as_ref(),
            Body::Opaque => None,
        }
    }

    /// The manifest that this one refers to.
    pub fn subject(&self) -> Option<&Descriptor> {
        match &self.body {
            Body::Image(image) => image.subject.as_ref(),
            Body::Index(index) => index.subject.as_ref(),
            Body::Opaque => None,
        }
    }

    /// The annotations; none for a type that we do not know.
    pub fn annotations(&self) -> Option<&Annotations> {
        match &self.body {
            Body::Image(image) => Some(&image.annotations),
            Body::Index(index) => Some(&index.annotations),
            Body::Opaque => None,
        }
    }

    /// The manifests that it lists.
    pub fn child_manifests(&self) -> &[Descriptor] {
        self.as_index().map_or(&[], |index| &index.manifests)
    }

    /// The blobs that it lists: configuration first, then layers.
    pub fn blobs(&self) -> Vec<&Descriptor> {
        self.as_image().map_or_else(Vec::new, |image| {
            std::iter::once(&image.config)
                .chain(&image.layers)
                .collect()
        })
    }

    /// How a list of referrers describes this manifest (distribution spec v1.1.1, "Listing
    /// Referrers").
    pub fn as_referrer(&self) -> Descriptor {
        Descriptor {
            artifact_type: self.artifact_type().cloned(),
            annotations: self.annotations().cloned().unwrap_or_default(),
            ..self.descriptor.clone()
        }
    }
}

fn body(
    bytes: &[u8],
    announced: Option<&MediaType>,
) -> Result<(Option<MediaType>, MediaType, Body), ManifestError> {
    let wire: Wire = json::read_strict(bytes)?;
    if let (Some(announced), Some(declared)) = (announced, &wire.media_type)
        && announced != declared
    {
        return Err(ManifestError::TypeDisagrees {
            announced: announced.clone(),
            declared: declared.clone(),
        });
    }
    if wire.manifests.is_some() && (wire.layers.is_some() || wire.config.is_some()) {
        return Err(ManifestError::Ambiguous);
    }
    let media_type = match (announced.or(wire.media_type.as_ref()), &wire) {
        (Some(media_type), _) => media_type.clone(),
        (
            None,
            Wire {
                manifests: Some(_), ..
            },
        ) => MediaType::IMAGE_INDEX,
        (
            None,
            Wire {
                config: Some(_), ..
            },
        ) => MediaType::IMAGE_MANIFEST,
        (None, _) => return Err(ManifestError::Untyped),
    };
    let missing = |field: &str| {
        ManifestError::Json(JsonError {
            reason: format!("the field {field:?} is missing"),
        })
    };
    let body = if media_type.is_index() {
        Body::Index(Index {
            artifact_type: wire.artifact_type,
            manifests: wire.manifests.ok_or_else(|| missing("manifests"))?,
            subject: wire.subject,
            annotations: wire.annotations,
        })
    } else if media_type.is_image() {
        Body::Image(ImageManifest {
            artifact_type: wire.artifact_type,
            config: wire.config.ok_or_else(|| missing("config"))?,
            layers: wire.layers.ok_or_else(|| missing("layers"))?,
            subject: wire.subject,
            annotations: wire.annotations,
        })
    } else {
        Body::Opaque
    };
    Ok((wire.media_type, media_type, body))
}

fn optional<S: SerializeStruct, T: Serialize>(
    state: &mut S,
    name: &'static str,
    value: Option<&T>,
) -> Result<(), S::Error> {
    match value {
        Some(value) => state.serialize_field(name, value),
        None => state.skip_field(name),
    }
}

fn annotations(annotations: &Annotations) -> Option<&Annotations> {
    (!annotations.is_empty()).then_some(annotations)
}

impl Serialize for ImageManifest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut state = serializer.serialize_struct("ImageManifest", 7)?;
        state.serialize_field("schemaVersion", &2)?;
        state.serialize_field("mediaType", &MediaType::IMAGE_MANIFEST)?;
        optional(&mut state, "artifactType", self.artifact_type.as_ref())?;
        state.serialize_field("config", &self.config)?;
        state.serialize_field("layers", &self.layers)?;
        optional(&mut state, "subject", self.subject.as_ref())?;
        optional(&mut state, "annotations", annotations(&self.annotations))?;
        state.end()
    }
}

impl Serialize for Index {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut state = serializer.serialize_struct("Index", 6)?;
        state.serialize_field("schemaVersion", &2)?;
        state.serialize_field("mediaType", &MediaType::IMAGE_INDEX)?;
        optional(&mut state, "artifactType", self.artifact_type.as_ref())?;
        state.serialize_field("manifests", &self.manifests)?;
        optional(&mut state, "subject", self.subject.as_ref())?;
        optional(&mut state, "annotations", annotations(&self.annotations))?;
        state.end()
    }
}

#[cfg(test)]
mod tests;

//! Descriptors: what content is, which digest it has and how long it is.
//!
//! Image spec v1.1.1, `descriptor.md`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Digest, MediaType, media_type};

/// Annotations, sorted by key.
pub type Annotations = BTreeMap<String, String>;

/// The platform of an entry in an index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OciPlatform {
    /// The CPU architecture, in Go's words: `amd64`.
    #[serde(default)]
    pub architecture: String,
    /// The operating system, in Go's words: `linux`.
    #[serde(default)]
    pub os: String,
    /// The version of the operating system.
    #[serde(
        default,
        rename = "os.version",
        skip_serializing_if = "Option::is_none"
    )]
    pub os_version: Option<String>,
    /// Features that the operating system must have.
    #[serde(
        default,
        rename = "os.features",
        deserialize_with = "nullable",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub os_features: Vec<String>,
    /// The variant of the CPU: `v7`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// What some content is. `size` is in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// The type of the content.
    pub media_type: MediaType,
    /// The digest of the content.
    pub digest: Digest,
    /// The length of the content, in bytes.
    #[serde(deserialize_with = "size")]
    pub size: u64,
    /// Other places of the content; never used for fetching.
    #[serde(
        default,
        deserialize_with = "nullable",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub urls: Vec<String>,
    /// Annotations of the entry, not of the content.
    #[serde(
        default,
        deserialize_with = "nullable",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub annotations: Annotations,
    /// The content itself, for a few bytes.
    #[serde(
        default,
        deserialize_with = "read_data",
        serialize_with = "write_data",
        skip_serializing_if = "Option::is_none"
    )]
    pub data: Option<Vec<u8>>,
    /// The platform, in entries of an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<OciPlatform>,
    /// The type of the artifact, where the content is a manifest.
    #[serde(
        default,
        deserialize_with = "media_type::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub artifact_type: Option<MediaType>,
}

impl Descriptor {
    /// A descriptor with nothing but type, digest and size.
    pub fn new(media_type: MediaType, digest: Digest, size: u64) -> Self {
        Self {
            media_type,
            digest,
            size,
            urls: Vec::new(),
            annotations: Annotations::new(),
            data: None,
            platform: None,
            artifact_type: None,
        }
    }

    /// The descriptor of `content`, with its sha256 digest.
    pub fn of(media_type: MediaType, content: &[u8]) -> Self {
        Self::new(media_type, Digest::of(content), content.len() as u64)
    }

    /// The empty descriptor: the content is `{}`, and the descriptor carries it.
    pub fn empty() -> Self {
        Self {
            data: Some(b"{}".to_vec()),
            ..Self::of(MediaType::EMPTY, b"{}")
        }
    }

    /// Type, digest and size alone.
    #[must_use]
    pub fn plain(&self) -> Self {
        Self::new(self.media_type.clone(), self.digest.clone(), self.size)
    }

    /// The content that the descriptor carries, if it is what digest and size say.
    pub fn embedded(&self) -> Option<&[u8]> {
        let data = self.data.as_deref()?;
        (data.len() as u64 == self.size && self.digest.matches(data)).then_some(data)
    }
}

/// Go writes `null` for an empty list or map.
pub(super) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// The specification says int64: a larger number would not survive other readers.
fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let size = u64::deserialize(deserializer)?;
    if i64::try_from(size).is_err() {
        return Err(serde::de::Error::custom("a size does not fit 63 bits"));
    }
    Ok(size)
}

fn read_data<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    match Option::<String>::deserialize(deserializer)? {
        None => Ok(None),
        Some(text) => STANDARD
            .decode(text)
            .map(Some)
            .map_err(|_| serde::de::Error::custom("the field \"data\" is not base64")),
    }
}

fn write_data<S: Serializer>(data: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    match data {
        Some(data) => serializer.serialize_str(&STANDARD.encode(data)),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::{read_strict, to_go_json};
    use super::*;

    #[test]
    fn the_empty_descriptor() {
        let written = String::from_utf8(to_go_json(&Descriptor::empty()).unwrap()).unwrap();
        assert_eq!(
            written,
            r#"{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"data":"e30="}"#
        );
        let read: Descriptor = read_strict(written.as_bytes()).unwrap();
        assert_eq!(read, Descriptor::empty());
        assert_eq!(read.embedded(), Some(&b"{}"[..]));
    }

    #[test]
    fn embedded_content_that_lies_is_not_content() {
        let mut descriptor = Descriptor::empty();
        descriptor.data = Some(b"[]".to_vec());
        assert_eq!(descriptor.embedded(), None);
        descriptor.data = Some(b"{} ".to_vec());
        assert_eq!(descriptor.embedded(), None);
    }

    #[test]
    fn reads_what_go_writes_for_nothing() {
        let text = r#"{"mediaType":"a/b","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"urls":null,"annotations":null,"data":null,"platform":null,"artifactType":""}"#;
        let descriptor: Descriptor = read_strict(text.as_bytes()).unwrap();
        assert_eq!(descriptor, descriptor.plain());
    }

    #[test]
    fn refuses_lies() {
        for (name, size) in [
            ("negative", "-1"),
            ("huge", "9223372036854775808"),
            ("text", "\"2\""),
            ("float", "2.5"),
        ] {
            let text = format!(
                r#"{{"mediaType":"a/b","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":{size}}}"#
            );
            assert!(
                read_strict::<Descriptor>(text.as_bytes()).is_err(),
                "{name}"
            );
        }
    }
}

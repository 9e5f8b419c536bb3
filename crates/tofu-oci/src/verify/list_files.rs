//! A checksums file with its signatures and keys, out of its repository: what a cache keeps.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tofu_oci_source::evidence::{EvidenceDocument, EvidenceLayer};
use tofu_oci_trust::evidence::{NamedFile, SumsFiles};
use tofu_oci_types::artifact::AttachmentKind;
use tofu_oci_types::oci::MediaType;

/// The files of one checksums file, in their order. They prove nothing before they are checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ListFiles(Vec<ListFile>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ListFile {
    name: String,
    media_type: MediaType,
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    content: Bytes,
}

impl ListFiles {
    /// Those of the checksums files among `documents`. One that lies in several places is taken once.
    pub(crate) fn of(documents: &[EvidenceDocument]) -> Vec<Self> {
        let mut lists: Vec<Self> = Vec::new();
        for document in documents {
            let files = Self(document.layers.iter().filter_map(ListFile::of).collect());
            if document.kind == AttachmentKind::Shasums && !lists.contains(&files) {
                lists.push(files);
            }
        }
        lists
    }

    /// As they are checked; `None` where there is no list among them.
    pub(super) fn sums(&self) -> Option<SumsFiles<'_>> {
        SumsFiles::of_layers(self.0.iter().map(|file| {
            let named = NamedFile {
                name: &file.name,
                content: &file.content,
            };
            (&file.media_type, named)
        }))
    }
}

impl ListFile {
    fn of(layer: &EvidenceLayer) -> Option<Self> {
        let descriptor = &layer.descriptor;
        let title = layer.title.as_deref();
        Some(Self {
            name: title.unwrap_or(descriptor.digest.encoded()).to_owned(),
            media_type: descriptor.media_type.clone(),
            content: layer.content.clone()?,
        })
    }
}

fn to_base64<S: Serializer>(content: &Bytes, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&STANDARD.encode(content))
}

fn from_base64<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
    let text = String::deserialize(from)?;
    let content = STANDARD.decode(text).map_err(D::Error::custom)?;
    Ok(content.into())
}

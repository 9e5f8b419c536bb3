//! Evidence inside the manifest that it is about: layers beside the package.
//!
//! For registries that refuse manifests of other types, or lose what refers to a manifest when they
//! replicate it. Clients pass over layers that are no zip.

use super::annotation;
use super::{ArtifactError, Attachment, AttachmentKind, PACKAGE_LAYER};
use crate::oci::{Descriptor, ImageManifest};
use crate::tofu::Platform;

/// The most layers of evidence that are written into one manifest.
pub const EMBEDDED_LAYERS: usize = 16;
/// The longest layer of evidence that is written into a manifest, in bytes.
pub const EMBEDDED_LIMIT: u64 = 32 << 20;

/// A document that is part of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedDocument {
    /// What it is.
    pub kind: AttachmentKind,
    /// Its files, in order.
    pub layers: Vec<Descriptor>,
}

impl EmbeddedDocument {
    /// The documents that a manifest holds beside its package, in the order of the layers.
    ///
    /// The annotation of a layer says what it belongs to; without one, a type that only one kind of
    /// document has does.
    pub fn read(image: &ImageManifest) -> Vec<Self> {
        let mut documents: Vec<Self> = Vec::new();
        for layer in &image.layers {
            let Some(kind) = kind(layer) else {
                continue;
            };
            // The first layer of a kind has its type, and the next of that type is another document.
            let begins = kind.begins_with(layer);
            let current = documents
                .last_mut()
                .filter(|document| document.kind == kind && !begins);
            match current {
                Some(document) => document.layers.push(layer.clone()),
                None => documents.push(Self {
                    kind,
                    layers: vec![layer.clone()],
                }),
            }
        }
        documents
    }
}

fn kind(layer: &Descriptor) -> Option<AttachmentKind> {
    if layer.media_type == PACKAGE_LAYER {
        return None;
    }
    match layer.annotations.get(annotation::ARTIFACT_TYPE) {
        Some(text) => AttachmentKind::of(&text.parse().ok()?),
        None => AttachmentKind::of(&layer.media_type),
    }
}

/// The layers of evidence that the manifest of `platform` gets after its package: by kind, then as
/// the documents have them. What is about the whole release, every manifest gets.
pub(super) fn layers(
    platform: &Platform,
    evidence: &[(Option<Platform>, Attachment)],
) -> Result<Vec<Descriptor>, ArtifactError> {
    let about = |of: &Option<Platform>| of.as_ref().is_none_or(|of| of == platform);
    let mut attachments: Vec<&Attachment> = evidence
        .iter()
        .filter(|(of, _)| about(of))
        .map(|(_, attachment)| attachment)
        .collect();
    attachments.sort_by_key(|attachment| attachment.kind);
    let mut layers = Vec::new();
    for attachment in attachments {
        let kind = attachment.kind.artifact_type();
        for layer in &attachment.layers {
            let mut descriptor = layer.descriptor();
            let key = annotation::ARTIFACT_TYPE.to_owned();
            descriptor.annotations.insert(key, kind.to_string());
            if descriptor.size > EMBEDDED_LIMIT {
                return Err(ArtifactError::EmbeddedSize {
                    filename: layer.filename.clone(),
                    size: descriptor.size,
                });
            }
            layers.push(descriptor);
        }
    }
    match layers.len() > EMBEDDED_LAYERS {
        true => Err(ArtifactError::EmbeddedLayers {
            platform: platform.clone(),
            count: layers.len(),
        }),
        false => Ok(layers),
    }
}

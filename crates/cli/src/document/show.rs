use std::collections::BTreeMap;

use serde::Serialize;

use super::publish_provider::{DIGEST, H1};
use super::{Document, Field};

/// A version with everything that belongs to it.
#[derive(Debug, Serialize)]
pub(crate) struct ShowDocument {
    pub(crate) version: u8,
    pub(crate) reference: String,
    pub(crate) tag: Option<String>,
    pub(crate) root: NodeEntry,
}

/// A manifest with what it lists and what refers to it.
#[derive(Debug, Serialize)]
pub(crate) struct NodeEntry {
    pub(crate) kind: String,
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
    pub(crate) platform: Option<String>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) entry_annotations: BTreeMap<String, String>,
    pub(crate) layers: Vec<LayerEntry>,
    pub(crate) embedded: Vec<EmbeddedEntry>,
    pub(crate) children: Vec<NodeEntry>,
    pub(crate) referrers: Vec<NodeEntry>,
    pub(crate) problem: Option<String>,
}

/// Evidence inside a manifest.
#[derive(Debug, Serialize)]
pub(crate) struct EmbeddedEntry {
    pub(crate) kind: &'static str,
    pub(crate) layers: Vec<LayerEntry>,
}

/// A layer.
#[derive(Debug, Serialize)]
pub(crate) struct LayerEntry {
    pub(crate) filename: Option<String>,
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
}

impl Document for ShowDocument {
    const COMMAND: &'static str = "show";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        ("reference", "string", "repository and digest"),
        ("tag", "string|null", "tag that was named, or chosen"),
        ("root", "object", "the manifest that stands for it"),
        (
            "root.kind",
            "string",
            "`provider`, `package`, `module`, `checksums file`, `registry manifest`, …; else the artifact type, or `manifest`",
        ),
        ("root.media_type", "string", "media type"),
        ("root.digest", "string", "digest"),
        ("root.size", "number", "length of the manifest, in bytes"),
        ("root.platform", "string|null", "platform: `OS_ARCH`"),
        ("root.annotations", "object", "its annotations"),
        ("root.annotations.*", "string", "value of an annotation"),
        (
            "root.entry_annotations",
            "object",
            "annotations of the entry that lists it",
        ),
        (
            "root.entry_annotations.*",
            "string",
            "value of an annotation",
        ),
        ("root.layers", "array", "its layers"),
        ("root.layers[].filename", "string|null", "name of the file"),
        ("root.layers[].media_type", "string", "media type"),
        ("root.layers[].digest", "string", "digest"),
        ("root.layers[].size", "number", "length, in bytes"),
        (
            "root.embedded",
            "array",
            "evidence among its layers, which are not in `layers` then",
        ),
        (
            "root.embedded[].kind",
            "string",
            "`checksums file`, `registry manifest`, `SPDX SBOM`, …",
        ),
        ("root.embedded[].layers", "array", "its files"),
        (
            "root.embedded[].layers[].filename",
            "string|null",
            "name of the file",
        ),
        (
            "root.embedded[].layers[].media_type",
            "string",
            "media type",
        ),
        ("root.embedded[].layers[].digest", "string", "digest"),
        (
            "root.embedded[].layers[].size",
            "number",
            "length, in bytes",
        ),
        (
            "root.children",
            "array",
            "manifests that it lists; each has the fields of `root`",
        ),
        (
            "root.referrers",
            "array",
            "manifests that refer to it; each has the fields of `root`",
        ),
        ("root.problem", "string|null", "why clients cannot use it"),
    ];

    fn example() -> Self {
        let node = |kind: &str| NodeEntry {
            kind: kind.to_owned(),
            media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
            digest: DIGEST.to_owned(),
            size: 622,
            platform: None,
            annotations: BTreeMap::new(),
            entry_annotations: BTreeMap::new(),
            layers: Vec::new(),
            embedded: Vec::new(),
            children: Vec::new(),
            referrers: Vec::new(),
            problem: None,
        };
        let layer = |filename: &str, media_type: &str, size| LayerEntry {
            filename: Some(filename.to_owned()),
            media_type: media_type.to_owned(),
            digest: DIGEST.to_owned(),
            size,
        };
        let pair = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let package = NodeEntry {
            platform: Some("linux_amd64".to_owned()),
            entry_annotations: pair("io.tofu-oci.package.h1", H1),
            layers: vec![layer(
                "terraform-provider-demo_1.2.3_linux_amd64.zip",
                "archive/zip",
                1_742_080,
            )],
            embedded: vec![EmbeddedEntry {
                kind: "SPDX SBOM",
                layers: vec![layer(
                    "terraform-provider-demo_1.2.3_linux_amd64.spdx.json",
                    "application/spdx+json",
                    18_421,
                )],
            }],
            ..node("package")
        };
        let checksums = NodeEntry {
            layers: vec![layer(
                "terraform-provider-demo_1.2.3_SHA256SUMS",
                "text/plain",
                163,
            )],
            ..node("checksums file")
        };
        Self {
            version: 1,
            reference: format!("dir:./registry//acme/demo@{DIGEST}"),
            tag: Some("1.2.3".to_owned()),
            root: NodeEntry {
                media_type: "application/vnd.oci.image.index.v1+json".to_owned(),
                annotations: pair("org.opencontainers.image.version", "1.2.3"),
                children: vec![package],
                referrers: vec![checksums],
                ..node("provider")
            },
        }
    }
}

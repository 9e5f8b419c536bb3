use serde::Serialize;

use super::publish_provider::DIGEST;
use super::{Document, Field};

/// What was pulled.
#[derive(Debug, Serialize)]
pub(crate) struct PullDocument {
    pub(crate) version: u8,
    pub(crate) reference: String,
    pub(crate) tag: Option<String>,
    pub(crate) files: Vec<PulledFileEntry>,
}

/// One file.
#[derive(Debug, Serialize)]
pub(crate) struct PulledFileEntry {
    pub(crate) filename: String,
    pub(crate) path: String,
    pub(crate) kind: &'static str,
    pub(crate) platform: Option<String>,
    pub(crate) digest: String,
    pub(crate) size: u64,
    pub(crate) outcome: &'static str,
}

impl Document for PullDocument {
    const COMMAND: &'static str = "pull";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        ("reference", "string", "repository and digest"),
        ("tag", "string|null", "tag that was named, or chosen"),
        ("files", "array", "files, by name"),
        ("files[].filename", "string", "name"),
        ("files[].path", "string", "where it lies now"),
        (
            "files[].kind",
            "string",
            "`package`, `module`, `checksums file`, `registry manifest`, `SPDX SBOM`, …",
        ),
        ("files[].platform", "string|null", "platform of a package"),
        ("files[].digest", "string", "digest of its content"),
        ("files[].size", "number", "length, in bytes"),
        (
            "files[].outcome",
            "string",
            "`written`, or `unchanged` where it was there",
        ),
    ];

    fn example() -> Self {
        Self {
            version: 1,
            reference: format!("dir:./registry//acme/demo@{DIGEST}"),
            tag: Some("1.2.3".to_owned()),
            files: vec![PulledFileEntry {
                filename: "terraform-provider-demo_1.2.3_linux_amd64.zip".to_owned(),
                path: "./dist/terraform-provider-demo_1.2.3_linux_amd64.zip".to_owned(),
                kind: "package",
                platform: Some("linux_amd64".to_owned()),
                digest: DIGEST.to_owned(),
                size: 1_742_080,
                outcome: "written",
            }],
        }
    }
}

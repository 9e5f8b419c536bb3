use serde::Serialize;

use super::publish_provider::DIGEST;
use super::{Document, Field};

/// What was copied.
#[derive(Debug, Serialize)]
pub(crate) struct CopyDocument {
    pub(crate) version: u8,
    pub(crate) source: String,
    pub(crate) destination: String,
    pub(crate) outcome: &'static str,
    pub(crate) copied: Vec<CopiedEntry>,
    pub(crate) manifests: usize,
    pub(crate) sent: AmountEntry,
    pub(crate) mounted: AmountEntry,
    pub(crate) present: AmountEntry,
}

/// A manifest that was named.
#[derive(Debug, Serialize)]
pub(crate) struct CopiedEntry {
    pub(crate) digest: String,
    pub(crate) tag: Option<String>,
}

/// Blobs, and their length together.
#[derive(Debug, Serialize)]
pub(crate) struct AmountEntry {
    pub(crate) blobs: usize,
    pub(crate) bytes: u64,
}

impl Document for CopyDocument {
    const COMMAND: &'static str = "copy";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        ("source", "string", "repository that was copied from"),
        ("destination", "string", "repository that was copied to"),
        (
            "outcome",
            "string",
            "`copied`, `unchanged`, or `planned` with `--dry-run`",
        ),
        ("copied", "array", "the manifests that were named"),
        (
            "copied[].digest",
            "string",
            "digest, the same on both sides",
        ),
        (
            "copied[].tag",
            "string|null",
            "tag that it has in the destination",
        ),
        (
            "manifests",
            "number",
            "how many manifests were stored or tagged; planned: looked at",
        ),
        (
            "sent",
            "object",
            "blobs that were sent; planned: that the destination lacks",
        ),
        ("sent.blobs", "number", "how many"),
        ("sent.bytes", "number", "their length together"),
        (
            "mounted",
            "object",
            "blobs that were taken from another repository of the same place",
        ),
        ("mounted.blobs", "number", "how many"),
        ("mounted.bytes", "number", "their length together"),
        (
            "present",
            "object",
            "blobs that the destination had, as far as it was asked",
        ),
        ("present.blobs", "number", "how many"),
        ("present.bytes", "number", "their length together"),
    ];

    fn example() -> Self {
        let amount = |blobs, bytes| AmountEntry { blobs, bytes };
        Self {
            version: 1,
            source: "dir:./staging//acme/demo".to_owned(),
            destination: "dir:./registry//acme/demo".to_owned(),
            outcome: "copied",
            copied: vec![CopiedEntry {
                digest: DIGEST.to_owned(),
                tag: Some("1.2.3".to_owned()),
            }],
            manifests: 4,
            sent: amount(3, 1_742_902),
            mounted: amount(0, 0),
            present: amount(1, 2),
        }
    }
}

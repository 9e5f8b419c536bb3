use serde::Serialize;

use super::publish_provider::DIGEST;
use super::{Document, Field};

/// What was deleted.
#[derive(Debug, Serialize)]
pub(crate) struct DeleteDocument {
    pub(crate) version: u8,
    pub(crate) reference: String,
    pub(crate) digest: String,
    pub(crate) deletes: &'static str,
    pub(crate) outcome: &'static str,
    pub(crate) tags: Vec<String>,
    pub(crate) children: Vec<RemainingEntry>,
    pub(crate) referrers: Vec<RemainingEntry>,
}

/// A manifest that stays.
#[derive(Debug, Serialize)]
pub(crate) struct RemainingEntry {
    pub(crate) digest: String,
    pub(crate) artifact_type: Option<String>,
}

impl Document for DeleteDocument {
    const COMMAND: &'static str = "delete";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        ("reference", "string", "repository with tag or digest"),
        ("digest", "string", "digest of the manifest"),
        (
            "deletes",
            "string",
            "`tag`, whose manifest stays, or `manifest`",
        ),
        (
            "outcome",
            "string",
            "`deleted`, or `planned` with `--dry-run`",
        ),
        ("tags", "array", "the tags that go"),
        ("tags[]", "string", "tag"),
        (
            "children",
            "array",
            "manifests that it lists; they stay, at first without a tag",
        ),
        ("children[].digest", "string", "digest"),
        ("children[].artifact_type", "string|null", "type"),
        (
            "referrers",
            "array",
            "manifests that refer to it; they stay",
        ),
        ("referrers[].digest", "string", "digest"),
        ("referrers[].artifact_type", "string|null", "type"),
    ];

    fn example() -> Self {
        let remaining = |kind: &str| {
            vec![RemainingEntry {
                digest: DIGEST.to_owned(),
                artifact_type: Some(kind.to_owned()),
            }]
        };
        Self {
            version: 1,
            reference: format!("dir:./registry//acme/demo@{DIGEST}"),
            digest: DIGEST.to_owned(),
            deletes: "manifest",
            outcome: "deleted",
            tags: vec!["1.2.3".to_owned()],
            children: remaining("application/vnd.opentofu.provider-target"),
            referrers: remaining("application/vnd.tofu-oci.shasums.v1"),
        }
    }
}

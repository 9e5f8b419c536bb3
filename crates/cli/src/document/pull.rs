use serde::Serialize;

use super::publish_provider::DIGEST;
use super::{Document, Field, ProofEntry};

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
    pub(crate) level: Option<String>,
    pub(crate) proofs: Vec<ProofEntry>,
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
        (
            "files[].level",
            "string|null",
            "how much is known of who made a package: `trusted`, `origin`, `self-asserted` or `integrity`; null for other files",
        ),
        (
            "files[].proofs",
            "array",
            "the signatures that cover a package, the best first",
        ),
        ("files[].proofs[].kind", "string", "`pgp-sums`"),
        ("files[].proofs[].level", "string", "what it proves"),
        ("files[].proofs[].list", "string|null", "the checksums file"),
        (
            "files[].proofs[].fingerprint",
            "string|null",
            "fingerprint of the key",
        ),
        (
            "files[].proofs[].signer",
            "string|null",
            "fingerprint of the key or subkey that signed",
        ),
        (
            "files[].proofs[].name",
            "string|null",
            "name in the key, which anybody may write into theirs",
        ),
        (
            "files[].proofs[].key",
            "string|null",
            "`named`, `origin-registry`, or `repository` where it lay beside the package",
        ),
        (
            "files[].proofs[].signed_at",
            "string|null",
            "when, by its own account",
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
                level: Some("trusted".to_owned()),
                proofs: vec![ProofEntry::example()],
            }],
        }
    }
}

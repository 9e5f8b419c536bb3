use serde::Serialize;

use super::publish_provider::DIGEST;
use super::{Document, Field};

/// What is proven.
#[derive(Debug, Serialize)]
pub(crate) struct VerifyDocument {
    pub(crate) version: u8,
    pub(crate) kind: &'static str,
    pub(crate) reference: Option<String>,
    pub(crate) tag: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) verified: bool,
    pub(crate) freshness: &'static str,
    pub(crate) packages: Vec<VerifiedEntry>,
    pub(crate) stray: Vec<StrayEntry>,
    pub(crate) failures: Vec<VerifyFailureEntry>,
}

/// One package.
#[derive(Debug, Serialize)]
pub(crate) struct VerifiedEntry {
    pub(crate) source: Option<String>,
    pub(crate) module: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) platform: Option<String>,
    pub(crate) filename: Option<String>,
    pub(crate) digest: Option<String>,
    pub(crate) h1: Option<String>,
    pub(crate) directory: Option<String>,
    pub(crate) integrity: &'static str,
    pub(crate) lock_file: Option<&'static str>,
    pub(crate) level: String,
    pub(crate) proofs: Vec<ProofEntry>,
    pub(crate) warnings: Vec<String>,
    pub(crate) refusal: Option<String>,
}

/// One proof.
#[derive(Debug, Serialize)]
pub(crate) struct ProofEntry {
    pub(crate) kind: &'static str,
    pub(crate) level: String,
    pub(crate) list: Option<String>,
    pub(crate) fingerprint: Option<String>,
    pub(crate) signer: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) key: Option<&'static str>,
    pub(crate) signed_at: Option<String>,
}

/// Something that nobody asks for.
#[derive(Debug, Serialize)]
pub(crate) struct StrayEntry {
    pub(crate) path: String,
    pub(crate) reason: String,
}

/// Something that is not as it should be.
#[derive(Debug, Serialize)]
pub(crate) struct VerifyFailureEntry {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl ProofEntry {
    /// One as it may be printed.
    pub(super) fn example() -> Self {
        let fingerprint = "728246A10724386BCD45D3358F099C1B95579FCA";
        Self {
            kind: "pgp-sums",
            level: "trusted".to_owned(),
            list: Some("terraform-provider-demo_1.2.3_SHA256SUMS".to_owned()),
            fingerprint: Some(fingerprint.to_owned()),
            signer: Some(fingerprint.to_owned()),
            name: Some("Acme <release@example.com>".to_owned()),
            key: Some("named"),
            signed_at: Some("2026-01-03T00:26:40Z".to_owned()),
        }
    }
}

impl Document for VerifyDocument {
    const COMMAND: &'static str = "verify";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        ("kind", "string", "`release`, `lock-file` or `directory`"),
        (
            "reference",
            "string|null",
            "repository and digest of a release",
        ),
        ("tag", "string|null", "tag that was named, or chosen"),
        (
            "path",
            "string|null",
            "the lock file, or the directory of the root module",
        ),
        (
            "verified",
            "boolean",
            "whether everything is as it should be",
        ),
        (
            "freshness",
            "string",
            "`not-proven`: whoever may write a tag decides what it stands for",
        ),
        (
            "packages",
            "array",
            "packages, by source address, version and platform; then modules, by their calls",
        ),
        (
            "packages[].source",
            "string|null",
            "source address of a provider or source of a module, where a lock file names it",
        ),
        (
            "packages[].module",
            "string|null",
            "call of a module, as the clients name it; null for a provider, and in a repository",
        ),
        ("packages[].version", "string|null", "version"),
        (
            "packages[].platform",
            "string|null",
            "platform; null for a module",
        ),
        (
            "packages[].filename",
            "string|null",
            "name that it must have in checksums files; null where it is unpacked",
        ),
        (
            "packages[].digest",
            "string|null",
            "digest of its zip; null where it is unpacked",
        ),
        (
            "packages[].h1",
            "string|null",
            "hash of its unpacked files, where `--content` read them",
        ),
        (
            "packages[].directory",
            "string|null",
            "where it is unpacked; null in a repository",
        ),
        (
            "packages[].integrity",
            "string",
            "what was compared with its digest or hash: `manifests`, `content`, `files`, or `none`",
        ),
        (
            "packages[].lock_file",
            "string|null",
            "what it says, for a module the module lock file: `matches`, `differs`, or `unknown` where there is nothing to compare; null without one",
        ),
        (
            "packages[].level",
            "string",
            "how much is known of who made it: `trusted`, `origin`, `self-asserted` or `integrity`",
        ),
        (
            "packages[].proofs",
            "array",
            "what proves something about it, the best first",
        ),
        ("packages[].proofs[].kind", "string", "`pgp-sums` or `lock`"),
        ("packages[].proofs[].level", "string", "what it proves"),
        (
            "packages[].proofs[].list",
            "string|null",
            "the checksums file; null for the lock file, as everything below",
        ),
        (
            "packages[].proofs[].fingerprint",
            "string|null",
            "fingerprint of the key",
        ),
        (
            "packages[].proofs[].signer",
            "string|null",
            "fingerprint of the key or subkey that signed",
        ),
        (
            "packages[].proofs[].name",
            "string|null",
            "name in the key, which anybody may write into theirs",
        ),
        (
            "packages[].proofs[].key",
            "string|null",
            "`named`, `origin-registry`, or `repository` where it lay beside the package",
        ),
        (
            "packages[].proofs[].signed_at",
            "string|null",
            "when, by its own account",
        ),
        (
            "packages[].warnings",
            "array",
            "what does not count or is odd, as strings",
        ),
        ("packages[].warnings[]", "string", "one of them"),
        (
            "packages[].refusal",
            "string|null",
            "why the package is not let in",
        ),
        (
            "stray",
            "array",
            "what lies among installed packages and is not locked, by path",
        ),
        ("stray[].path", "string", "file or directory"),
        ("stray[].reason", "string", "why nobody asks for it"),
        (
            "failures",
            "array",
            "everything that is not as it should be; also told as errors",
        ),
        ("failures[].code", "string", "its code"),
        ("failures[].message", "string", "what it is"),
    ];

    fn example() -> Self {
        let filename = "terraform-provider-demo_1.2.3_linux_amd64.zip";
        Self {
            version: 1,
            kind: "release",
            reference: Some(format!("oci.example.com/acme/demo@{DIGEST}")),
            tag: Some("1.2.3".to_owned()),
            path: None,
            verified: true,
            freshness: "not-proven",
            packages: vec![VerifiedEntry {
                source: None,
                module: None,
                version: Some("1.2.3".to_owned()),
                platform: Some("linux_amd64".to_owned()),
                filename: Some(filename.to_owned()),
                digest: Some(DIGEST.to_owned()),
                h1: None,
                directory: None,
                integrity: "manifests",
                lock_file: None,
                level: "trusted".to_owned(),
                proofs: vec![ProofEntry::example()],
                warnings: vec![
                    "the signature \"old.sig\" does not count: none of the keys at hand made it"
                        .to_owned(),
                ],
                refusal: None,
            }],
            stray: vec![StrayEntry {
                path: "./.terraform/providers/registry.opentofu.org/acme/demo/1.2.2/linux_amd64"
                    .to_owned(),
                reason: "1.2.3 is locked".to_owned(),
            }],
            failures: vec![VerifyFailureEntry {
                code: "proof-missing",
                message: format!("no trusted key has signed the package {filename:?}"),
            }],
        }
    }
}

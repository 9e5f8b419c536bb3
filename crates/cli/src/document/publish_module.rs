use serde::Serialize;

use super::publish_provider::{DIGEST, H1};
use super::{Document, Field};

/// What publishing a module came to.
#[derive(Debug, Serialize)]
pub(crate) struct ModuleDocument {
    pub(crate) version: u8,
    pub(crate) module: PublishedModuleEntry,
}

/// A module package.
#[derive(Debug, Serialize)]
pub(crate) struct PublishedModuleEntry {
    pub(crate) reference: String,
    pub(crate) pinned: String,
    pub(crate) source: Option<String>,
    pub(crate) version: String,
    pub(crate) tag: String,
    pub(crate) digest: String,
    pub(crate) outcome: &'static str,
    pub(crate) replaced: Option<String>,
    pub(crate) filename: String,
    pub(crate) size: u64,
    pub(crate) h1: String,
    pub(crate) files: usize,
    pub(crate) latest: &'static str,
    pub(crate) bytes: u64,
}

impl Document for ModuleDocument {
    const COMMAND: &'static str = "publish module";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        ("module", "object", "the module package"),
        ("module.reference", "string", "repository and tag"),
        ("module.pinned", "string", "repository and digest"),
        (
            "module.source",
            "string|null",
            "`source` of a call that means exactly this package; the host is `HOST` for a directory; null where the repository has no name",
        ),
        ("module.version", "string", "version"),
        ("module.tag", "string", "tag of the version: `+` is `_`"),
        ("module.digest", "string", "digest of the manifest"),
        (
            "module.outcome",
            "string",
            "`published`, `completed`, `unchanged`, or `planned` by `--dry-run`",
        ),
        (
            "module.replaced",
            "string|null",
            "digest that the tag stood for before `--force` moved it",
        ),
        ("module.filename", "string", "name of the zip"),
        ("module.size", "number", "length of the zip, in bytes"),
        ("module.h1", "string", "hash of the module's files"),
        ("module.files", "number", "how many files the zip has"),
        (
            "module.latest",
            "string",
            "the tag `latest`: `moved`, `unchanged`, `not-newest`, `left` by `--no-latest`, or `failed`",
        ),
        (
            "module.bytes",
            "number",
            "bytes of files that were sent; with `--dry-run`, that at most would be",
        ),
    ];

    fn example() -> Self {
        Self {
            version: 1,
            module: PublishedModuleEntry {
                reference: "dir:./registry//modules/label:1.2.0".to_owned(),
                pinned: format!("dir:./registry//modules/label@{DIGEST}"),
                source: Some(format!("oci://HOST/modules/label?digest={DIGEST}")),
                version: "1.2.0".to_owned(),
                tag: "1.2.0".to_owned(),
                digest: DIGEST.to_owned(),
                outcome: "published",
                replaced: None,
                filename: "label-1.2.0.zip".to_owned(),
                size: 1204,
                h1: H1.to_owned(),
                files: 2,
                latest: "moved",
                bytes: 1204,
            },
        }
    }
}

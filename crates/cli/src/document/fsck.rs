use serde::Serialize;

use super::publish_provider::DIGEST;
use super::{Document, Field};

/// What a check found.
#[derive(Debug, Serialize)]
pub(crate) struct FsckDocument {
    pub(crate) version: u8,
    pub(crate) path: String,
    pub(crate) repositories: usize,
    pub(crate) damaged: bool,
    pub(crate) findings: Vec<FindingEntry>,
}

/// Something that was found.
#[derive(Debug, Serialize)]
pub(crate) struct FindingEntry {
    pub(crate) repository: Option<String>,
    pub(crate) file: String,
    pub(crate) severity: &'static str,
    pub(crate) problem: String,
}

impl Document for FsckDocument {
    const COMMAND: &'static str = "fsck";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        ("path", "string", "the directory"),
        (
            "repositories",
            "number",
            "how many repositories were checked",
        ),
        ("damaged", "boolean", "whether content is lost or damaged"),
        (
            "findings",
            "array",
            "what was found, by repository and file",
        ),
        (
            "findings[].repository",
            "string|null",
            "name of the repository; null where the directory is the layout",
        ),
        (
            "findings[].file",
            "string",
            "file, relative to the directory",
        ),
        (
            "findings[].severity",
            "string",
            "`error`, or `information` where nothing is lost",
        ),
        ("findings[].problem", "string", "what was found"),
    ];

    fn example() -> Self {
        let file = DIGEST.replace(':', "/");
        Self {
            version: 1,
            path: "./registry".to_owned(),
            repositories: 2,
            damaged: true,
            findings: vec![FindingEntry {
                repository: Some("acme/demo".to_owned()),
                file: format!("acme/demo/blobs/{file}"),
                severity: "error",
                problem: "it has 12 bytes, not 2".to_owned(),
            }],
        }
    }
}

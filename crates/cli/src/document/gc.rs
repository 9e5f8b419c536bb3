use serde::Serialize;

use super::{Document, Field};

/// What a sweep removed.
#[derive(Debug, Serialize)]
pub(crate) struct GcDocument {
    pub(crate) version: u8,
    pub(crate) path: String,
    pub(crate) outcome: &'static str,
    pub(crate) repositories: Vec<GcRepositoryEntry>,
    pub(crate) uploads: SweptEntry,
    pub(crate) total: SweptEntry,
}

/// What was removed from one repository.
#[derive(Debug, Serialize)]
pub(crate) struct GcRepositoryEntry {
    pub(crate) repository: Option<String>,
    pub(crate) content: SweptEntry,
    pub(crate) leftovers: SweptEntry,
    pub(crate) young: SweptEntry,
    pub(crate) untagged: u64,
    pub(crate) problem: Option<String>,
}

/// Files, and their length together.
#[derive(Debug, Serialize)]
pub(crate) struct SweptEntry {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

impl Document for GcDocument {
    const COMMAND: &'static str = "gc";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        ("path", "string", "the directory"),
        (
            "outcome",
            "string",
            "`swept`, `planned` with `--dry-run`, or `clean` where there is nothing to remove",
        ),
        ("repositories", "array", "all repositories, by name"),
        (
            "repositories[].repository",
            "string|null",
            "name of the repository; null where the directory is the layout",
        ),
        (
            "repositories[].content",
            "object",
            "blobs and manifests that nothing reaches; removed, or with `--dry-run` to be removed",
        ),
        ("repositories[].content.files", "number", "how many"),
        (
            "repositories[].content.bytes",
            "number",
            "their length together",
        ),
        (
            "repositories[].leftovers",
            "object",
            "what stopped programs left",
        ),
        ("repositories[].leftovers.files", "number", "how many"),
        (
            "repositories[].leftovers.bytes",
            "number",
            "their length together",
        ),
        (
            "repositories[].young",
            "object",
            "what nothing reaches and is younger than the grace; it stays",
        ),
        ("repositories[].young.files", "number", "how many"),
        (
            "repositories[].young.bytes",
            "number",
            "their length together",
        ),
        (
            "repositories[].untagged",
            "number",
            "manifests without a tag that leave the repository",
        ),
        (
            "repositories[].problem",
            "string|null",
            "damage because of which all content stays",
        ),
        ("uploads", "object", "uploads that nobody goes on with"),
        ("uploads.files", "number", "how many"),
        ("uploads.bytes", "number", "their length together"),
        ("total", "object", "everything that is removed"),
        ("total.files", "number", "how many"),
        ("total.bytes", "number", "their length together"),
    ];

    fn example() -> Self {
        let swept = |files, bytes| SweptEntry { files, bytes };
        Self {
            version: 1,
            path: "./registry".to_owned(),
            outcome: "swept",
            repositories: vec![GcRepositoryEntry {
                repository: Some("acme/demo".to_owned()),
                content: swept(3, 1_742_902),
                leftovers: swept(1, 822),
                young: swept(0, 0),
                untagged: 1,
                problem: None,
            }],
            uploads: swept(1, 4096),
            total: swept(5, 1_747_820),
        }
    }
}

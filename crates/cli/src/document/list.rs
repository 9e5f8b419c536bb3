use serde::Serialize;

use super::publish_provider::DIGEST;
use super::{Document, Field};

/// What a repository has.
#[derive(Debug, Serialize)]
pub(crate) struct ListDocument {
    pub(crate) version: u8,
    pub(crate) repository: String,
    pub(crate) versions: Vec<VersionEntry>,
    pub(crate) tags: Vec<TagEntry>,
}

/// One version.
#[derive(Debug, Serialize)]
pub(crate) struct VersionEntry {
    pub(crate) version: String,
    pub(crate) tag: String,
    pub(crate) digest: String,
    pub(crate) kind: &'static str,
    pub(crate) platforms: Vec<String>,
    pub(crate) size: Option<u64>,
    pub(crate) created: Option<String>,
    pub(crate) problem: Option<String>,
}

/// A tag that is not the one of a version.
#[derive(Debug, Serialize)]
pub(crate) struct TagEntry {
    pub(crate) tag: String,
    pub(crate) digest: Option<String>,
    pub(crate) note: &'static str,
    pub(crate) version: Option<String>,
}

/// What a directory has.
#[derive(Debug, Serialize)]
pub(crate) struct RepositoriesDocument {
    pub(crate) version: u8,
    pub(crate) directory: String,
    pub(crate) repositories: Vec<RepositoryEntry>,
}

/// One repository.
#[derive(Debug, Serialize)]
pub(crate) struct RepositoryEntry {
    pub(crate) name: String,
    pub(crate) reference: String,
    pub(crate) versions: Vec<String>,
    pub(crate) other_tags: usize,
    pub(crate) problem: Option<String>,
}

impl Document for ListDocument {
    const COMMAND: &'static str = "list REF";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        ("repository", "string", "the repository"),
        ("versions", "array", "versions, ascending"),
        ("versions[].version", "string", "version"),
        ("versions[].tag", "string", "its tag"),
        (
            "versions[].digest",
            "string",
            "digest that the tag stands for",
        ),
        (
            "versions[].kind",
            "string",
            "`provider`, `module`, `other`, `broken` where clients would refuse it, or `unreadable`",
        ),
        (
            "versions[].platforms",
            "array",
            "platforms of a provider, sorted",
        ),
        ("versions[].platforms[]", "string", "platform: `OS_ARCH`"),
        (
            "versions[].size",
            "number|null",
            "bytes of its packages together, where that is known",
        ),
        (
            "versions[].created",
            "string|null",
            "when it was made, where it says so",
        ),
        ("versions[].problem", "string|null", "what is wrong with it"),
        (
            "tags",
            "array",
            "tags that are not those of versions, sorted",
        ),
        ("tags[].tag", "string", "tag"),
        (
            "tags[].digest",
            "string|null",
            "digest that it stands for; null where that cannot be read",
        ),
        (
            "tags[].note",
            "string",
            "`plain`; `misleading` where clients take it for `version` and then do not find it; `invisible` where a `v` hides `version` from them",
        ),
        (
            "tags[].version",
            "string|null",
            "the version that the tag seems to mean",
        ),
    ];

    fn example() -> Self {
        Self {
            version: 1,
            repository: "dir:./registry//acme/demo".to_owned(),
            versions: vec![VersionEntry {
                version: "1.2.3".to_owned(),
                tag: "1.2.3".to_owned(),
                digest: DIGEST.to_owned(),
                kind: "provider",
                platforms: vec!["darwin_arm64".to_owned(), "linux_amd64".to_owned()],
                size: Some(3_484_160),
                created: Some("2026-01-02T03:04:05Z".to_owned()),
                problem: None,
            }],
            tags: vec![TagEntry {
                tag: "v1.2.3".to_owned(),
                digest: Some(DIGEST.to_owned()),
                note: "invisible",
                version: Some("1.2.3".to_owned()),
            }],
        }
    }
}

impl Document for RepositoriesDocument {
    const COMMAND: &'static str = "list dir:PATH";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        ("directory", "string", "the directory"),
        ("repositories", "array", "repositories, by name"),
        ("repositories[].name", "string", "name"),
        ("repositories[].reference", "string", "address"),
        ("repositories[].versions", "array", "versions, ascending"),
        ("repositories[].versions[]", "string", "version"),
        (
            "repositories[].other_tags",
            "number",
            "how many other tags there are",
        ),
        (
            "repositories[].problem",
            "string|null",
            "why it cannot be read",
        ),
    ];

    fn example() -> Self {
        Self {
            version: 1,
            directory: "./registry".to_owned(),
            repositories: vec![RepositoryEntry {
                name: "acme/demo".to_owned(),
                reference: "dir:./registry//acme/demo".to_owned(),
                versions: vec!["1.2.3".to_owned()],
                other_tags: 0,
                problem: None,
            }],
        }
    }
}

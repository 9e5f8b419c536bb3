use serde::Serialize;

use super::{Document, Field};

/// What a logout removed.
#[derive(Debug, Serialize)]
pub(crate) struct LogoutDocument {
    pub(crate) version: u8,
    pub(crate) registry: String,
    pub(crate) erased: Vec<ErasedEntry>,
    pub(crate) kept: Vec<KeptEntry>,
}

/// A place from which a credential was removed.
#[derive(Debug, Serialize)]
pub(crate) struct ErasedEntry {
    pub(crate) file: Option<String>,
    pub(crate) helper: Option<String>,
}

/// A credential for a part of the registry.
#[derive(Debug, Serialize)]
pub(crate) struct KeptEntry {
    pub(crate) key: String,
    pub(crate) file: String,
}

impl Document for LogoutDocument {
    const COMMAND: &'static str = "logout";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        ("registry", "string", "host of the registry"),
        (
            "erased",
            "array",
            "where credentials were removed; empty where there were none",
        ),
        ("erased[].file", "string|null", "a file"),
        ("erased[].helper", "string|null", "or a credential helper"),
        (
            "kept",
            "array",
            "credentials for a part of the registry, which stay",
        ),
        ("kept[].key", "string", "registry and part"),
        ("kept[].file", "string", "file"),
    ];

    fn example() -> Self {
        Self {
            version: 1,
            registry: "oci.example.com".to_owned(),
            erased: vec![ErasedEntry {
                file: Some("/home/ci/.docker/config.json".to_owned()),
                helper: None,
            }],
            kept: vec![KeptEntry {
                key: "oci.example.com/team".to_owned(),
                file: "/home/ci/.config/containers/auth.json".to_owned(),
            }],
        }
    }
}

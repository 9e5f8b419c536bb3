use serde::Serialize;

use super::{Document, Field};

/// A login.
#[derive(Debug, Serialize)]
pub(crate) struct LoginDocument {
    pub(crate) version: u8,
    pub(crate) registry: String,
    pub(crate) username: Option<String>,
    pub(crate) file: String,
    pub(crate) helper: Option<String>,
    pub(crate) verified: bool,
}

impl Document for LoginDocument {
    const COMMAND: &'static str = "login";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        ("registry", "string", "host of the registry"),
        (
            "username",
            "string|null",
            "user; null for an identity token",
        ),
        (
            "file",
            "string",
            "file that has the credential, or names the helper",
        ),
        (
            "helper",
            "string|null",
            "credential helper that keeps it, where the file does not",
        ),
        (
            "verified",
            "boolean",
            "whether the registry took it; false where it did not ask for one",
        ),
    ];

    fn example() -> Self {
        Self {
            version: 1,
            registry: "oci.example.com".to_owned(),
            username: Some("ci".to_owned()),
            file: "/home/ci/.docker/config.json".to_owned(),
            helper: None,
            verified: true,
        }
    }
}

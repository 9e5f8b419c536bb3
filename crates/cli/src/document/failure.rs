use serde::Serialize;

use super::{Document, Field};
use crate::diagnostic::Excerpted;

/// A failure, on one line of standard error.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorDocument {
    pub(crate) version: u8,
    pub(crate) error: ErrorFields,
}

/// A failure.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorFields {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<Excerpted>,
    pub(crate) causes: Vec<String>,
    pub(crate) hint: Option<String>,
    pub(crate) exit: u8,
}

/// A warning, on one line of standard error.
#[derive(Debug, Serialize)]
pub(crate) struct WarningDocument {
    pub(crate) version: u8,
    pub(crate) warning: WarningFields,
}

/// A warning.
#[derive(Debug, Serialize)]
pub(crate) struct WarningFields {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) hint: Option<&'static str>,
}

impl Document for ErrorDocument {
    const COMMAND: &'static str = "errors";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        (
            "error",
            "object",
            "a failure; independent failures are printed one a line",
        ),
        (
            "error.code",
            "string",
            "kind of failure: [error codes](error-codes.md)",
        ),
        ("error.message", "string", "what failed"),
        (
            "error.at",
            "object?",
            "place in a configuration or lock file",
        ),
        ("error.at.file", "string", "file"),
        ("error.at.line", "number", "line, from 1"),
        ("error.at.column", "number", "column in characters, from 1"),
        ("error.at.text", "string", "the line"),
        (
            "error.causes",
            "array",
            "why, from the nearest cause to the first",
        ),
        ("error.causes[]", "string", "a cause"),
        ("error.hint", "string|null", "what to do next"),
        (
            "error.exit",
            "number",
            "exit status that this failure alone would give",
        ),
    ];

    fn example() -> Self {
        Self {
            version: 1,
            error: ErrorFields {
                code: "configuration",
                message: "Invalid version constraint: the operator is unknown".to_owned(),
                at: Some(Excerpted::example()),
                causes: vec!["version constraint \"=> 1.0\" is invalid".to_owned()],
                hint: None,
                exit: 1,
            },
        }
    }
}

impl Document for WarningDocument {
    const COMMAND: &'static str = "warnings";
    const FIELDS: &'static [Field] = &[
        ("version", "number", "1"),
        (
            "warning",
            "object",
            "something that deserves attention and stops nothing",
        ),
        ("warning.code", "string", "kind of warning"),
        ("warning.message", "string", "what was found"),
        ("warning.hint", "string|null", "what to do about it"),
    ];

    fn example() -> Self {
        Self {
            version: 1,
            warning: WarningFields {
                code: "incomplete-lock",
                message: "the lock file has hashes for the installed platforms only: acme/demo"
                    .to_owned(),
                hint: Some(
                    "for people on other platforms, remove the entry and install with `--platform` for every platform",
                ),
            },
        }
    }
}

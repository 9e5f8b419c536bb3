//! What deserves attention without stopping anything.

use tofu_oci::Warning;

use crate::document::{WarningDocument, WarningFields};
use crate::printer::json;

/// What can be done about a warning.
pub(crate) fn warning_hint(warning: &Warning) -> Option<&'static str> {
    match warning {
        Warning::MisleadingTag { .. }
        | Warning::UnreachableTag { .. }
        | Warning::InvisibleTag { .. } => {
            Some("tag versions in their canonical form, without `v`; `tofu-oci publish` does")
        }
        Warning::LockFile(_) | Warning::LockPredecessor { .. } | Warning::ZipHashAdded { .. } => {
            None
        }
        Warning::IncompleteLock { .. } => Some(
            "for people on other platforms, remove the entry and install with `--platform` for every platform",
        ),
        Warning::Package { .. } => None,
        Warning::LatestTag { .. } => Some("run the command again"),
    }
}

/// A warning as one line of JSON.
pub(crate) fn warning_json(warning: &Warning) -> String {
    let document = WarningDocument {
        version: 1,
        warning: WarningFields {
            code: warning.code(),
            message: warning.to_string(),
            hint: warning_hint(warning),
        },
    };
    // Strings and numbers only: this cannot fail.
    json::line(&document).unwrap_or_default()
}

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
        Warning::Package { .. } | Warning::Signature { .. } => None,
        Warning::UncheckedSignature { .. } => Some(
            "publish the signer's public key with `--key FILE`, or put it beside the release as KEYID.asc",
        ),
        Warning::DevOverrides { .. } => {
            Some("remove the dev_overrides block once the providers are no longer worked on")
        }
        Warning::EvidenceEmbedded { .. } | Warning::Sbom { .. } => None,
        Warning::CacheUnusable { .. } | Warning::StampsUnusable { .. } => Some(
            "free space, correct the permissions, or name another directory with `--cache-dir`",
        ),
        Warning::CacheShared { .. } => Some(
            "make the directory writable by its owner alone, or name another with `--cache-dir`",
        ),
        Warning::Quarantined { .. } => Some("`tofu-oci cache verify` checks the other packages"),
        Warning::ModuleChanged { .. } => {
            Some("keep a module that you work on outside of .terraform, and call it by its path")
        }
        Warning::ModuleTagMoved { .. } => Some("take the new one with `--upgrade`"),
        Warning::ModuleUnlocked { .. } => {
            Some("publish it with `tofu-oci publish module`, and call it by its oci:// source")
        }
        Warning::PluginCacheBusy { .. } => {
            Some("the lock ends with the process that has it; `fuser` shows which one that is")
        }
        Warning::LatestTag { .. } => Some("run the command again"),
    }
}

/// A warning as one line of JSON.
pub(crate) fn warning_json(warning: &Warning) -> String {
    line(warning.code(), warning.to_string(), warning_hint(warning))
}

/// A warning that no operation gave, as one line of JSON.
pub(crate) fn warning_line(code: &'static str, message: &str) -> String {
    line(code, message.to_owned(), None)
}

fn line(code: &'static str, message: String, hint: Option<&'static str>) -> String {
    let document = WarningDocument {
        version: 1,
        warning: WarningFields {
            code,
            message,
            hint,
        },
    };
    // Strings and numbers only: this cannot fail.
    json::line(&document).unwrap_or_default()
}

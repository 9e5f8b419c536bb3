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
        Warning::Proof { .. } => Some("`tofu-oci verify` says what is proven, and by whom"),
        Warning::UncheckedSignature { .. } => Some(
            "publish the signer's public key with `--key FILE`, or put it beside the release as KEYID.asc",
        ),
        Warning::DevOverrides { .. } => {
            Some("remove the dev_overrides block once the providers are no longer worked on")
        }
        Warning::EvidenceEmbedded { .. } | Warning::Sbom { .. } => None,
        Warning::EvidencePassedOver { .. } => Some(
            "`tofu-oci show REF` shows what is listed; whoever attached it should delete it with `tofu-oci delete`",
        ),
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
        Warning::CacheUnusable { .. } => Some(
            "make space or correct its permissions, or name another directory with `--cache-dir`",
        ),
        Warning::CacheShared { .. } => Some(
            "take the permission to write from others, with `chmod -R go-w`, or use a cache of your own with `--cache-dir`",
        ),
        Warning::StampsUnusable { .. } => Some(
            "make it a directory of your own, with `chmod 700`, outside of the cache; XDG_STATE_HOME says where it is",
        ),
        Warning::Quarantined { .. } => Some(
            "find out what changed it; `tofu-oci cache prune --all` empties the cache and the quarantine",
        ),
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

use std::path::PathBuf;

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  tofu-oci fsck ./registry
  tofu-oci fsck --json ./registry | jq '.findings[]'";

/// Check a directory of OCI image layouts
///
/// Reads everything again: each tag, each manifest that is reached from one, each blob. Nothing is
/// changed. The exit status is 3 when something is damaged.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct FsckArgs {
    /// The directory: of layouts, or itself one layout
    pub(crate) path: PathBuf,
}

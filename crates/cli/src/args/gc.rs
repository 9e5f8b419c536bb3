use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::age::age;

const EXAMPLES: &str = "\
Examples:
  tofu-oci gc ./registry --dry-run
  tofu-oci gc ./registry --untagged 30d
  tofu-oci gc ./registry --grace 0s --json | jq '.total.bytes'";

/// Remove what nothing reaches any more from a directory of OCI image layouts
///
/// Blobs and manifests that no tag, no referrer and no manifest leads to, and what stopped programs
/// left. Servers and publishers may go on meanwhile: what is younger than the grace stays. A
/// repository that is damaged keeps all its content.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct GcArgs {
    /// The directory: of layouts, or itself one layout
    pub(crate) path: PathBuf,
    /// How long a file must not have changed, such as 24h; 0s only where nobody is writing
    #[arg(long, value_name = "AGE", default_value = "24h", value_parser = age)]
    pub(crate) grace: Duration,
    /// Remove manifests without a tag that are older, too, and referrers whose subject is gone
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub(crate) untagged: Option<Duration>,
    /// Print what would be removed, and remove nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
